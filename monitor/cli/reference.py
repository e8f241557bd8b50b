"""Writes the reference pages of docs/ from the code itself: `python -m monitor.cli.reference`.

Commands come from the parser, settings from the settings class, keys of feeds.yaml and profiles from their
readers, tables from the schema, the API from its own description. In docs/commands.md what stands below the
line `notes` of a command is written by hand and kept. `--check` writes nothing and ends with 1 when a page is
out of date; a gate test does the same.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from monitor import i18n, resources
from monitor.cli import meanings
from monitor.cli.markdown import MADE, as_table, sentence
from monitor.cli.reference_commands import commands_with

ALL = "<!-- Every page, written by `python -m monitor.cli.reference` -->"


def main(argv: list[str] | None = None) -> int:
    """Write every page that differs; with `--check` only name it."""
    check = "--check" in (sys.argv[1:] if argv is None else argv)
    folder = resources.path("pyproject.toml").parent / "docs"
    stale = {name: text for name in PAGES if (text := page(name, folder)) != _read(folder / name)}
    for name, text in stale.items():
        print(f"docs/{name}")
        if not check:
            (folder / name).write_text(text, encoding="utf-8")
    return 1 if stale and check else 0


def page(name: str, folder: Path) -> str:
    """The text of one reference page; `folder` is docs/, whose notes by hand are kept.

    Raises: LookupError that says what is to be explained in monitor/cli/meanings.py.
    """
    i18n.use("en")
    return PAGES[name](folder).rstrip("\n") + "\n"


# --- commands --------------------------------------------------------------------------------


def commands(folder: Path) -> str:
    """Each command with its arguments and options, and the notes that stand under it."""
    return commands_with(_read(folder / "commands.md"))


# --- settings --------------------------------------------------------------------------------


def settings(_: Path) -> str:
    """Every setting: its variable, how it is written, what holds without it."""
    from monitor.config import PREFIX, Settings

    rows = []
    for one in fields(Settings):
        read: Any = one.metadata["parse"]
        secret = one.metadata["secret"]
        default = "" if secret else _as_written(one.default)
        name = f"`{PREFIX}{one.name.upper()}`" + (f" or `{PREFIX}{one.name.upper()}_FILE`" if secret else "")
        written = meanings.WRITTEN.get(getattr(read, "__name__", ""), "")
        rows.append([name, one.metadata["help"], written, f"`{default}`" if default else ""])
    return "\n".join(
        [
            "# Settings",
            MADE.format(but=""),
            "",
            "A setting is an environment variable, or a line of the file `.env` in the working folder; the options of",
            "a command win over both. A secret may stand in a file that the variable with `_FILE` names. An unknown",
            "name is an error. `monitor config` shows what is in force, secrets masked.",
            "",
            *as_table(("variable", "means", "written as", "default"), rows),
            "",
            "`MONITOR_DATA_DIR` is the user's data folder by the platform's custom unless it is named; the database is",
            "SQLite there (`monitor.db`) unless `MONITOR_DATABASE_URL` names another.",
        ]
    )


def _as_written(value: Any) -> str:
    """A value as people write it in a file: yes instead of True, 30m instead of seconds."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        span = value.total_seconds()
        return next(f"{span / s:g}{unit}" for s, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")) if span >= s)
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if value is None or isinstance(value, str) or not isinstance(value, int):
        return str(value or "")
    return str(getattr(value, "word", int(value)))


# --- files -----------------------------------------------------------------------------------


def files(_: Path) -> str:
    """The keys of feeds.yaml and of a file of profiles, with the values that are allowed and what holds without one."""
    from monitor.domain import Feed, FeedKind, Level, Profile, ProfileKind, ProfileState, Tag
    from monitor.ingest import feedlist
    from monitor.warn import profile_values as values_of_profiles
    from monitor.warn import recipients

    levels = tuple(level.word for level in Level if level.value)
    feed_values = {"kind": tuple(FeedKind), "format": tuple(feedlist._FORMATS), "trust": ("1", "2", "3")}
    profile_values: dict[str, Iterable[str]] = {"kind": tuple(ProfileKind), "state": tuple(ProfileState)}
    profile_values |= {"tags": tuple(Tag), "least": levels, "immediate": levels}
    feed_rows = _keys(feedlist._FIELDS, meanings.FEED_KEYS, feed_values, _defaults(Feed))
    known = (*values_of_profiles.FIELDS, *values_of_profiles.NAMES, "inherits")
    profile_rows = _keys(known, meanings.PROFILE_KEYS, profile_values, _defaults(Profile))
    recipient_rows = _keys(sorted(recipients._FIELDS), meanings.RECIPIENT_KEYS, {}, {})
    return "\n".join(
        [
            "# Files you write",
            MADE.format(but=""),
            "",
            "## feeds.yaml",
            "A list under `feeds:`, named by `MONITOR_FEEDS` or `--feeds`; OPML and a plain list of addresses do as",
            "well. How to find and watch feeds: [feeds.md](feeds.md).",
            "",
            *as_table(("key", "means", "values", "default"), feed_rows),
            "",
            "## Profiles",
            "A list under `profiles:`, named by `MONITOR_PROFILES`. How to write one: [profiles.md](profiles.md).",
            "",
            *as_table(("key", "means", "values", "default"), profile_rows),
            "",
            "### Recipients",
            *as_table(("key", "means"), (row[:2] for row in recipient_rows)),
        ]
    )


def _keys(
    known: Iterable[str], meaning: Mapping[str, str], values: Mapping[str, Iterable[str]], default: Mapping[str, str]
) -> list[list[str]]:
    names = list(known)
    if missing := sorted(set(names) - set(meaning)):
        raise LookupError(f"say in monitor/cli/meanings.py what these mean: {missing}")
    listed = {name: ", ".join(f"`{value}`" for value in values.get(name, ())) for name in names}
    return [[f"`{name}`", meaning[name], listed[name], default.get(name, "")] for name in names]


def _defaults(kind: type) -> dict[str, str]:
    """What holds where nothing is said; nothing for what is empty."""
    written = {one.name: "" if one.default is MISSING else _as_written(one.default) for one in fields(kind)}
    return {name: f"`{text}`" for name, text in written.items() if text and name != "digest_every"}


# --- database --------------------------------------------------------------------------------


def database(_: Path) -> str:
    """Every table with its columns, as on SQLite and PostgreSQL alike."""
    import_module("monitor.store")  # with which every table is known
    from monitor.store.schema import HEAD, metadata

    lines = [
        "# Tables",
        MADE.format(but=""),
        "",
        f"Schema {HEAD}, the same on SQLite and PostgreSQL. Other programs may read `items`, `alerts` and `outbox`;",
        "the rest may change with any version. Times are UTC. Only monitor writes.",
    ]
    if missing := sorted(set(metadata.tables) - set(meanings.TABLES)):
        raise LookupError(f"say in monitor/cli/meanings.py what these tables hold: {missing}")
    for name, table in sorted(metadata.tables.items()):
        lines += ["", f"## {name}", sentence(meanings.TABLES[name]), ""]
        lines += as_table(("column", "type", ""), (_column(column) for column in table.columns))
    return "\n".join(lines)


def _column(column: Any) -> list[str]:
    kinds = {"UtcDateTime": "time", "LargeBinary": "bytes", "Text": "text", "String": "text", "JSON": "JSON"}
    kind = type(column.type).__name__
    marks = ["key"] if column.primary_key else []
    marks += [f"→ `{key.column.table.name}.{key.column.name}`" for key in column.foreign_keys]
    marks += ["may be empty"] if column.nullable else []
    marks += ["unique"] if column.unique else []
    return [f"`{column.name}`", kinds.get(kind, kind.lower()), ", ".join(marks)]


# --- API -------------------------------------------------------------------------------------


def api(_: Path) -> str:
    """Every address of the API; its own OpenAPI description says the rest."""
    from typing import cast

    from monitor.web.api import make_api
    from monitor.web.desk import Desk

    described = make_api(cast(Desk, None)).openapi()
    rows = []
    for path, methods in sorted(described["paths"].items()):
        for method, one in methods.items():
            given = [p["name"] for p in one.get("parameters", []) if p["in"] == "query"]
            said = (one.get("description") or one.get("summary") or "").split("\n\n")[0].replace("\n", " ")
            rows.append([f"`{method.upper()} /api{path}`", said, ", ".join(f"`{name}`" for name in given)])
    return "\n".join(
        [
            "# API",
            MADE.format(but=""),
            "",
            "JSON under the page's address; the full description, OpenAPI, is served at `/api/openapi.json`. A client",
            "sends `Authorization: Bearer TOKEN` (`monitor web token NAME` makes one and shows it once); its role",
            'decides what it may do. A refusal is `{"error": "…"}` with 400, 401, 403, 404, 413, 422 or 503.',
            "",
            *as_table(("request", "does", "query"), rows),
        ]
    )


def metrics(_: Path) -> str:
    """What Prometheus is told: names, kinds, labels and meanings, as an installation with some past tells them."""
    import tempfile
    from dataclasses import replace
    from datetime import UTC, datetime
    from types import SimpleNamespace

    from monitor import metrics as told
    from monitor.config import Settings
    from monitor.shell import Shell, system_clock
    from monitor.watching import Watch

    rows = {}
    for one in vars(told).values():
        if labels := getattr(one, "_labelnames", ()):
            rows[one._name] = ", ".join(f"`{label}`" for label in labels)
    once = datetime(2026, 1, 1, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(settings=Settings(data_dir=Path(folder)), clock=system_clock)
        pulse = replace(Watch(shell).pulse(), last_pass=once, last_item=once, oldest_unsent=once)
        watch: Any = SimpleNamespace(pulse=lambda: pulse)
        families = [*told.done.collect(), *told.Standing(shell, watch).collect()]
        shell.close()
    lines = []
    for family in sorted(families, key=lambda found: found.name):
        if family.name.startswith("process_"):
            continue
        labels = sorted({name for sample in family.samples for name in sample.labels} - {"le"})
        suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
        shown = rows.get(family.name) or ", ".join(f"`{name}`" for name in labels)
        lines.append([f"`{family.name}{suffix}`", family.type, shown, family.documentation])
    return "\n".join(
        [
            "# Metrics",
            MADE.format(but=""),
            "",
            "Served at `/metrics` by the page, and by workers at `MONITOR_METRICS_ADDRESS`; who may read them, what to",
            "scrape and a dashboard: [deploy](deploy/README.md). Counts only, no names. Beside them stand `process_*`,",
            "as every client of Prometheus tells them.",
            "",
            *as_table(("metric", "kind", "labels", "means"), lines),
        ]
    )


def decisions(docs: Path) -> str:
    """The index of the decision records, from their own titles."""
    rows = []
    for file in sorted((docs / "decisions").glob("[0-9]*.md")):
        number, _, title = _read(file).partition("\n")[0].removeprefix("# ").partition(" ")
        rows.append([f"[{number}]({file.name})", title])
    return "\n".join(
        [
            "# Why it is built so",
            MADE.format(but=""),
            "",
            "One page for each hard choice: context, options, choice, what would change our mind. A record is",
            "amended or superseded, never deleted.",
            "",
            *as_table(("", "decided"), rows),
        ]
    )


def index(docs: Path) -> str:
    """docs/README.md as it stands by hand, and below its mark every page by its title."""
    by_hand = _read(docs / "README.md").partition(ALL)[0]
    files = sorted({*docs.glob("*.md"), *docs.glob("*/README.md")} - {docs / "README.md"})
    titles = {file: re.search(r"^# (.+)$", _read(file), re.MULTILINE) for file in files}
    lines = [f"- [{found[1] if found else file.stem}]({file.relative_to(docs)})" for file, found in titles.items()]
    return "\n".join([by_hand + ALL, *lines])


PAGES: dict[str, Callable[[Path], str]] = {
    "commands.md": commands,
    "settings.md": settings,
    "files.md": files,
    "database.md": database,
    "api.md": api,
    "metrics.md": metrics,
    "decisions/README.md": decisions,
    "README.md": index,
}


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
