"""The page of commands, from the parser itself; notes by hand are kept."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable

from monitor.cli.markdown import MADE, as_table, sentence

NOTES = "<!-- notes -->"  # what stands below is by hand
_COMMON = ("help", "database_url", "feeds", "verbose")


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
        *as_table(("every command understands", ""), _common(next(iter(verbs.values())))),
        "",
        *as_table(("exit code", "means"), _exit_codes()),
        "",
        *as_table(("command", "does"), ([f"[`{name}`](#{name})", _does(verb)] for name, verb in verbs.items())),
    ]
    for name, verb in verbs.items():
        own = [a for a in verb._actions if a.dest not in _COMMON]
        told = [a for a in own if a.dest != "json" and (a.help or a.option_strings)]
        lines += ["", f"## {name}", f"{sentence(_does(verb))}", "", f"`{_usage(name, own)}`", ""]
        if told:
            lines += [*as_table(("argument or option", "means"), ([_name(a), _meaning(a)] for a in told)), ""]
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
