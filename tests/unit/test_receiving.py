"""A file that arrives in pieces, on the controller's disk."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest
from ansible_collections.kdump.enabler.plugins.plugin_utils import receiving
from ansible_collections.kdump.enabler.plugins.plugin_utils.receiving import Part, ReceivingError


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "vmcore"


def test_it_has_its_name_when_it_is_whole(target: Path) -> None:
    with Part(target, ".part") as part:
        part.append(b"abc")
        part.append_zeros(5)
        part.append(b"d")
        assert (part.size, part.sha256) == (9, hashlib.sha256(b"abc\0\0\0\0\0d").hexdigest())
        assert not target.exists()
        part.finish()
    assert target.read_bytes() == b"abc\0\0\0\0\0d"
    assert [path.name for path in target.parent.iterdir()] == ["vmcore"]
    assert receiving.digest_of(target) == (9, hashlib.sha256(b"abc\0\0\0\0\0d").hexdigest())


def test_it_is_private_from_the_first_byte_on(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        receiving.make_private(tmp_path / "a" / "b")
        with Part(tmp_path / "a" / "b" / "vmcore", ".part") as part:
            assert stat.S_IMODE(part.name.stat().st_mode) == 0o600
    finally:
        os.umask(old)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "a/b")] == [0o700, 0o700]


def test_it_goes_on_where_it_was_cut(target: Path) -> None:
    with Part(target, ".part") as part:
        part.append(b"abc")
    with Part(target, ".part") as part:
        assert (part.size, part.sha256) == (3, hashlib.sha256(b"abc").hexdigest())
        part.append(b"d")
        part.finish()
    assert target.read_bytes() == b"abcd"


def test_it_begins_again(target: Path) -> None:
    with Part(target, ".part") as part:
        part.append(b"abc")
        part.begin_again()
        part.append(b"x")
        assert part.sha256 == hashlib.sha256(b"x").hexdigest()
        part.discard()
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("links", [True, False])
def test_it_replaces_nothing(target: Path, links: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no links here")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    with Part(target, ".part") as part:
        part.append(b"abc")
        target.write_bytes(b"another")
        with pytest.raises(FileExistsError):
            part.finish()
        target.unlink()
        part.finish()
    assert target.read_bytes() == b"abc"


def test_two_runs_do_not_meet(target: Path) -> None:
    with Part(target, ".part"), pytest.raises(ReceivingError, match="Another run"), Part(target, ".part"):
        pass


@pytest.mark.parametrize("kind", ["link", "hard link", "fifo"])
def test_a_part_that_is_somebody_elses(target: Path, kind: str, tmp_path: Path) -> None:
    other, name = tmp_path / "other", tmp_path / "vmcore.part"
    other.write_bytes(b"precious")
    {
        "link": lambda: name.symlink_to(other),
        "hard link": lambda: name.hardlink_to(other),
        "fifo": lambda: os.mkfifo(name),
    }[kind]()
    with pytest.raises((ReceivingError, OSError)), Part(target, ".part"):
        pass
    assert other.read_bytes() == b"precious"


def test_digest_of_what_is_no_file(tmp_path: Path) -> None:
    assert receiving.digest_of(tmp_path / "none") is None
    assert receiving.digest_of(tmp_path) == (-1, "")
