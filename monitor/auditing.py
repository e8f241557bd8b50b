"""The trail for others: written out with a signature, and such a file checked against what stands here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor.errors import BundleError, StoreError
from monitor.exporting import BUNDLE_KEY
from monitor.i18n import _
from monitor.notify.standards.bundle import is_signed, public_key, signed
from monitor.notify.standards.facts import stamp
from monitor.shell import Shell
from monitor.store.trail import TrailCheck, TrailLine, check_chain

FORMAT = "monitor-trail/1"


def export(shell: Shell, file: Path) -> dict[str, Any]:
    """Every line as JSON Lines, and behind them a signed statement of how many there are and where they end.

    Returns the statement. Raises: StoreError for a chain that is broken or a file that cannot be written;
    nothing is then left of the file.
    """
    found = shell.store.verify_trail()
    if not found.intact:
        raise StoreError(_("the trail is not intact: `monitor audit verify` names the line"))
    draft = file.with_name(f".{file.name}.draft")
    lines, head = 0, found.head
    try:
        with draft.open("w", encoding="utf-8") as out:
            for line in shell.store.whole_trail():
                out.write(json.dumps(as_json(line), ensure_ascii=False) + "\n")
                lines, head = lines + 1, line.digest
            document = {"format": FORMAT, "lines": lines, "head": head, "made": stamp(shell.clock())}
            statement = signed(document, secret=shell.store.secret(BUNDLE_KEY))
            out.write(json.dumps(statement, ensure_ascii=False) + "\n")
        draft.replace(file)
    except OSError as problem:
        draft.unlink(missing_ok=True)
        raise StoreError(_("{file} cannot be written ({why})").format(file=file, why=problem.strerror)) from problem
    return statement


def check_file(shell: Shell, file: Path, *, key: str = "") -> TrailCheck:
    """Whether an exported file is signed, by us or by `key`, and its chain holds; ours has to stand here, too.

    Raises: BundleError for a file that is no such export, or was signed by somebody else.
    """
    wrong = BundleError(_("{file} is not a signed trail: `monitor audit export FILE` writes one").format(file=file))
    ours = public_key(shell.store.secret(BUNDLE_KEY))
    try:
        *lines, last = file.read_text(encoding="utf-8").splitlines()
        statement = json.loads(last)
        if not is_signed(statement, key=key or ours):
            said = _("the signature is not of key {key}: the file was changed, or comes from somebody else")
            raise BundleError(said.format(key=(key or ours)[:16]))
        if statement["format"] != FORMAT:
            raise wrong
        found = check_chain(_read(lines))
        expected, head = int(statement["lines"]), str(statement["head"])
    except OSError as problem:
        raise BundleError(_("{file} cannot be read ({why})").format(file=file, why=problem.strerror)) from problem
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise wrong from problem
    if found.broken is not None:
        return found
    if (found.lines, found.head) != (expected, head):
        return TrailCheck(lines=found.lines, head=found.head, missing=max(expected - found.lines, 1))
    if (key or ours) == ours and expected and not any(line.digest == head for line in shell.store.whole_trail()):
        return TrailCheck(lines=found.lines, head=found.head, missing=expected)
    return found


def as_json(line: TrailLine) -> dict[str, Any]:
    """One line as others read it."""
    return {
        "id": line.id,
        "at": line.at.isoformat(),
        "author": line.author,
        "action": line.action,
        "subject": line.subject,
        "note": line.note,
        "former": line.former,
        "digest": line.digest,
    }


def _read(lines: list[str]) -> Iterator[TrailLine]:
    for text in lines:
        entry = json.loads(text)
        words = {name: str(entry[name]) for name in ("author", "action", "subject", "note", "former", "digest")}
        yield TrailLine(id=int(entry["id"]), at=datetime.fromisoformat(entry["at"]), **words)
