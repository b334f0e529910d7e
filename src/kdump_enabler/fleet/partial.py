"""A run that was cut off: what it found is noted as it is found, so that there is a report all the same."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..report.document import AGAIN, document, from_play, marked, nobody
from ..verdict import Verdict

if TYPE_CHECKING:
    from .looks import Looks

NOT_LOOKED_AT = "it was not looked at, because the run was cut off"
IN_THE_MIDDLE = f"the run was cut off in the middle of its work on this host; {AGAIN}"


def note(path: str, host: str, **registered: Any) -> None:
    """Add what a play registers for a host. Nothing here fails a run: only one that is cut off is told by it."""
    text = json.dumps({"host": host, "found": registered}).encode()
    # A line of its own, whatever the end of the one before; one call, so that the hosts' workers do not mix theirs.
    line = b"\n" + base64.b64encode(zlib.compress(text, 1)) + b"\n"
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)


def noted(path: Path) -> dict[str, dict[str, Any]]:
    """What is known of each host; a line that did not get whole is left out."""
    found: dict[str, dict[str, Any]] = {}
    for line in path.read_bytes().split(b"\n") if path.exists() else ():
        with contextlib.suppress(ValueError, zlib.error):
            one = json.loads(zlib.decompress(base64.b64decode(line, validate=True)))
            found.setdefault(one["host"], {}).update(one["found"])
    return found


def result(
    names: Sequence[str],
    found: Mapping[str, Mapping[str, Any]],
    unreachable: Mapping[str, str],
    why: str,
    judged: Mapping[str, dict[str, Any]],
) -> dict[str, Any]:
    """The document of a run that was cut off, with every host of `names` in it and a mark that says so. `unreachable`
    is what was said of hosts that could not be reached; `judged` are the records of hosts on which nothing was begun
    after the first look; `why` is a clause."""

    def record(name: str) -> dict[str, Any]:
        begun = name in found or name not in judged
        return _record(name, found.get(name), unreachable.get(name)) if begun else judged[name]

    return marked(document(map(record, names)), why)


def completed(result: dict[str, Any], names: Sequence[str], looks: Looks) -> dict[str, Any]:
    """The result of a play with the hosts that were done before it, in the order of `names`."""
    records = {host["host"]: host for host in result["hosts"]}
    if records.keys() >= set(names):
        return result
    records |= looks.taken([name for name in names if name not in records])
    whole = document(records[name] for name in names if name in records)
    return {**result, "summary": whole["summary"], "hosts": whole["hosts"]}


def _record(name: str, found: Mapping[str, Any] | None, unreachable: str | None) -> dict[str, Any]:
    if found is None and unreachable is None:
        return nobody(name, Verdict.UNKNOWN, NOT_LOOKED_AT) | {"looked_at": False}
    if found is None:
        return from_play(name, {"kdump_audit": {"unreachable": True, "msg": unreachable}})
    if "kdump_trouble" not in found and found.get("kdump_audit", {}).get("open"):
        return nobody(name, Verdict.UNKNOWN, IN_THE_MIDDLE)
    return from_play(name, found)
