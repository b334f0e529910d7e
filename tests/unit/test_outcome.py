"""What came out of a crash: a proof only where every part of it is there; otherwise the line that says why."""

from __future__ import annotations

from typing import Any

import pytest

from kdump_enabler.crash.outcome import Seen, capture_lines, judge, phases, trouble
from kdump_enabler.facts.proofs import Note

BUILD = "eb4fbcd0"
NOTE = Note(
    id="5f1c0a9e",
    begun_at="2026-11-21T10:00:00Z",
    boot_id="before",
    bindings={"kernel": "6.1.0-56-amd64", "kernel build": BUILD},
    directory="/var/crash",
    reserved_bytes=256 << 20,
    dumps=(),
    outcome=None,
)
DUMP = {
    "path": "/var/crash/202611211000/dump.202611211000",
    "complete": True,
    "reason": None,
    "kernel": "6.1.0-56-amd64",
    "build_id": BUILD,
}
# As they were printed on real consoles and in real journals.
LINES = {
    "no_space": ["makedumpfile Completed.", "cat: write error: No space left on device"],
    "out_of_memory": [
        "[    5.1] systemd invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0",
        "[    5.2] Failed to mount /boot/efi",
    ],
    "target": ["[  *** ] Job dev-disk-by...", "Timed out waiting for device /dev/disk/by-uuid/6b64756d"],
    "capture_kernel": ["Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)"],
}


def seen(**changes: Any) -> Seen:
    return Seen(**{"boot_id": "after", "dumps": [DUMP], "holder": DUMP["path"], **changes})


def test_a_whole_dump_of_this_crash_is_a_proof() -> None:
    found = judge(NOTE, seen())
    assert (found.kind, found.dump) == ("proven", DUMP)
    assert trouble(found.as_dict()) == {}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"complete": False, "reason": "the file ends before the end record"}, "incomplete"),
        ({"complete": None, "reason": "it may not be read"}, "incomplete"),
        ({"path": None, "log": "/var/crash/202611211000/dmesg.202611211000", "complete": False}, "incomplete"),
        ({"kernel": "6.1.0-55-amd64"}, "wrong_kernel"),
        ({"build_id": "00"}, "wrong_kernel"),
    ],
)
def test_a_dump_that_proves_nothing(changes: dict[str, Any], kind: str) -> None:
    found = judge(NOTE, seen(dumps=[DUMP | changes]))
    assert found.kind == kind
    assert trouble(found.as_dict())["exit_code"] == 1


def test_a_dump_without_our_word_may_be_of_another_crash() -> None:
    assert judge(NOTE, seen(holder="")).kind == "no_id"


def test_on_a_server_the_dump_with_our_word_counts() -> None:
    """Another host may have sent one since."""
    others = DUMP | {"path": "/srv/dumps/web2/dump.202611211001", "kernel": "6.12.1"}
    found = judge(NOTE, seen(dumps=[others, DUMP], server="dumps1"))
    assert (found.dump, found.sentence) == (DUMP, f"{DUMP['path']} on dumps1 is whole and holds this crash")


def test_no_panic() -> None:
    assert judge(NOTE, seen(boot_id="before", dumps=[])).kind == "no_panic"


@pytest.mark.parametrize("boot_id", ["after", None])
@pytest.mark.parametrize("kind", LINES)
def test_no_dump_and_the_line_that_says_why(kind: str, boot_id: str | None) -> None:
    found = judge(NOTE, seen(boot_id=boot_id, dumps=[], lines=LINES[kind]))
    assert found.kind == kind
    assert found.line in [" ".join(line.split()) for line in LINES[kind]]
    assert ("did not come back" in found.sentence) is (boot_id is None)
    assert found.line in trouble(found.as_dict())["hint"]


def test_no_dump_and_no_word() -> None:
    assert judge(NOTE, seen(dumps=[])).kind == "no_dump"
    assert judge(NOTE, seen(dumps=[], boot_id=None)).kind == "no_return"


def test_an_incomplete_dump_with_its_reason() -> None:
    cut = DUMP | {"complete": False, "reason": "the file ends before the end record"}
    found = judge(NOTE, seen(dumps=[cut], lines=LINES["no_space"]))
    assert (found.kind, found.line) == ("no_space", "cat: write error: No space left on device")
    assert "ends before the end record" in found.sentence


CONSOLE = [
    "[  9.0] Linux version 6.1.0-56-amd64 (the boot that crashes)",
    "[ 90.0] kdump-enabler: crash on purpose, 5f1c0a9e",
    "[ 92.0] sysrq: Trigger a crash",
    "[ 92.0] Kernel panic - not syncing: sysrq triggered crash",
    "[  0.0] Linux version 6.1.0-56-amd64 (the capture kernel)",
    "[  1.0] Out of memory: Killed process 77 (makedumpfile)",
    "[  0.0] Linux version 6.1.0-56-amd64 (the boot after)",
    "[  1.0] Failed to mount something",
]


def test_the_capture_kernels_part_of_the_console() -> None:
    assert capture_lines(CONSOLE, NOTE.id) == CONSOLE[4:6]
    assert capture_lines(CONSOLE[:6], NOTE.id) == CONSOLE[4:6]
    assert capture_lines([*CONSOLE[:6], "SeaBIOS (version 1.16.2)", CONSOLE[-1]], NOTE.id) == CONSOLE[4:6]
    quiet = [line for line in CONSOLE if "Linux version" not in line]
    assert capture_lines([*quiet[:4], "  Booting `Debian'", *quiet[4:]], NOTE.id) == [CONSOLE[5]]
    assert capture_lines(CONSOLE[:4], NOTE.id) == []
    assert capture_lines(CONSOLE, "another") == []


def test_the_panic_itself_is_no_reason() -> None:
    """Where the jump into the capture kernel failed, the console ends with the panic that was asked for."""
    found = judge(NOTE, seen(dumps=[], lines=capture_lines(CONSOLE[:4], NOTE.id)))
    assert (found.kind, found.line) == ("no_dump", "")


def test_phases() -> None:
    dump = {
        "crashed_at": "2026-11-21T10:00:02Z",
        "log_written_at": "2026-11-21T10:00:20Z",
        "written_at": "2026-11-21T10:00:32Z",
    }
    assert phases(dump, 71) == {"to_capture": 18, "dumping": 12, "crash_to_dump": 30, "crash_to_back": 71}
    assert set(phases({}, None).values()) == {None}


def test_phases_by_two_clocks_are_not_known() -> None:
    """A server's clock says when it got the files."""
    dump = {
        "crashed_at": "2026-11-21T10:00:02Z",
        "log_written_at": "2026-11-21T09:00:20Z",
        "written_at": "2026-11-21T09:00:32Z",
    }
    found = phases(dump, 71, one_clock=False)
    assert found == {"to_capture": None, "dumping": 12, "crash_to_dump": None, "crash_to_back": 71}
