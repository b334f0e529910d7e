"""kdump.enabler.remove_dumps: what is exactly as it was seen goes, and nothing else."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.modules.module_runner import Call, tree
from tests.vmcores import written

AS = "import os; os.geteuid = lambda: {}"


@pytest.fixture
def crash(tmp_path: Path) -> Path:
    """A dump directory with one dump of a day ago."""
    for name in ("dump.202611201114", "dmesg.202611201114"):
        path = written(tmp_path / "crash/202611201114" / name, b"secret")
        os.utime(path, (time.time() - 86400,) * 2)
    return tmp_path / "crash"


def remove(call: Call, directory: Path, dump: dict[str, Any], **more: Any) -> dict[str, Any]:
    return call("remove_dumps", prelude=AS.format(0), directories=[str(directory)], dumps=[dump], **more)


def asked(directory: Path, *names: str, own: bool = True, **more: Any) -> dict[str, Any]:
    files = []
    for name in names or ("dmesg.202611201114", "dump.202611201114"):
        info = (directory / name).lstat()
        files.append({"path": f"{directory}/{name}", "size": info.st_size, "mtime_ns": info.st_mtime_ns} | more)
    return {"directory": str(directory), "own_directory": own, "files": files}


def test_a_dump_goes_with_its_directory(call: Call, crash: Path) -> None:
    dump = asked(crash / "202611201114")
    found = remove(call, crash, dump)
    assert found["changed"]
    assert found["removed"] == [file["path"] for file in dump["files"]]
    assert found["left"] == {}
    assert list(crash.iterdir()) == []
    assert "secret" not in found["stdout"]


def test_what_else_is_in_the_directory_stays(call: Call, crash: Path) -> None:
    written(crash / "202611201114/notes", b"mine")
    remove(call, crash, asked(crash / "202611201114"))
    assert [path.name for path in crash.rglob("*")] == ["202611201114", "notes"]


def test_a_directory_of_many_stays(call: Call, crash: Path) -> None:
    path = Path(written(crash / "web1-dump.202611201114", b"secret"))
    os.utime(path, (1, 1))
    remove(call, crash, asked(crash, path.name, own=False))
    assert [one.name for one in crash.iterdir()] == ["202611201114"]


def test_check_mode_removes_nothing(call: Call, crash: Path) -> None:
    before = tree(crash)
    found = remove(call, crash, asked(crash / "202611201114"), check=True)
    assert (found["changed"], len(found["removed"])) == (True, 2)
    assert tree(crash) == before


def test_directories_may_be_named_by_a_link(call: Call, crash: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(crash)
    remove(call, tmp_path / "link", asked(crash / "202611201114"))
    assert list(crash.iterdir()) == []


def refused(call: Call, crash: Path, dump: dict[str, Any], said: str) -> None:
    """Nothing of the dump goes, and the reason is given."""
    before = tree(crash.parent)
    found = remove(call, crash, dump)
    assert said in found["left"][dump["files"][-1]["path"]]
    assert (found["changed"], found["removed"]) == (False, [])
    assert tree(crash.parent) == before


@pytest.mark.parametrize(
    ("more", "said"),
    [({"size": 7}, "has changed"), ({"mtime_ns": 1}, "has changed"), ({"path": "/etc/passwd"}, "is not in")],
)
def test_a_file_that_is_another(call: Call, crash: Path, more: dict[str, Any], said: str) -> None:
    dump = asked(crash / "202611201114")
    dump["files"][-1] |= more
    refused(call, crash, dump, said)


def test_a_file_that_is_written(call: Call, crash: Path) -> None:
    os.utime(crash / "202611201114/dump.202611201114")
    refused(call, crash, asked(crash / "202611201114"), "may still be written")


def test_a_file_that_is_gone(call: Call, crash: Path) -> None:
    dump = asked(crash / "202611201114")
    (crash / "202611201114/dump.202611201114").unlink()
    refused(call, crash, dump, "is gone")


def test_links(call: Call, crash: Path, tmp_path: Path) -> None:
    """A file that is one, and one on the way: both lead to files that look right."""
    outside = Path(written(tmp_path / "outside/dump.202611201114", b"secret"))
    os.utime(outside, (1, 1))
    (crash / "202611201115").symlink_to(outside.parent)
    dump = asked(crash / "202611201115", "dump.202611201114")
    refused(call, crash, dump, "without following a link")
    (crash / "202611201116").mkdir()
    (crash / "202611201116/dump.202611201116").symlink_to(outside)
    refused(call, crash, asked(crash / "202611201116", "dump.202611201116"), "is a link")


@pytest.mark.parametrize("place", ["outside", "crash/../outside", "crash/1/2/3", "crash"])
def test_outside(call: Call, crash: Path, tmp_path: Path, place: str) -> None:
    os.utime(written(tmp_path / place / "dump.202611201114", b"secret"), (1, 1))
    dump = asked(tmp_path / place, "dump.202611201114")
    refused(call, crash, dump, "where all dumps go" if place == "crash" else "in none of the directories")


def test_without_root(call: Call, crash: Path) -> None:
    dump = asked(crash / "202611201114")
    found = call("remove_dumps", prelude=AS.format(1000), directories=[str(crash)], dumps=[dump])
    assert (found["kind"], found["failed"], found["msg"]) == ("no_root", True, "Removing dumps needs root.")
    assert len(list(crash.rglob("*"))) == 3
