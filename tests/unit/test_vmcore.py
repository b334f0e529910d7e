"""The reader of vmcores: what a dump says, whether it is whole, whether it holds a text; on small dumps of each format.

Real dumps are read in the system tier, beside makedumpfile and drgn.
"""

from __future__ import annotations

import gzip
import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdump_enabler import vmcore
from kdump_enabler.vmcore import files
from kdump_enabler.vmcore.basics import Clock
from kdump_enabler.vmcore.files import File, Flattened
from tests import vmcores
from tests.vmcores import BUILD_ID, RELEASE, page, written

SOURCE = Path(vmcore.__file__)
ZLIB = {"dump_level": 31, "cpus": 2, "machine": "x86_64", "node": "web1", "compression": "zlib"}
ELF = {"dump_level": None, "cpus": 2, "machine": "x86_64", "node": None, "compression": "none"}
SAID = {"kernel": RELEASE, "build_id": BUILD_ID, "crashed_at": "2026-11-20T11:14:49Z", "vmcoreinfo_bytes": 110}
WHOLE = {"complete": True, "reason": None}
FORMATS: dict[str, tuple[bytes, dict[str, Any]]] = {
    "kdump": (vmcores.kdump(), ZLIB),
    "kdump, big endian": (vmcores.kdump(order=">", machine="s390x"), {**ZLIB, "machine": "s390x"}),
    "kdump, large pages": (
        vmcores.kdump({5: page(block=65536)}, block=65536, machine="ppc64le"),
        {**ZLIB, "machine": "ppc64le"},
    ),
    "kdump, not packed": (vmcores.kdump(packing=0), {**ZLIB, "compression": "none"}),
    "kdump, lzo": (vmcores.kdump(packing=vmcores.LZO), {**ZLIB, "compression": "lzo"}),
    "elf": (vmcores.elf(), ELF),
    "elf, big endian": (vmcores.elf(order=">", machine=22), {**ELF, "machine": "s390x"}),
    "flattened": (vmcores.flattened(vmcores.kdump()), ZLIB),
    "flattened, elf": (vmcores.flattened(vmcores.elf()), ELF),
}
several = pytest.mark.parametrize("name", FORMATS)
quickly = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@several
def test_what_a_dump_says(name: str, tmp_path: Path) -> None:
    content, own = FORMATS[name]
    assert vmcore.read(written(tmp_path / "x", content)) == {"format": name.partition(",")[0], **SAID, **own, **WHOLE}


@several
@quickly
@given(data=st.data())
def test_a_cut_dump_is_never_whole(name: str, data: st.DataObject, tmp_path: Path) -> None:
    content, _ = FORMATS[name]
    size = data.draw(st.one_of(st.integers(0, len(content) - 1), st.integers(len(content) - 64, len(content) - 1)))
    found = vmcore.read(written(tmp_path / "x", content[:size]))
    assert found["complete"] is False, found
    assert found["reason"]


@several
@quickly
@given(data=st.data())
def test_damage_never_raises(name: str, data: st.DataObject, tmp_path: Path) -> None:
    content = bytearray(FORMATS[name][0])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(
            st.one_of(st.integers(0, len(content) - 1), st.integers(4096, 4096 + 600), st.integers(0, 600))
        )
        new = data.draw(st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from([b"\xff" * 8, b"\0" * 8])))
        content[place : place + len(new)] = new
    path = written(tmp_path / "x", bytes(content))
    found = vmcore.read(path, 2)
    assert found["complete"] is True or found["reason"]
    json.dumps(found)
    assert set(vmcore.contains(path, b"first", 2)) == {"found", "reason"}


@quickly
@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.sampled_from([b"makedumpfile", b"KDUMP   ", b"\x7fELF"]).flatmap(
            lambda magic: st.binary(max_size=5000).map(lambda rest: magic + rest)
        ),
    )
)
def test_garbage(content: bytes, tmp_path: Path) -> None:
    found = vmcore.read(written(tmp_path / "x", content))
    assert found["complete"] is not True
    assert found["reason"]


def with_bytes(content: bytes, place: int, new: bytes) -> bytes:
    return content[:place] + new + content[place + len(new) :]


NEVER = "a page of it was never written"
DAMAGES: dict[str, tuple[bytes, bool | None, str]] = {
    "empty": (b"", False, "the file is empty"),
    "text": (b"Hello, world\n" * 100, None, "it is no vmcore"),
    "packed": (gzip.compress(vmcores.kdump()), None, "it is packed with gzip, which is not opened"),
    "process": (vmcores.elf(kind=2), None, "it is no vmcore"),
    "marked": (
        vmcores.kdump(status=8),
        False,
        "makedumpfile marked it as incomplete, as it does when it runs out of room",
    ),
    "elf marked": (
        vmcores.elf(flags=1),
        False,
        "makedumpfile marked it as incomplete, as it does when it runs out of room",
    ),
    "a part": (vmcores.kdump(split=1), None, "it is one part of a dump that was split"),
    "no page": (vmcores.kdump({}), False, "it holds no page"),
    "elf, no page": (vmcores.elf([]), False, "it holds no page"),
    "end record": (vmcores.flattened(vmcores.kdump())[:-16], False, "the file ends before the end record"),
    "no record": (
        with_bytes(vmcores.flattened(vmcores.kdump()), 4096 + 16 + 16 + 8, b"\xf0"),
        False,
        "at byte 4128 a record should begin and does not",
    ),
    "32 bit": (
        with_bytes(vmcores.kdump(machine="i686"), 404, vmcores.kdump()[408:416] + vmcores.kdump()[424:460]),
        None,
        "its header is damaged, or of a 32-bit machine",
    ),
    "32-bit elf": (with_bytes(vmcores.elf(), 4, b"\1"), None, "it is of a 32-bit machine"),
    "version": (with_bytes(vmcores.kdump(), 8, b"\0\0\0\0"), None, "its header is of an unknown version"),
    "no data": (with_bytes(vmcores.kdump(), 4 * 4096 + 24 + 8, b"\0" * 4), False, NEVER),
    "no place": (with_bytes(vmcores.kdump(), 4 * 4096 + 24, b"\0" * 8), False, NEVER),
    "a place beyond all files": (with_bytes(vmcores.kdump(), 4 * 4096 + 24, b"\xff" * 8), False, NEVER),
    "too much data": (with_bytes(vmcores.kdump(packing=0), 4 * 4096 + 8, b"\1\x10"), False, NEVER),
    "hole": (with_bytes(vmcores.kdump(), 4 * 4096 + 24, b"\0" * 24), False, NEVER),
    "last page": (vmcores.kdump()[:-30] + b"\0" * 30, False, "its last page is damaged"),
    "lzo, last page": (vmcores.kdump(packing=vmcores.LZO)[:-30] + b"\0" * 30, False, "its last page is damaged"),
    "cut": (vmcores.kdump()[:-1], False, "pages of it are beyond the end of the file"),
    "elf, cut": (vmcores.elf()[:-1], False, "memory that it lists is beyond the end of the file"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_has_a_name(name: str, tmp_path: Path) -> None:
    content, complete, reason = DAMAGES[name]
    found = vmcore.read(written(tmp_path / "x", content))
    assert (found["complete"], found["reason"]) == (complete, reason)


@pytest.mark.parametrize("name", ["marked", "a part", "end record", "hole", "last page", "cut"])
def test_what_is_there_of_a_damaged_dump_is_told(name: str, tmp_path: Path) -> None:
    found = vmcore.read(written(tmp_path / "x", DAMAGES[name][0]))
    assert {key: found[key] for key in (*SAID, *ZLIB)} == {**SAID, **ZLIB}


def test_a_32_bit_machine_gives_its_names_and_no_garbage(tmp_path: Path) -> None:
    found = vmcore.read(written(tmp_path / "x", DAMAGES["32 bit"][0]))
    known = {key: value for key, value in found.items() if value is not None and key != "reason"}
    assert known == {"format": "kdump", "kernel": RELEASE, "machine": "i686", "node": "web1"}


def test_a_lost_record_in_the_middle(tmp_path: Path) -> None:
    content = vmcores.kdump()
    parts = [(start, content[start : start + 500]) for start in range(0, len(content), 500)]
    head = vmcores.flattened(content)[:4096]
    end = struct.pack(">qq", -1, -1)
    whole = vmcore.read(written(tmp_path / "x", head + vmcores.records_of(parts) + end))
    lost = vmcore.read(written(tmp_path / "y", head + vmcores.records_of(parts[:-2] + parts[-1:]) + end))
    assert (whole["complete"], lost["complete"]) == (True, False)
    assert lost["reason"] == "pages of it are beyond the end of the file"


@quickly
@given(records=st.lists(st.tuples(st.integers(0, 40), st.binary(max_size=12)), max_size=9), start=st.integers(0, 50))
def test_records_amount_to_what_writing_them_in_turn_does(
    records: list[tuple[int, bytes]], start: int, tmp_path: Path
) -> None:
    written_bytes = {place + index: byte for place, part in records for index, byte in enumerate(part)}
    last = next(place for place in range(start, 100) if place not in written_bytes)
    path = written(tmp_path / "x", vmcores.flattened(b"")[:4096] + vmcores.records_of(records))
    with File(path) as file:
        flattened = Flattened(file, Clock(5))
        assert flattened.read(start, 60) == bytes(written_bytes[place] for place in range(start, last))
        assert [end for end in range(start, 60) if flattened.holds(start, end)] == list(range(start, last + 1))


def test_there_is_an_end_to_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "x", vmcores.flattened(vmcores.kdump()))
    late = vmcore.read(path, -1)
    assert (late["complete"], late["reason"]) == (None, "the time for looking at it was over before its end")
    monkeypatch.setattr(files, "MOST_RECORDS", 5)
    many = vmcore.read(path)
    assert (many["complete"], many["reason"]) == (None, "it has more than 5 records")


def test_crash_time_of_a_header_without_one(tmp_path: Path) -> None:
    """CRASHTIME of VMCOREINFO then."""
    assert vmcore.read(written(tmp_path / "x", vmcores.kdump(crashed=0)))["crashed_at"] == SAID["crashed_at"]
    assert vmcore.read(written(tmp_path / "x", vmcores.kdump(crashed=0, info=b"A=B\n")))["crashed_at"] is None
    assert vmcore.read(written(tmp_path / "x", vmcores.kdump(crashed=1 << 62)))["crashed_at"] == SAID["crashed_at"]


def test_what_may_not_be_read_is_null(tmp_path: Path) -> None:
    found = vmcore.read(str(tmp_path / "missing"))
    assert (found["complete"], found["reason"]) == (None, "it could not be read: No such file or directory")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(written(tmp_path / "x", vmcores.kdump()))
    for name in ("pipe", "link", "."):
        found = vmcore.read(str(tmp_path / name))
        assert (found["complete"], found["format"]) == (None, None)
        assert found["reason"], name


def sparse(path: Path, size: int, *parts: tuple[int, bytes]) -> str:
    with path.open("wb") as stream:
        for place, content in parts:
            stream.seek(place)
            stream.write(content)
        stream.truncate(size)
    return str(path)


HOSTILE = {
    # A bitmap of 8 TiB in a file that has the room, on paper.
    "bitmap": lambda path: sparse(path, 1 << 43, (0, with_bytes(vmcores.kdump(), 436, b"\xff\xff\xff\x7f"))),
    "records": lambda path: written(
        path,
        vmcores.flattened(b"")[:4096] + b"".join(struct.pack(">qq", 2 * n, 1) + b"x" for n in range(600000, 0, -1)),
    ),
    "overlapping records": lambda path: written(
        path,
        vmcores.flattened(b"")[:4096] + b"".join(struct.pack(">qq", n, 9) + b"123456789" for n in range(400000, 0, -1)),
    ),
    "segments": lambda path: sparse(
        path,
        1 << 43,
        (0, with_bytes(with_bytes(vmcores.elf(), 56, b"\xff\xff"), 40, struct.pack("<Q", 1 << 40))),
        ((1 << 40) + 44, b"\xff\xff\xff\xff"),
    ),
    # Thousands of times the same 16 MiB of notes without a name or content.
    "notes": lambda path: sparse(
        path,
        1 << 43,
        (0, with_bytes(vmcores.elf(), 56, struct.pack("<H", 5000))),
        (64, struct.pack("<IIQQQQQQ", 4, 0, 1 << 40, 0, 0, 1 << 40, 0, 0) * 5000),
    ),
    "memory": lambda path: sparse(path, 1 << 43, (0, with_bytes(vmcores.elf(), 120 + 32, struct.pack("<Q", 1 << 42)))),
    "vmcoreinfo": lambda path: sparse(path, 1 << 43, (0, with_bytes(vmcores.kdump(), 4096 + 40, b"\xff" * 5))),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_sizes_in_the_file_are_not_trusted(name: str, tmp_path: Path) -> None:
    """No time and no memory beyond what was given, whatever the file says."""
    path = HOSTILE[name](tmp_path / "x")
    script = (
        "import resource, sys; sys.path.insert(0, sys.argv[2]); from kdump_enabler import vmcore\n"
        "resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))\n"
        "print(vmcore.read(sys.argv[1], 1)['complete'], vmcore.contains(sys.argv[1], b'no such text', 1)['found'])"
    )
    began = time.monotonic()
    command = [sys.executable, "-c", script, path, str(SOURCE.parents[1])]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.split()[1] in ("None", "False")
    assert time.monotonic() - began < 30
