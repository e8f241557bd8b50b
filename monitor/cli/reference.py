"""Writes the reference pages of docs/ from the code itself: `python -m monitor.cli.reference`.

Commands come from the parser, settings from the settings class, keys of feeds.yaml and profiles from their
readers, tables from the schema, the API from its own description. In docs/commands.md what stands below the
line `notes` of a command is written by hand and kept. `--check` writes nothing and ends with 1 when a page is
out of date; a gate test does the same.
"""

from __future__ import annotations

import argparse
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

MADE = "<!-- Written by `python -m monitor.cli.reference`{but}: change the code, then run it. -->"
NOTES = "<!-- notes -->"
ALL = "<!-- Every page, written by `python -m monitor.cli.reference` -->"
_COMMON = ("help", "database_url", "feeds", "verbose")


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


def commands_with(former: str) -> str:
    """The same with the notes that `former`, another text of the page, holds."""
    from monitor.cli import _parser

    kept = _notes(former) if MADE[:40] in former else {}
    verbs = _verbs(_parser([]))
    lines = [
        "# Commands",
        MADE.format(but="; only what stands below a line `notes` is by hand"),
        "",
        "`monitor COMMAND [options]`; options stand after the command. stdout is the result, stderr the log; `--json` "
        "prints one JSON object, or JSON Lines where there is a list, whole and with titles in full.",
        "",
        *_table(("every command understands", ""), _common(next(iter(verbs.values())))),
        "",
        *_table(("exit code", "means"), _exit_codes()),
        "",
        *_table(("command", "does"), ([f"[`{name}`](#{name})", _does(verb)] for name, verb in verbs.items())),
    ]
    for name, verb in verbs.items():
        own = [a for a in verb._actions if a.dest not in _COMMON]
        told = [a for a in own if a.dest != "json" and (a.help or a.option_strings)]
        lines += ["", f"## {name}", f"{_sentence(_does(verb))}", "", f"`{_usage(name, own)}`", ""]
        if told:
            lines += [*_table(("argument or option", "means"), ([_name(a), _meaning(a)] for a in told)), ""]
        lines += [NOTES, *filter(None, [kept.pop(name, "")])]
    if left := [name for name, text in kept.items() if text]:
        raise LookupError(f"docs/commands.md has notes on {', '.join(left)}, which are no commands")
    return "\n".join(lines)


def _verbs(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found: dict[str, argparse.ArgumentParser] = next(
        action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    )
    return dict(sorted(found.items()))


def _notes(text: str) -> dict[str, str]:
    """What stands by hand under each command's heading."""
    sections = re.split(r"^## (\S+)\n", text, flags=re.MULTILINE)[1:]
    pairs = zip(sections[::2], sections[1::2], strict=True)
    return {name: body.partition(NOTES)[2].strip("\n") for name, body in pairs}


def _does(verb: argparse.ArgumentParser) -> str:
    return verb.description or ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _usage(name: str, actions: Iterable[argparse.Action]) -> str:
    words = ["monitor", name]
    for action in actions:
        shown = _name(action).strip("`")
        words.append(shown if action.required else f"[{shown}]")
    return " ".join(words)


def _name(action: argparse.Action) -> str:
    choices = "|".join(map(str, action.choices)) if action.choices else ""
    value = str(action.metavar or choices or action.dest.upper())
    if not action.option_strings:
        return f"`{value if action.metavar else choices or value}`"
    return f"`{action.option_strings[0]}{'' if action.nargs == 0 else ' ' + value}`"


def _meaning(action: argparse.Action) -> str:
    said = action.help or ""
    if action.default not in (None, "", False, []) and action.nargs != 0:
        said += f" ({'default ' if said else 'default: '}`{action.default}`)" if "default" not in said else ""
    return said


def _common(verb: argparse.ArgumentParser) -> Iterable[list[str]]:
    return ([_name(a), a.help or ""] for a in verb._actions if a.dest in _COMMON)


def _exit_codes() -> Iterable[list[str]]:
    from monitor import errors

    by_code: dict[int, list[str]] = {}
    for value in vars(errors).values():
        if isinstance(value, type) and issubclass(value, errors.MonitorError) and "exit_code" in vars(value):
            by_code.setdefault(value.exit_code, []).append((value.__doc__ or "").split(";")[0].strip().rstrip("."))
    by_code[1] = ["failed, or something is not as it should be: the command's notes say what"]
    return ([f"`{code}`", "; ".join(said)] for code, said in sorted({0: ["done"], **by_code}.items()))


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
            *_table(("variable", "means", "written as", "default"), rows),
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
            *_table(("key", "means", "values", "default"), feed_rows),
            "",
            "## Profiles",
            "A list under `profiles:`, named by `MONITOR_PROFILES`. How to write one: [profiles.md](profiles.md).",
            "",
            *_table(("key", "means", "values", "default"), profile_rows),
            "",
            "### Recipients",
            *_table(("key", "means"), (row[:2] for row in recipient_rows)),
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
        lines += ["", f"## {name}", _sentence(meanings.TABLES[name]), ""]
        lines += _table(("column", "type", ""), (_column(column) for column in table.columns))
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
            *_table(("request", "does", "query"), rows),
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
            *_table(("metric", "kind", "labels", "means"), lines),
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
            *_table(("", "decided"), rows),
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


def _table(heads: tuple[str, ...], rows: Iterable[list[str]]) -> list[str]:
    """A Markdown table; a bar inside a cell would end it."""
    safe: Callable[[str], str] = lambda cell: cell.replace("|", "\\|").replace("\n", " ")  # noqa: E731
    lines = [" | ".join(heads), "|".join("---" for _ in heads)]
    return [f"| {lines[0]} |", f"|{lines[1]}|", *(f"| {' | '.join(map(safe, row))} |" for row in rows)]


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
