"""Whether a text is in the memory that a dump holds, and how a host is asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kdump_enabler import piped, vmcore
from kdump_enabler.vmcore.basics import NO_ROOM
from kdump_enabler.vmcore.files import CUT
from tests import vmcores
from tests.vmcores import page, written

SOURCE = Path(vmcore.__file__)
NEEDLE = b"kdump-enabler-proof: 5f0c7a9e"
STRADDLING = {3: page()[:-10] + NEEDLE[:10], 4: page(NEEDLE[10:]), 9: page()}
APART = {3: page()[:-10] + NEEDLE[:10], 5: page(NEEDLE[10:])}
FOUND: dict[str, tuple[bytes, bool | None, str]] = {
    "packed": (vmcores.kdump({7: page(b"xx" + NEEDLE)}), True, ""),
    "not packed": (vmcores.kdump({7: page(b"xx" + NEEDLE)}, packing=0), True, ""),
    "big endian": (vmcores.kdump({7: page(b"xx" + NEEDLE)}, order=">"), True, ""),
    "flattened": (vmcores.flattened(vmcores.kdump({7: page(b"xx" + NEEDLE)})), True, ""),
    "over the edge": (vmcores.kdump(STRADDLING), True, ""),
    "two pages that are no neighbours": (vmcores.kdump(APART), False, ""),
    "not there": (vmcores.kdump(), False, ""),
    "elf": (vmcores.elf([page(), page(NEEDLE)]), True, ""),
    "elf, over a piece's edge": (vmcores.elf([bytes((1 << 20) - 9) + NEEDLE + bytes(99)]), True, ""),
    "elf, two segments": (vmcores.elf([NEEDLE[:9], NEEDLE[9:]]), False, ""),
    "elf, not there": (vmcores.elf(), False, ""),
    "lzo": (vmcores.kdump({7: page(b"xx" + NEEDLE)}, packing=vmcores.LZO), True, ""),
    "lzo, not there": (vmcores.kdump(packing=vmcores.LZO), False, ""),
    "zstd": (vmcores.kdump(packing=32), None, "pages are packed with zstd, which Python cannot unpack by itself"),
    "marked, and there": (vmcores.kdump({7: page(NEEDLE)}, status=8), True, ""),
    "marked": (vmcores.kdump(status=8), None, NO_ROOM),
    "cut, and there": (vmcores.kdump({7: page(NEEDLE), 9: page()})[:-1], True, ""),
    "cut": (vmcores.kdump()[:-1], None, "pages are missing"),
    "elf, cut": (vmcores.elf()[:-1], None, "pages are missing"),
    "flattened, cut": (vmcores.flattened(vmcores.kdump())[:-16], None, CUT),
    "damaged": (vmcores.kdump()[:-30] + b"\0" * 30, None, "pages are damaged"),
    "text": (NEEDLE, None, "it is no vmcore"),
    "empty": (b"", None, "the file is empty"),
}


@pytest.mark.parametrize("name", FOUND)
def test_contains(name: str, tmp_path: Path) -> None:
    content, found, reason = FOUND[name]
    assert vmcore.contains(written(tmp_path / "x", content), NEEDLE) == {"found": found, "reason": reason}


def test_contains_in_no_time_or_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "x", vmcores.kdump())
    assert vmcore.contains(path, NEEDLE, -1)["found"] is None
    assert vmcore.contains(path, b"")["found"] is None
    assert vmcore.contains(path, page()[-1:])["found"] is True


def asked(*words: str) -> dict[str, Any]:
    """The answer to a request, as on a host: the source on standard input of an isolated Python."""
    command = [sys.executable, "-I", "-S", "-", *words]
    run = subprocess.run(command, input=piped.program(SOURCE), capture_output=True, check=True)
    assert run.stderr == b""
    assert run.stdout.startswith(b'{"schema": 1, ')
    assert run.stdout.count(b"\n") == 1
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_on_a_host(tmp_path: Path) -> None:
    path = written(tmp_path / "202611201114" / "dump.202611201114", vmcores.kdump({3: page(NEEDLE)}))
    (record,) = asked(json.dumps({"do": "list", "directories": [str(tmp_path)]}))["vmcores"]
    assert (record["path"], record["complete"]) == (path, True)
    (shown,) = asked(json.dumps({"do": "show", "path": path, "directories": []}))["vmcores"]
    assert shown == {**record, "log_tail": None, "panic": None}
    request = {"do": "contains", "path": path, "text": NEEDLE.decode(), "seconds": 10}
    assert asked(json.dumps(request)) == {"schema": 1, "found": True, "reason": ""}
