"""Where dumps are looked for: the layouts of every family, who can read them, and what is left of a missing one."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kdump_enabler import piped, vmcore
from kdump_enabler.vmcore import finding
from tests import vmcores
from tests.vmcores import written

NOBODY = 65534
DUMP = vmcores.kdump()
LOG = b"[    0.000000] Linux version 6.1.0\n"

# Files of a dump directory, and the dumps that are in it: vmcore, log, and whether it is there.
LAYOUTS: dict[str, tuple[list[str], list[tuple[str | None, str | None, bool]]]] = {
    "kdump-tools": (
        ["202611201114/dump.202611201114", "202611201114/dmesg.202611201114", "kexec_cmd", "kdump_lock"],
        [("202611201114/dump.202611201114", "202611201114/dmesg.202611201114", True)],
    ),
    "kdump-tools, incomplete": (
        ["202611201114/dump-incomplete", "202611201114/dmesg.202611201114"],
        [("202611201114/dump-incomplete", "202611201114/dmesg.202611201114", True)],
    ),
    "kdump-tools, copied": (["202611201114/vmcore.202611201114"], [("202611201114/vmcore.202611201114", None, True)]),
    "kdump-tools, packed": (["202611201114/dump.202611201114.gz"], [("202611201114/dump.202611201114.gz", None, True)]),
    "kdump-tools, server": (
        ["web1-202611201114/dump.202611201114", "10.0.0.7-202611201115/dump.202611201115"],
        [
            ("10.0.0.7-202611201115/dump.202611201115", None, True),
            ("web1-202611201114/dump.202611201114", None, True),
        ],
    ),
    "kdump-tools, FTP": (
        ["web1-dump.202611201114", "web1-dmesg.202611201114", "web2-dmesg.202611201114"],
        [("web1-dump.202611201114", "web1-dmesg.202611201114", True), (None, "web2-dmesg.202611201114", False)],
    ),
    "kdump-tools, log only": (["202611201114/dmesg.202611201114"], [(None, "202611201114/dmesg.202611201114", False)]),
    "kdump-tools, nothing": (["202611201114/"], [(None, None, False)]),
    "apport": (["linux-image-6.8.0-31-generic-202611201114.crash", "_usr_bin_x.1000.crash"], []),
    "kdump-utils": (
        [
            "127.0.0.1-2026-11-20-11:14:49/vmcore",
            "127.0.0.1-2026-11-20-11:14:49/vmcore-dmesg.txt",
            "127.0.0.1-2026-11-20-11:14:49/kexec-dmesg.log",
        ],
        [("127.0.0.1-2026-11-20-11:14:49/vmcore", "127.0.0.1-2026-11-20-11:14:49/vmcore-dmesg.txt", True)],
    ),
    "kdump-utils, incomplete": (
        [
            "127.0.0.1-2026-11-20-11:14:49/vmcore-incomplete",
            "127.0.0.1-2026-11-20-11:14:49/vmcore-dmesg-incomplete.txt",
        ],
        [
            (
                "127.0.0.1-2026-11-20-11:14:49/vmcore-incomplete",
                "127.0.0.1-2026-11-20-11:14:49/vmcore-dmesg-incomplete.txt",
                True,
            )
        ],
    ),
    "kdump-utils, ssh": (
        ["10.0.0.7-2026-11-20-11:14:49/vmcore.flat"],
        [("10.0.0.7-2026-11-20-11:14:49/vmcore.flat", None, True)],
    ),
    "kdump-utils, raw": (["2026-11-20-11:14/vmcore"], [("2026-11-20-11:14/vmcore", None, True)]),
    "kdumpctl test": (
        ["kdump-test-1795173289/vmcore-dmesg.txt"],
        [(None, "kdump-test-1795173289/vmcore-dmesg.txt", False)],
    ),
    "SUSE": (
        ["2026-11-20-11-14/vmcore", "2026-11-20-11-14/dmesg", "2026-11-20-11-14/README.txt"],
        [("2026-11-20-11-14/vmcore", "2026-11-20-11-14/dmesg", True)],
    ),
    "SUSE, older, split": (
        ["2026-11-20-11:14/vmcore1", "2026-11-20-11:14/vmcore2", "2026-11-20-11:14/dmesg.txt"],
        [
            ("2026-11-20-11:14/vmcore1", "2026-11-20-11:14/dmesg.txt", True),
            ("2026-11-20-11:14/vmcore2", "2026-11-20-11:14/dmesg.txt", True),
        ],
    ),
    "by host": (["web1/202611201114/dump.202611201114"], [("web1/202611201114/dump.202611201114", None, True)]),
    "loose": (["vmcore"], [("vmcore", None, True)]),
    "others' files": (
        ["notes/dmesg", "dmesg", "dmesg.txt", "202611201114/report.pdf", "db-202611201114/dump.sql", "lost+found/"],
        [],
    ),
    "too deep": (["a/b/c/vmcore"], []),
}


def tree(root: Path, names: list[str]) -> Path:
    """Files with a dump or a log in them; a name that ends in / is a directory."""
    for number, name in enumerate(names):
        if name.endswith("/"):
            (root / name).mkdir(parents=True)
        else:
            path = written(root / name, LOG if "dmesg" in name else DUMP)
            os.utime(path, (1795173289 - number, 1795173289 - number))
    return root


def found(root: Path) -> list[dict[str, Any]]:
    return vmcore.find([str(root)])


@pytest.mark.parametrize("name", LAYOUTS)
def test_layout(name: str, tmp_path: Path) -> None:
    names, expected = LAYOUTS[name]
    root = tree(tmp_path / "crash", names)
    records = found(root)
    listed = [
        (record["path"] and record["path"][len(str(root)) + 1 :], record["log"] and record["log"][len(str(root)) + 1 :])
        for record in records
    ]
    assert sorted(listed, key=str) == sorted(((vmcore, log) for vmcore, log, _ in expected), key=str)
    assert {record["complete"] for record in records if not record["path"]} <= {False}


def test_each_dump_is_reported_once(tmp_path: Path) -> None:
    """By two names of one directory too, and whatever is looked at twice."""
    root = tree(tmp_path / "crash", ["202611201114/dump.202611201114", "202611201115/dmesg.202611201115"])
    (tmp_path / "link").symlink_to(root)
    records = vmcore.find([str(root), str(tmp_path / "link"), str(root / "202611201114"), str(tmp_path / "missing")])
    assert sorted(record["directory"][-12:] for record in records) == ["202611201114", "202611201115"]


@pytest.mark.parametrize("asked", [{"do": "list"}, {"do": "show", "path": "latest"}])
@pytest.mark.parametrize(("name", "reason"), [("missing", "No such file or directory"), ("file", "Not a directory")])
def test_a_directory_that_somebody_named_has_to_be_one(
    asked: dict[str, str], name: str, reason: str, tmp_path: Path
) -> None:
    written(tmp_path / "file", b"")
    request = {**asked, "directories": [str(tmp_path / name)]}
    assert vmcore.answer(request)["vmcores"] == []
    (record,) = vmcore.answer({**request, "named": True})["vmcores"]
    assert (record["directory"], record["path"], record["complete"]) == (str(tmp_path / name), None, None)
    assert record["reason"] == f"it could not be read: {reason}"


def test_the_newest_comes_first(tmp_path: Path) -> None:
    """By the time of the crash where a dump tells it: copying changes the other."""
    day = 86400
    for days, stamp in ((2, "a"), (3, "b"), (1, "c")):
        path = written(tmp_path / stamp / "vmcore", vmcores.kdump(crashed=vmcores.CRASHED + days * day))
        os.utime(path, (vmcores.CRASHED - days * day,) * 2)
    log = written(tmp_path / "2026-11-22-20-00/dmesg", LOG)
    os.utime(log, (vmcores.CRASHED + 2.5 * day,) * 2)
    assert [Path(record["directory"]).name[0] for record in found(tmp_path)] == ["b", "2", "a", "c"]


def test_what_stat_tells(tmp_path: Path) -> None:
    path = Path(written(tmp_path / "202611201114/dump.202611201114", DUMP + bytes(1 << 20)))
    written(tmp_path / "202611201114/dmesg.202611201114", LOG)
    os.truncate(path, 1 << 30)
    path.chmod(0o640)
    os.utime(path, (vmcores.CRASHED, vmcores.CRASHED))
    (record,) = found(tmp_path)
    told = subprocess.run(
        ["stat", "-c", "%s %b %B %a %u %g %y", path], capture_output=True, text=True, check=True
    ).stdout
    size, blocks, block, mode, uid, gid, day, clock = told.split()[:8]
    assert (record["size_bytes"], record["allocated_bytes"]) == (int(size), int(blocks) * int(block))
    assert (record["mode"], record["uid"], record["gid"]) == (int(mode, 8), int(uid), int(gid))
    assert (record["written_at"], record["log_bytes"]) == (f"{day}T{clock[:8]}Z", len(LOG))


def test_what_suse_says_of_a_vmcore_that_it_deleted(tmp_path: Path) -> None:
    directory = tree(tmp_path, ["2026-11-20-11-14/dmesg"]) / "2026-11-20-11-14"
    (record,) = found(tmp_path)
    assert (record["complete"], record["reason"]) == (False, "there is a kernel log and no vmcore")
    status = "vmcore status: deleted (12 < KDUMP_FREE_DISK_SIZE 64)"
    written(directory / "README.txt", f"Kernel crashdump\n----------------\ndmesg status: saved\n{status}\n".encode())
    (record,) = found(tmp_path)
    assert (record["complete"], record["reason"]) == (False, f"README.txt says: {status}")


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that every user gets to."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


MODES = [
    (0o755, 0o644, True),
    (0o755, 0o600, False),
    (0o700, 0o644, False),
    (0o711, 0o604, True),
    (0o744, 0o644, False),
]


@pytest.mark.parametrize(("directory", "file", "is_open"), MODES)
def test_who_can_read_a_dump(open_place: Path, directory: int, file: int, is_open: bool) -> None:
    path = Path(written(open_place / "202611201114/dump.202611201114", DUMP))
    path.chmod(file)
    path.parent.chmod(directory)
    (record,) = found(open_place)
    assert record["open_to_others"] is is_open
    if os.geteuid() == 0:  # cat decides, as another user
        assert (as_nobody("cat", str(path)).returncode == 0) is is_open


def as_nobody(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, check=False, encoding="latin-1", user=NOBODY, group=NOBODY, extra_groups=[]
    )


def test_a_closed_way(open_place: Path) -> None:
    written(open_place / "crash/202611201114/dump.202611201114", DUMP)
    assert found(open_place / "crash")[0]["open_to_others"] is True
    open_place.chmod(0o700)
    assert found(open_place / "crash")[0]["open_to_others"] is False


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_without_rights(open_place: Path) -> None:
    """Closed dumps are reported, and null; other closed directories are nobody's business."""
    written(open_place / "202611201114/dump.202611201114", DUMP)
    (open_place / "202611201114").chmod(0o700)
    path = Path(written(open_place / "202611201115/dump.202611201115", DUMP))
    path.chmod(0o600)
    (open_place / "lost+found").mkdir(mode=0o700)
    source = piped.program(Path(vmcore.__file__)).decode()
    request = json.dumps({"do": "list", "directories": [str(open_place)]})
    run = as_nobody("/usr/bin/env", "python3", "-I", "-c", source, request)
    told = [
        (record["directory"][-12:], record["size_bytes"], record["complete"], record["reason"])
        for record in json.loads(run.stdout)["vmcores"]
    ]
    denied = "it could not be read: Permission denied"
    assert sorted(told) == [("202611201114", None, None, denied), ("202611201115", len(DUMP), None, denied)]


def test_links_lead_nowhere(tmp_path: Path) -> None:
    """In a directory that anybody writes to."""
    path = written(tmp_path / "elsewhere/vmcore", DUMP)
    (tmp_path / "crash/202611201114").mkdir(parents=True)
    (tmp_path / "crash/202611201114/vmcore").symlink_to(path)
    (tmp_path / "crash/202611201115").symlink_to(tmp_path / "elsewhere")
    assert [record["path"] for record in found(tmp_path / "crash")] == [None]


def test_there_is_an_end_to_looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MOST_ENTRIES", 20)
    tree(tmp_path, [f"20261120{number:04}/dump.20261120{number:04}" for number in range(15)])
    records = found(tmp_path)
    assert 2 <= len(records) <= 20
    (told,) = [record for record in records if record["complete"] is None]
    assert told["reason"] == "it has more than 20 entries, and no more were looked at"


def test_a_list_in_no_time_has_what_stat_tells(tmp_path: Path) -> None:
    tree(tmp_path, ["202611201114/dump.202611201114"])
    (record,) = vmcore.find([str(tmp_path)], -1)
    assert (record["size_bytes"], record["complete"]) == (len(DUMP), None)
    assert "time" in record["reason"]
