"""Settings: typed, complete at start, never silently misread."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from monitor.config import Settings, listing, load
from monitor.errors import ConfigError


def test_without_any_setting_everything_has_a_sane_default() -> None:
    settings = load({"PATH": "/bin"})
    assert settings.database.startswith("sqlite:///")
    assert settings.web_address == "127.0.0.1:8787"
    assert settings == Settings()


def test_texts_become_values() -> None:
    settings = load(
        {
            "MONITOR_POLL_INTERVAL": "0.1s",
            "MONITOR_MAIL_TO": "a@firm.example, b@firm.example",
            "MONITOR_LANG": "zh_CN.UTF-8",
            "MONITOR_DATABASE_URL": "postgres://u:secret@db/monitor",
            "MONITOR_FETCH_ALLOW": "127.0.0.0/8:8300",
            "MONITOR_MAIL_FROM": "",
        }
    )
    assert settings.poll_interval == timedelta(seconds=0.1)
    assert settings.mail_to == ("a@firm.example", "b@firm.example")
    assert settings.lang == "zh"
    assert settings.database == "postgresql+psycopg://u:secret@db/monitor"
    assert settings.mail_from == "monitor@localhost"


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("MONITOR_LANG=zh\nMONITOR_FEEDS=a.yaml\nMONITOR_CONTACT=me@firm.example\nOTHER=1\n")
    settings = load({"MONITOR_LANG": "en", "MONITOR_FEEDS": "b.yaml"}, env_file=env_file, feeds="c.yaml")
    assert (settings.lang, settings.feeds, settings.contact) == ("en", Path("c.yaml"), "me@firm.example")


def test_a_misspelt_name_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="did you mean MONITOR_MAIL_TO"):
        load({"MONITOR_MAILTO": "a@firm.example"})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("POLL_INTERVAL", "often", "POLL_INTERVAL"),
        ("POLL_INTERVAL", "0s", "longer than nothing"),
        ("MAIL_TO", "nobody", "not a mail address"),
        ("LANG", "fr", "en or zh"),
        ("WEB_ADDRESS", "8787", "host:port"),
        ("DATABASE_URL", "mysql://x", "sqlite:////path"),
        ("FETCH_ALLOW", "everything", "FETCH_ALLOW"),
        ("LOG_FORMAT", "xml", "text or json"),
        ("MAIL_PER_HOUR", "many", "MAIL_PER_HOUR"),
        ("WEB_PASSWORD_FILE", "/no/such/file", "cannot be read"),
        ("LANG_FILE", "/etc/hostname", "is not a setting"),
    ],
)
def test_a_wrong_value_names_its_setting(name: str, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as told:
        load({f"MONITOR_{name}": text})
    assert said in str(told.value)
    assert f"MONITOR_{name}" in str(told.value)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as told:
        load({"MONITOR_LANG": "fr", "MONITOR_NONSENSE": "1"})
    assert "MONITOR_LANG" in str(told.value) and "MONITOR_NONSENSE" in str(told.value)


def test_secrets_come_from_files_and_are_never_shown(tmp_path: Path) -> None:
    (tmp_path / "smtp").write_text("smtp://u:hunter2@mail.example\n")
    environment = {
        "MONITOR_SMTP_URL_FILE": str(tmp_path / "smtp"),
        "MONITOR_DATABASE_URL": "postgresql://u:hunter2@db/monitor",
        "MONITOR_WEB_PASSWORD": "hunter2",
    }
    settings = load(environment)
    assert str(settings.smtp_url) == "smtp://u:hunter2@mail.example"
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(listing(settings))
    assert any(row["name"] == "MONITOR_DATABASE_URL" and "u:***@db" in row["value"] for row in listing(settings))
