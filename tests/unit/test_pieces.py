"""What the host answers about files of dumps, as it runs there: piped to Python."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kdump_enabler import pieces
from tests.vmcores import written

CONTENT = bytes(range(256)) * 20


def asked(**request: Any) -> dict[str, Any]:
    source = Path(pieces.__file__).read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-", json.dumps(request)], input=source, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith('{"schema": 1')
    assert done.stdout.count("\n") == 1
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_look(tmp_path: Path) -> None:
    path = written(tmp_path / "vmcore", CONTENT)
    os.utime(path, ns=(0, 1795173289123456789))
    (tmp_path / "link").symlink_to(path)
    found = asked(do="look", paths=[path, str(tmp_path / "link"), str(tmp_path), str(tmp_path / "none")])
    assert found["files"] == [[len(CONTENT), 1795173289123456789, Path(path).stat().st_ino], None, None, None]
    assert 0 <= time.time() - found["now"] < 60


@pytest.mark.parametrize("end", [0, 1, 3000, len(CONTENT), len(CONTENT) + 1])
def test_digest(tmp_path: Path, end: int) -> None:
    path = written(tmp_path / "vmcore", CONTENT)
    found = asked(do="digest", path=path, end=end)
    assert found["sha256"] == hashlib.sha256(CONTENT[:end]).hexdigest()
    assert found["version"] == asked(do="look", paths=[path])["files"][0]


@pytest.mark.parametrize(("start", "size"), [(0, 100), (100, 5000), (5119, 100), (6000, 1)])
def test_read(tmp_path: Path, start: int, size: int) -> None:
    found = asked(do="read", path=written(tmp_path / "vmcore", CONTENT), start=start, size=size)
    assert base64.b64decode(found["data"]) == CONTENT[start : start + size]


def test_read_what_is_nothing_but_zeros(tmp_path: Path) -> None:
    path = written(tmp_path / "vmcore", b"x" + bytes(100))
    assert asked(do="read", path=path, start=1, size=100)["data"] is None
    assert asked(do="read", path=path, start=1, size=101)["data"] == base64.b64encode(bytes(100)).decode()
    assert asked(do="read", path=path, start=101, size=5)["data"] == ""


@pytest.mark.parametrize("do", ["read", "digest"])
@pytest.mark.parametrize("kind", ["link", "fifo", "missing", "directory"])
def test_what_is_no_file(tmp_path: Path, kind: str, do: str) -> None:
    path = tmp_path / "x"
    if kind == "link":
        path.symlink_to(written(tmp_path / "y", CONTENT))
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    assert f"{path} could not be read" in asked(do=do, path=str(path), start=0, size=9, end=9)["error"]
