"""Every setting of the service: typed, frozen, complete at start.

A setting is read from the environment (`MONITOR_*`), then from a `.env` file in the
working folder; a secret may also stand in the file that `MONITOR_<NAME>_FILE` names.
A name that is not a setting is an error, so that a typing mistake never passes silently.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from monitor.domain import Role
from monitor.errors import ConfigError
from monitor.i18n import _
from monitor.ingest.guard import Allow
from monitor.text.durations import duration

PREFIX = "MONITOR_"
SHORTEST_SECRET = 4  # characters; to mask a shorter one would spoil every text and tell where it stands
Networks = tuple[IPv4Network | IPv6Network, ...]
KEPT = ("feeds", "profiles", "playbooks")  # files that people keep
LOOPBACK: Networks = (ip_network("127.0.0.0/8"), ip_network("::1"))


class Secret(str):
    """A text that is never shown: its repr is a mask."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'" if self else "''"


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.replace(",", " ").split() if word)


def _addresses(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.replace(";", ",").split(",") if part.strip())
    for address in found:
        if address.count("@") != 1 or any(c.isspace() or ord(c) < 32 for c in address):
            raise ValueError(_("{address!r} is not a mail address").format(address=address))
    return found


def _language(text: str) -> str:
    base = text.replace("_", "-").split("-")[0].lower()
    if base not in ("en", "zh"):
        raise ValueError(_("use en or zh"))
    return base


def _positive(text: str) -> timedelta:
    value = duration(text)
    if value <= timedelta(0):
        raise ValueError(_("has to be longer than nothing"))
    return value


def _connections(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 20:
        raise ValueError(_("use a number from 1 to 20"))
    return int(text)


def _fetch_connections(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 500:
        raise ValueError(_("use a number from 1 to 500"))
    return int(text)


_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)


def size(text: str) -> int:
    """Bytes that "500MB", "2GB" or a plain number means. Raises: ValueError that says how to write one."""
    found = _SIZE.fullmatch(text.strip())
    if found is None or float(found[1]) <= 0:
        raise ValueError(_("{text!r} is not a size: write a number with MB or GB, such as 2GB").format(text=text))
    return int(float(found[1]) * 1000 ** " kmgt".index(found[2].lower() or " "))


def _yes(text: str) -> bool:
    if text.lower() not in ("yes", "no", "true", "false", "1", "0", "on", "off"):
        raise ValueError(_("use yes or no"))
    return text.lower() in ("yes", "true", "1", "on")


def _host_port(text: str) -> str:
    host, separator, port = text.rpartition(":")
    if not separator or not host or not port.isdigit() or int(port) > 65535:
        raise ValueError(_("use host:port, such as 127.0.0.1:8787"))
    return text


def _region(text: str) -> str:
    if not re.fullmatch(r"[\w.-]{1,60}", text):
        raise ValueError(_("use letters, digits, - and . such as cn-shanghai"))
    return text


def _header(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,60}", text):
        raise ValueError(_("use the name of a header such as X-Remote-User"))
    return text


def _networks(text: str) -> Networks:
    try:
        return tuple(ip_network(word) for word in _words(text))
    except ValueError as problem:
        raise ValueError(_("use addresses such as 10.0.0.5 or 10.0.0.0/24")) from problem


def _role(text: str) -> str:
    if text not in tuple(Role):
        raise ValueError(_("use reader, reviewer or admin"))
    return text


def _log_format(text: str) -> str:
    if text not in ("text", "json"):
        raise ValueError(_("use text or json"))
    return text


def _smtp(text: str) -> Secret:
    from monitor.notify.email import parse_smtp_url

    try:
        if text:
            parse_smtp_url(text)
    except ConfigError as problem:
        raise ValueError(str(problem).removeprefix("MONITOR_SMTP_URL: ")) from None
    return Secret(text)


def _database(text: str) -> Secret:
    if text.startswith("postgres://"):
        text = "postgresql://" + text.removeprefix("postgres://")
    if text.startswith("postgresql://"):
        text = "postgresql+psycopg://" + text.removeprefix("postgresql://")
    if not text.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError(_("use sqlite:////path/to/file.db or postgresql://user:password@host/name"))
    if not text.startswith("sqlite") and text.partition("?")[0].count("@") > 1:
        raise ValueError(_("write @ in a password as %40, : as %3A and / as %2F"))
    return Secret(text)


def _setting(help_text: str, parse: Callable[[str], Any], default: Any, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"help": help_text, "parse": parse, "secret": secret})


def default_data_dir() -> Path:
    """The user's data folder, by the platform's own convention."""
    from platformdirs import user_data_path

    return user_data_path("monitor", appauthor=False)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings in force. Listed in docs/settings.md."""

    data_dir: Path | None = _setting("folder for the database, outbox and caches", Path, None)
    database_url: Secret = _setting("SQLite or PostgreSQL", _database, Secret(""), secret=True)
    feeds: Path | None = _setting(
        "feeds.yaml, OPML or a list of URLs; else the data folder's, else the shipped",
        Path,
        None,
    )
    profiles: Path | None = _setting(
        "profiles.yaml; else the data folder's, else one profile hears of everything", Path, None
    )
    playbooks: Path | None = _setting("playbooks.yaml; else the data folder's, else the shipped one", Path, None)
    poll_interval: timedelta | None = _setting("polls every feed this often, whatever feeds.yaml says", _positive, None)
    digest_interval: timedelta = _setting("how often a digest is due", _positive, timedelta(days=1))
    retry_base: timedelta = _setting("first wait before a message is tried again", _positive, timedelta(minutes=1))
    smtp_url: Secret = _setting("smtp://user:password@host:port or smtps://…", _smtp, Secret(""), secret=True)
    mail_from: str = _setting("sender of the mail", str, "monitor@localhost")
    dkim_key: Secret = _setting("private key (PEM) that signs the mail", Secret, Secret(""), secret=True)
    dkim_selector: str = _setting("name of that key in the sender's DNS", str, "")
    mail_to: tuple[str, ...] = _setting("recipients of the default profile", _addresses, ())
    mail_connections: int = _setting("connections to the mail server at a time", _connections, 1)
    mail_per_hour: int = _setting("most mails to one recipient in an hour", int, 6)
    web_address: str = _setting("where the review page listens", _host_port, "127.0.0.1:8787")
    web_password: Secret = _setting("password of the review page", Secret, Secret(""), secret=True)
    web_user_header: str = _setting("header in which a reverse proxy names the user of the page", _header, "")
    web_proxies: Networks = _setting(
        "addresses of that proxy, IP or CIDR; nobody else is believed", _networks, LOOPBACK
    )
    web_header_role: str = _setting("role of whom the proxy names and no user entry does", _role, "reader")
    web_url: str = _setting("address of the page as recipients reach it", str, "")
    fetch_allow: Allow = _setting("inside addresses that feeds may have, host:port or CIDR:port", Allow.parse, Allow())
    fetch_connections: int = _setting("connections to feeds at a time", _fetch_connections, 64)
    full_text: bool = _setting("yes or no: read the pages of flagged items that say too little", _yes, True)
    keep: timedelta | None = _setting("items that concerned nobody are kept this long, such as 400d", _positive, None)
    keep_size: int | None = _setting("the database is kept under this size, such as 2GB", size, None)
    region: str = _setting(
        "where this installation and its data are, such as cn-shanghai; shown by status", _region, ""
    )
    metrics_address: str = _setting(
        "where /metrics and /health are served without login, for workers; the page has them too", _host_port, ""
    )
    contact: str = _setting("address or URL put into the User-Agent", str, "")
    lang: str = _setting("language of new recipients and of this terminal: en or zh", _language, "en")
    log_format: str = _setting("text or json", _log_format, "text")

    @property
    def folder(self) -> Path:
        """The data folder, named or default."""
        return self.data_dir or default_data_dir()

    @property
    def database(self) -> str:
        """The database's URL; SQLite in the data folder unless another is named."""
        return str(self.database_url) or f"sqlite:///{self.folder / 'monitor.db'}"

    def kept_file(self, name: str) -> Path:
        """Where the user's own `feeds`, `profiles` or `playbooks` stand or would stand: as set, else in the folder."""
        return getattr(self, name) or self.folder / f"{name}.yaml"

    def own_file(self, name: str) -> Path | None:
        """The same where it is set or there; None where what is shipped holds."""
        file = self.kept_file(name)
        return file if getattr(self, name) or file.is_file() else None

    @property
    def page_url(self) -> str:
        """What links in mail begin with."""
        return self.web_url.rstrip("/") or f"http://{self.web_address}"


def load(environment: Mapping[str, str], *, env_file: Path | None = None, **given: str | None) -> Settings:
    """The settings in force: `given` (command line) before `environment` before `env_file`.

    Raises: ConfigError that names every wrong setting and what it should be.
    """
    texts = {**_from_file(env_file), **_ours(environment)}
    known = {f.name: f for f in fields(Settings)}
    problems, values = [], {}
    for name, text in texts.items():
        key = name.removeprefix(PREFIX).lower()
        setting = known.get(key) or _secret_file(key, known)
        if setting is None:
            problems.append(_("{name} is not a setting").format(name=name) + _nearest(key, known))
            continue
        if text == "":
            continue
        try:
            if setting.name != key:
                text = _read_secret(Path(text))
            values[setting.name] = setting.metadata["parse"](text)
        except (ValueError, ConfigError, OSError) as problem:
            problems.append(f"{name}: {problem}")
    for key, given_text in given.items():
        if given_text is None:
            continue
        try:
            values[key] = known[key].metadata["parse"](given_text)
        except (ValueError, ConfigError) as problem:
            problems.append(f"--{key.replace('_', '-')}: {problem}")
    if problems:
        raise ConfigError(_("{problems}. `monitor config` lists every setting.").format(problems="; ".join(problems)))
    return replace(Settings(), **values)


def listing(settings: Settings) -> list[dict[str, str]]:
    """Every setting with its value (secrets masked) and what it is for."""
    rows = []
    for setting in fields(Settings):
        value = getattr(settings, setting.name)
        shown = ("***" if value else "") if setting.metadata["secret"] else _shown(value)
        if setting.name == "database_url":
            shown = _without_password(settings.database)
        elif setting.name in KEPT:
            shown = _shown(settings.own_file(setting.name))
        rows.append({"name": PREFIX + setting.name.upper(), "value": shown, "help": setting.metadata["help"]})
    return rows


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    credentials, at, place = rest.rpartition("@")
    return f"{scheme}{separator}{credentials.partition(':')[0]}:***@{place}" if at else url


def mask(settings: Settings) -> Callable[[str], str]:
    """What takes every secret of these settings out of a text, as it stands in a setting and as it is meant."""
    found = set()
    for setting in fields(Settings):
        if not setting.metadata["secret"] or not (value := str(getattr(settings, setting.name))):
            continue
        if "://" in value:  # of an address only the password is secret
            user, _, _host = value.partition("://")[2].rpartition("@")
            value = user.partition(":")[2]
        found |= {value, unquote(value), repr(value)[1:-1]}
    secrets = sorted((secret for secret in found if len(secret) >= SHORTEST_SECRET), key=len, reverse=True)

    def masked(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "***")
        return text

    return masked


def _ours(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in environment.items() if name.startswith(PREFIX)}


def _from_file(env_file: Path | None) -> dict[str, str]:
    if env_file is None or not env_file.is_file():
        return {}
    from dotenv import dotenv_values

    return _ours({name: text or "" for name, text in dotenv_values(env_file).items()})


def _secret_file(key: str, known: Mapping[str, Any]) -> Any:
    setting = known.get(key.removesuffix("_file")) if key.endswith("_file") else None
    return setting if setting is not None and setting.metadata["secret"] else None


def _read_secret(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as problem:
        said = _("{file} cannot be read ({why})").format(file=file, why=problem.strerror)
        raise ConfigError(said) from problem


def _nearest(key: str, known: Mapping[str, Any]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key, list(known), n=1)
    return _(" (did you mean {name}?)").format(name=PREFIX + close[0].upper()) if close else ""


def database_url(text: str) -> str:
    """The URL of a database as somebody typed it, with the driver we use. Raises: ConfigError."""
    try:
        return str(_database(text))
    except ValueError as problem:
        raise ConfigError(str(problem)) from None


def environment() -> Mapping[str, str]:
    """The process environment."""
    return os.environ
