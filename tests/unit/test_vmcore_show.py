"""All about one dump: which one is meant, and the end of its kernel log."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdump_enabler import vmcore
from kdump_enabler.vmcore.log_files import LINE_CAP, MOST_LINES, tail
from tests import vmcores
from tests.unit.test_vmcore_find import DUMP, LOG, tree
from tests.vmcores import written

PANIC = "[  45.1] Kernel panic - not syncing: sysrq triggered crash"
OOPS = ["[  44.9] BUG: kernel NULL pointer dereference, address: 0010", "[  45.0] Oops: 0002 [#1] PREEMPT SMP"]
LOGS = {
    "panic": ([*OOPS, PANIC, "[  45.2] CPU: 0 PID: 1"], PANIC),
    "oops": ([*OOPS, "[  45.2] RIP: 0010:x"], OOPS[0]),
    "bare oops": (OOPS[1:], OOPS[1]),
    "fault": (["[ 1.0] general protection fault, probably for non-canonical address 0xdead"], None),
    "the last": (["Kernel panic - not syncing: of an earlier boot", PANIC], PANIC),
    "nothing": (["[ 1.0] all is well"], None),
}


@pytest.mark.parametrize("name", LOGS)
def test_the_line_that_names_the_panic(name: str, tmp_path: Path) -> None:
    lines, panic = LOGS[name]
    path = written(tmp_path / "dmesg", "\n".join(lines).encode())
    assert tail(path) == (lines, panic or (lines[0] if name == "fault" else None))


def test_a_log_is_cut_to_its_end(tmp_path: Path) -> None:
    path = written(tmp_path / "dmesg", b"".join(b"line %d %s\n" % (number, b"x" * 999) for number in range(9000)))
    lines, panic = tail(path)
    assert lines is not None
    assert ([line.split()[1] for line in lines], panic) == ([str(number) for number in range(8960, 9000)], None)
    assert {len(line) for line in lines} == {LINE_CAP}
    assert tail(str(tmp_path / "missing")) == (None, None)


def test_show(tmp_path: Path) -> None:
    older = tree(tmp_path / "crash", ["202611201114/dump.202611201114", "202611201114/dmesg.202611201114"])
    newer = Path(written(older / "202611211114/dump.202611211114", vmcores.kdump(crashed=vmcores.CRASHED + 9)))
    latest = vmcore.show("latest", [str(older)])
    assert [record["path"] for record in latest] == [str(newer)]
    by_directory = vmcore.show(str(older / "202611201114"), [])
    (by_path,) = vmcore.show(str(older / "202611201114/dump.202611201114"), [])
    assert by_directory == [by_path]
    assert (by_path["complete"], by_path["log_tail"]) == (True, [LOG.decode().rstrip()])


def test_show_what_is_none(tmp_path: Path) -> None:
    assert vmcore.show("latest", [str(tmp_path), str(tmp_path / "missing")]) == []
    for path in (tmp_path, tmp_path / "missing", tmp_path / "missing/vmcore"):
        (record,) = vmcore.show(str(path), [])
        assert (record["path"] is None or record["format"] is None, record["complete"]) == (True, None)
        assert record["reason"]
    (tmp_path / "any.name").symlink_to(written(tmp_path / "x/y", DUMP))
    (record,) = vmcore.show(str(tmp_path / "any.name"), [])
    assert (record["complete"], record["log"]) == (True, None)


def test_a_log_from_a_word_on(tmp_path: Path) -> None:
    """What `simulate` reads: who noticed the trouble comes long before the last lines."""
    noise = [f"[ 2.{number}] nothing" for number in range(9000)]
    lines = [*noise[:100], "[ 1.0] kdump-enabler: crash on purpose, 5f1c0a9e", *noise]
    path = written(tmp_path / "dmesg", "\n".join(lines).encode())
    asked = {"do": "log", "path": path, "after": "5f1c0a9e"}
    found = vmcore.answer(asked)["lines"]
    assert (found[0], len(found)) == (lines[100], MOST_LINES)
    short = written(tmp_path / "short", "\n".join(lines[:103]).encode())
    assert vmcore.answer({**asked, "path": short})["lines"] == lines[100:103]
    assert vmcore.answer({**asked, "path": short, "after": "another"})["lines"] == []
    assert vmcore.answer({**asked, "path": str(tmp_path / "missing")})["lines"] is None
