"""Wrong input: one clear line, the exit code of the contract, no traceback, nothing half started."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import HARMLESS, STRIKE, Monitor, Site


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "feeds.yaml"),
        ("", "feeds"),
        ("feeds: [", "line"),
        ("feeds:\n- name: a\n  url: ftp://x/y\n", "line 3"),
        ("feeds:\n- name: a\n  url: http://x.example/\n- name: a\n  url: http://y.example/\n", "already used"),
        ("feeds:\n- name: a\n  url: http://x.example/\n  colour: red\n", "colour"),
    ],
)
def test_a_wrong_feed_list_names_the_place(monitor: Monitor, content: str | None, told: str) -> None:
    if content is not None:
        (monitor.folder / "feeds.yaml").write_text(content)
    done = monitor("poll", "--all", code=2)
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 8
    assert not (monitor.folder / "data" / "outbox").exists()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("MONITOR_POLL_INTERVALL", "1m", "MONITOR_POLL_INTERVAL"),
        ("MONITOR_POLL_INTERVAL", "soon", "MONITOR_POLL_INTERVAL"),
        ("MONITOR_LANG", "fr", "en or zh"),
        ("MONITOR_MAIL_TO", "nobody", "mail address"),
        ("MONITOR_DATABASE_URL", "mysql://x/y", "sqlite"),
        ("MONITOR_SMTP_URL", "http://x", "smtp"),
        ("MONITOR_PROFILES", "/nowhere/profiles.yaml", "MONITOR_PROFILES"),
        ("MONITOR_FETCH_ALLOW", "localhost", "MONITOR_FETCH_ALLOW"),
    ],
)
def test_a_wrong_setting_is_told_with_what_to_do(
    monitor: Monitor, site: Site, name: str, value: str, told: str
) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE]))
    assert told in monitor("poll", "--all", code=2, **{name: value}).stderr
    assert site.asked == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("digest", "--profile", "nope"), "no profile is called 'nope'"),
        (("alerts", "--profile", "nope"), "no profile is called 'nope'"),
        (("alerts", "--level", "purple"), "purple"),
        (("items", "--tag", "weather"), "weather"),
        (("items", "--since", "soon"), "soon"),
        (("why", "https://nowhere.example/"), "nothing stored"),
        (("review", "12", "--verdict", "confirm"), "no item"),
        (("alert", "a1", "ack"), "no alert"),
        (("poll", "--as-of", "yesterday"), "not a date"),
        (("poll", "--al"), "--al"),
        (("feeds", "add"), "name the address"),
        (("model", "promote", "ff"), "classifiers begin"),
        (("classify", "/nowhere.jsonl"), "cannot be read"),
        (("evaluate", "/nowhere.jsonl"), "cannot be read"),
    ],
)
def test_a_wrong_argument_is_usage(monitor: Monitor, site: Site, arguments: tuple[str, ...], told: str) -> None:
    monitor.feeds(site.rss("/a.xml", [HARMLESS]))
    assert told in monitor(*arguments, code=2).stderr


def test_an_unknown_command_is_usage(monitor: Monitor) -> None:
    assert "did you mean poll?" in monitor("pol", code=2).stderr


def test_a_database_that_is_none_is_told(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE]))
    (monitor.folder / "data").mkdir()
    (monitor.folder / "data" / "monitor.db").write_bytes(b"this is not a database" * 100)
    done = monitor("poll", "--all", code=1)
    assert "monitor.db" in done.stderr
    assert site.asked == []


def test_a_folder_that_cannot_be_written_is_told(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE]))
    (monitor.folder / "data").write_text("a file where the folder should be")
    assert "data" in monitor("poll", "--all", code=1).stderr
    assert site.asked == []


def test_classify_answers_every_line_in_order(monitor: Monitor) -> None:
    lines = [
        '{"id": 1, "title": "' + STRIKE + '"}',
        "not json",
        '{"id": "b", "title": 7}',
        "[1, 2]",
        '{"id": 3, "title": ""}',
        '{"id": 4, "title": "码头工人无限期罢工，集装箱作业全部停摆", "summary": null}',
        '{"id": 5, "title": "' + "制裁" * 20_000 + '"}',
        r'{"id": 6, "title": "half a pair \ud800"}',
    ]
    done = monitor("classify", text="\n".join(lines) + "\n", code=1)
    import json

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == [1, None, None, None, 3, 4, 5, 6]
    assert "supply_chain" in answers[0]["labels"]
    assert "supply_chain" in answers[5]["labels"]
    assert answers[5]["language"] == "zh"
    assert answers[4]["labels"] == []
    assert [name in answers[0] for name in ("probabilities", "unsure", "topics", "severity", "countries", "evidence")]
    assert done.stderr.count("line ") == 3


def test_settings_are_listed_and_secrets_masked(monitor: Monitor) -> None:
    shown = monitor("config", MONITOR_SMTP_URL="smtp://user:hidden@mail.example:587").stdout
    assert "hidden" not in shown
    assert "MONITOR_POLL_INTERVAL" in shown


HAN = re.compile(r"[\u4e00-\u9fff]")
EXPLAINED = re.compile(r" +\S.*? {2,}(\S.*)")  # a line of help: what is explained, and how


def test_help_speaks_chinese(monitor: Monitor) -> None:
    said = monitor("--help", MONITOR_LANG="zh").stdout
    explained = dict(re.findall(r"^ {4}(\w+) {2,}(\S.*)$", said, re.MULTILINE))
    assert {"run", "poll", "why", "db"} <= set(explained)
    assert said.startswith("用法：")
    for verb in explained:
        said += monitor(verb, "--help", MONITOR_LANG="zh").stdout
    lines = [found[1] for found in map(EXPLAINED.fullmatch, said.splitlines()) if found]
    assert len(lines) > 5 * len(explained)
    assert [line for line in lines if not HAN.search(line)] == []
    assert "Early warning" not in said
    assert "optional" not in said


@pytest.mark.parametrize(
    ("env_file", "variables", "language"),
    [
        ("MONITOR_LANG=zh\n", {}, "zh"),
        ("# MONITOR_LANG=en\nMONITOR_MAIL_TO=a@b.example\n  export MONITOR_LANG = 'zh_CN.UTF-8' # mine\n", {}, "zh"),
        ("MONITOR_LANG=en\nMONITOR_LANG=zh\n", {}, "zh"),
        ("MONITOR_LANG=zh\n", {"MONITOR_LANG": "en"}, "en"),
        ("MONITOR_LANG=zh\n", {"MONITOR_LANG": ""}, "en"),
        ("MONITOR_LANG=\n", {}, "en"),
        ("MONITOR_LANG=fr\n", {}, "en"),
        ("", {"MONITOR_LANG": "fr"}, "en"),
        ("", {"MONITOR_LANG": "../../zh"}, "en"),
    ],
)
def test_help_speaks_the_language_of_the_settings(
    monitor: Monitor, env_file: str, variables: dict[str, str], language: str
) -> None:
    (monitor.folder / ".env").write_text(env_file)
    assert monitor("--help", **variables).stdout.startswith("用法：" if language == "zh" else "usage: ")


def test_an_env_file_that_is_no_text_does_not_hurt_help(monitor: Monitor) -> None:
    (monitor.folder / ".env").write_bytes(b"\xff\x00MONITOR_LANG=zh\n")
    assert "usage" in monitor("--help").stdout
    (monitor.folder / ".env").unlink()
    (monitor.folder / ".env").mkdir()
    assert "usage" in monitor("--help").stdout


@pytest.mark.parametrize(
    ("arguments", "env", "told"),
    [
        (("pol",), {}, "没有 'pol' 这个命令"),
        ((), {}, "请给出命令"),
        (("model", "polish"), {}, "无效的取值：'polish'"),
        (("why",), {}, "缺少以下参数：URL-OR-ID"),
        (("poll", "--as-of", "yesterday"), {}, "'yesterday' 不是日期"),
        (("digest", "--profile", "nope"), {}, "没有名为 'nope' 的画像"),
        (("alerts", "--level", "purple"), {}, "未知级别 'purple'"),
        (("why", "https://nowhere.example/"), {}, "从未读取过"),
        (("classify", "/nowhere.jsonl"), {}, "/nowhere.jsonl 无法读取"),
        (("status",), {"MONITOR_MAIL_TO": "nobody"}, "MONITOR_MAIL_TO: 'nobody' 不是邮箱地址"),
        (("status",), {"MONITOR_SMTP_URL": "http://x"}, "MONITOR_SMTP_URL: 请用 smtp://"),
        (("status",), {"MONITOR_POL": "1"}, "没有 MONITOR_POL 这项设置"),
        (("profiles",), {"MONITOR_PROFILES": "/nowhere.yaml"}, "MONITOR_PROFILES: /nowhere.yaml 无法读取"),
        (("web",), {"MONITOR_WEB_ADDRESS": "0.0.0.0:8787"}, "会让他人进入"),
    ],
)
def test_what_is_wrong_is_told_in_chinese(
    monitor: Monitor, site: Site, arguments: tuple[str, ...], env: dict[str, str], told: str
) -> None:
    monitor.feeds(site.rss("/a.xml", [HARMLESS]))
    assert told in monitor(*arguments, code=2, MONITOR_LANG="zh", **env).stderr


def test_a_wrong_feed_list_is_told_in_chinese(monitor: Monitor) -> None:
    (monitor.folder / "feeds.yaml").write_text("feeds:\n- name: a\n  url: http://x.example/\n  colour: red\n")
    lines = monitor("poll", code=2, MONITOR_LANG="zh").stderr.splitlines()
    assert lines[0].endswith("feeds.yaml 需要修改：")
    assert lines[1].startswith("  第 4 行，a：信息源没有 'colour' 这个键")


def test_a_database_that_is_none_is_told_in_chinese(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [STRIKE]))
    (monitor.folder / "data").mkdir()
    (monitor.folder / "data" / "monitor.db").write_bytes(b"this is not a database" * 100)
    assert "monitor.db：不是 SQLite 数据库" in monitor("poll", "--all", code=1, MONITOR_LANG="zh").stderr


def test_status_speaks_chinese(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [HARMLESS]))
    rows = [line.split()[0] for line in monitor("status", MONITOR_LANG="zh").stdout.splitlines() if line.strip()]
    assert "未关闭的预警" in rows
    assert [row for row in rows if not HAN.search(row)] == []


def imported_by(arguments: str, **env: str) -> set[str]:
    code = (
        "import sys\n"
        "from monitor.cli import main\n"
        f"try:\n main({arguments!r}.split())\nexcept SystemExit: pass\n"
        "print(*sorted(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | env
    )
    return {name.split(".")[0] for name in done.stderr.splitlines()[-1].split()}


HEAVY = {"sklearn", "scipy", "numpy", "fastapi", "sqlalchemy", "pycurl", "feedparser", "apscheduler", "babel", "skops"}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("arguments", ["--help", "--version", "poll --help"])
def test_help_imports_nothing_heavy(arguments: str, language: str) -> None:
    assert imported_by(arguments, MONITOR_LANG=language) & HEAVY == set()


def test_scoring_needs_no_scikit_learn(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from monitor import resources\n"
        "from monitor.classify.predict import Classifier\n"
        "from monitor.domain import Text\n"
        f"Classifier.load(resources.path('models')).judge([Text(title={STRIKE!r})])\n"
        "assert not {'sklearn', 'scipy', 'skops'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_polling_imports_neither_page_nor_training(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [HARMLESS]))
    code = (
        "import sys\n"
        "from monitor.cli import main\n"
        "main(['poll', '--all', '--json'])\n"
        "heavy = {'sklearn', 'scipy', 'fastapi', 'uvicorn', 'apscheduler', 'alembic'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert 'sqlalchemy.dialects.postgresql' not in sys.modules\n"
    )
    monitor("db", "upgrade")
    subprocess.run([sys.executable, "-c", code], check=True, env=monitor.env, cwd=monitor.folder)


def test_a_poll_that_finds_nothing_new_loads_nothing_that_reads_or_writes_texts(monitor: Monitor, site: Site) -> None:
    monitor.feeds(site.rss("/a.xml", [HARMLESS]))
    monitor("poll", "--all", "--json")
    code = (
        "import sys\n"
        "from monitor.cli import main\n"
        "main(['poll', '--all', '--json'])\n"
        "unused = {'numpy', 'lxml', 'feedparser', 'jinja2', 'msgspec', 'monitor.judging', 'monitor.warn.stories', "
        "'monitor.warn.obligations', 'monitor.notify.email', 'monitor.classify'} & set(sys.modules)\n"
        "assert not unused, unused\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=monitor.env, cwd=monitor.folder)
