"""kdump.enabler.files: several files or none, every other byte kept, everything in the backup set."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.modules.module_runner import (
    Call,
    Host,
    digest,
    tree,
)


def test_changes_creates_and_removes(host: Host) -> None:
    """Three kinds of change in one call, and the manifest says what was."""
    old = host.write("old.cfg", b"a\n", 0o640)
    gone = host.write("gone.cfg", b"secret\n", 0o600)
    result = host.run(
        host.change("old.cfg", text="b\n"),
        host.change("sub/dir/new.conf", text="new\n"),
        host.change("gone.cfg", absent=True),
        packages=["kdump-tools"],
        tool_version="1.2.3",
    )
    assert result["changed"] is True
    new = host.etc / "sub/dir/new.conf"
    assert result["paths"] == [str(old), str(new), str(gone)]
    assert old.read_bytes() == b"b\n"
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert (new.read_bytes(), stat.S_IMODE(new.stat().st_mode)) == (b"new\n", 0o644)
    assert stat.S_IMODE(new.parent.stat().st_mode) == 0o755
    assert not gone.exists()
    assert sorted(path.name for path in host.etc.iterdir()) == ["old.cfg", "sub"]
    manifest = host.manifest()
    assert (manifest["schema"], manifest["tool_version"]) == ("kdump-enabler/backup/1", "1.2.3")
    assert manifest["packages"] == ["kdump-tools"]
    first, second, third = manifest["files"]
    assert {key: first["before"][key] for key in ("sha256", "mode", "uid", "gid", "content")} == {
        "sha256": digest(b"a\n"),
        "mode": "0640",
        "uid": os.geteuid(),
        "gid": old.stat().st_gid,
        "content": "files/0001",
    }
    assert first["after"] == {"sha256": digest(b"b\n"), "mode": "0640"}
    assert second == {"path": str(new), "before": None, "after": {"sha256": digest(b"new\n"), "mode": "0644"}}
    assert third["after"] is None


def test_the_backup_is_private(host: Host) -> None:
    """Old contents may be secret."""
    host.write("a", b"a\n")
    result = host.run(host.change("a", text="b\n"))
    directory = Path(result["backup"])
    assert directory == host.root / "20250101T000000Z"
    modes = {str(path.relative_to(host.root)): stat.S_IMODE(path.stat().st_mode) for path in host.root.rglob("*")}
    name = directory.name
    assert modes == {
        name: 0o700,
        f"{name}/files": 0o700,
        f"{name}/files/0001": 0o600,
        f"{name}/manifest.json": 0o600,
    }
    assert (directory / "files/0001").read_bytes() == b"a\n"


@pytest.mark.parametrize(
    ("content", "lines", "expected"),
    [
        (b"a\nb\nc\n", {"2": "B"}, b"a\nB\nc\n"),
        (b"a\nb\nc", {"3": "C"}, b"a\nb\nC"),
        (b"a\r\nb\nc\r\n", {"1": "A", "2": "B"}, b"A\r\nB\nc\r\n"),
        (b"\xff\xfe\nb\n\x00\n", {"2": "x"}, b"\xff\xfe\nx\n\x00\n"),
        (b"\n\n", {"2": "x"}, b"\nx\n"),
        (b"a\x0bb\x0cc\n\xc2\x85\nd\n", {"3": "é"}, b"a\x0bb\x0cc\n\xc2\x85\n\xc3\xa9\n"),
    ],
)
def test_lines_touches_nothing_else(host: Host, content: bytes, lines: dict[str, str], expected: bytes) -> None:
    """Line ends, odd bytes and a missing last newline stay."""
    path = host.write("a", content)
    host.run(host.change("a", lines=lines))
    assert path.read_bytes() == expected


@pytest.mark.parametrize("lines", [{"0": "x"}, {"3": "x"}, {"one": "x"}, {"1": "x\ny"}, {"1": "x\r"}, {"1": 5}])
def test_lines_that_cannot_be_meant(host: Host, lines: dict[str, Any]) -> None:
    """Refused, and the file stays."""
    host.write("a", b"1\n2\n")
    before = tree(host.etc)
    result = host.run(host.change("a", lines=lines))
    assert result["kind"] == "bad_arguments"
    assert tree(host.etc) == before


@pytest.mark.parametrize(
    "change",
    [
        {"path": "relative", "text": ""},
        {"path": "/etc/../etc/x", "text": ""},
        {"path": "/nowhere/x"},
        {"path": "/nowhere/x", "text": "", "absent": True},
        {"path": "/nowhere/x", "text": "", "lines": {}},
        {"path": "/nowhere/x", "text": "", "mode": "420"},
        {"path": "/nowhere/x", "text": "", "mode": "0888"},
    ],
)
def test_bad_arguments(host: Host, change: dict[str, Any]) -> None:
    """One sentence and a hint."""
    result = host.run(change)
    assert result["failed"] is True
    assert result["kind"] == "bad_arguments"
    assert result["hint"].endswith(".")
    assert not host.root.exists()


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "", "a\n"])
def test_a_set_name_cannot_leave_the_root(host: Host, name: str) -> None:
    """The name becomes a path."""
    assert host.run(host.change("a", text="x"), backup_set=name)["kind"] == "bad_arguments"
    assert not (host.etc / "a").exists()


def test_the_same_file_twice(host: Host) -> None:
    """The second would overwrite the first."""
    assert host.run(host.change("a", text="x"), host.change("a", text="y"))["kind"] == "bad_arguments"


def test_every_moved_file_is_named_and_none_changed(host: Host) -> None:
    """Changed, vanished, appeared: all three stand in the sentence; the good one stays too."""
    good = host.change("good", text="x\n")
    host.write("edited", b"old\n")
    edited = host.change("edited", text="x\n")
    host.write("edited", b"by the admin\n")
    vanished = {"path": str(host.etc / "vanished"), "before": digest(b""), "text": "x"}
    appeared = host.change("appeared", text="x\n")
    host.write("appeared", b"")
    before = tree(host.etc)
    result = host.run(good, edited, vanished, appeared)
    assert result["kind"] == "changed_since"
    assert result["paths"] == [str(host.etc / name) for name in ("edited", "vanished", "appeared")]
    assert all(path in result["msg"] for path in result["paths"])
    assert tree(host.etc) == before
    assert not host.root.exists()


def test_a_symbolic_link_is_refused(host: Host) -> None:
    """Replacing it would leave the file that it leads to as it was."""
    target = host.write("target", b"t\n")
    (host.etc / "link").symlink_to(target)
    result = host.run(host.change("link", text="x\n"))
    assert result["kind"] == "symlink"
    assert str(target) in result["msg"]
    assert (host.etc / "link").is_symlink()


def test_a_directory_is_refused(host: Host) -> None:
    """It is no file."""
    (host.etc / "d").mkdir()
    assert host.run({"path": str(host.etc / "d"), "text": ""})["kind"] == "not_a_file"


def test_a_file_where_a_directory_should_be(host: Host) -> None:
    """In check mode as well."""
    host.write("f", b"")
    for check in (True, False):
        assert host.run(host.change("f/x", text=""), check=check)["kind"] == "not_writable"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_takes_no_file(host: Host) -> None:
    """Check mode says so, too."""
    host.etc.chmod(0o555)
    assert host.run(host.change("a", text=""), check=True)["kind"] == "not_writable"
    host.etc.chmod(0o755)


def test_second_run_changes_nothing(host: Host) -> None:
    """Same content, same mode: no change, no backup set."""
    wanted = {"text": "x\n", "mode": "0600"}
    assert host.run(host.change("a", **wanted))["changed"] is True
    before = tree(host.etc.parent)
    result = host.run(host.change("a", **wanted), backup_set="second")
    assert (result["changed"], result["paths"], result["backup"], result["diff"]) == (False, [], None, [])
    assert tree(host.etc.parent) == before


def test_absent_of_an_absent_file(host: Host) -> None:
    """Nothing to do."""
    assert host.run(host.change("a", absent=True))["changed"] is False


def test_a_mode_alone_is_a_change(host: Host) -> None:
    """And the umask has no say."""
    path = host.write("a", b"x\n", 0o600)
    result = host.run(host.change("a", text="x\n", mode="0664"), prelude="import os; os.umask(0o077)")
    assert result["changed"] is True
    assert stat.S_IMODE(path.stat().st_mode) == 0o664
    assert "mode 0600 -> 0664" in result["diff"][0]["prepared"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays(host: Host) -> None:
    """Also where the set-id bits could get lost on the way."""
    path = host.write("a", b"x\n")
    os.chown(path, 12345, 54321)
    path.chmod(0o4750)
    host.run(host.change("a", text="y\n"))
    info = path.stat()
    assert (info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)) == (12345, 54321, 0o4750)


def test_extended_attributes_stay(host: Host) -> None:
    """user.* stands here for security.selinux, which is copied by the same lines."""
    path = host.write("a", b"x\n")
    try:
        os.setxattr(path, "user.test", b"value")
    except OSError:
        pytest.skip("this filesystem has no user attributes")
    host.run(host.change("a", text="y\n"))
    assert os.getxattr(path, "user.test") == b"value"


def test_check_mode_predicts_and_changes_nothing(host: Host) -> None:
    """The prediction equals what the real run then does."""
    host.write("a", b"1\n")
    host.write("b", b"1\n")
    changes = (host.change("a", text="2\n"), host.change("b", absent=True), host.change("d/c", text="3\n"))
    before = tree(host.etc.parent)
    predicted = host.run(*changes, check=True)
    assert tree(host.etc.parent) == before
    assert predicted["backup"] is None
    real = host.run(*changes)
    assert all(predicted[key] == real[key] for key in ("changed", "paths", "diff"))


def test_check_mode_refuses_as_the_real_run_does(host: Host) -> None:
    """A prediction of success would be untrue."""
    host.write("a", b"1\n")
    result = host.run({"path": str(host.etc / "a"), "text": "2\n"}, check=True)
    assert result["kind"] == "changed_since"


def test_append_to_a_set(host: Host) -> None:
    """A second call of a run: the first `before` stays, the `after` is new, new files are numbered on."""
    host.write("a", b"1\n")
    host.write("b", b"1\n")
    host.run(host.change("a", text="2\n"), packages=["p2"])
    host.run(host.change("a", text="3\n"), host.change("b", text="2\n"), packages=["p1"])
    manifest = host.manifest()
    first, second = manifest["files"]
    assert first["before"]["sha256"] == digest(b"1\n")
    assert first["after"]["sha256"] == digest(b"3\n")
    assert second["before"]["content"] == "files/0002"
    assert manifest["packages"] == ["p1", "p2"]


def test_a_restored_set_takes_no_more_files(host: Host, call: Call) -> None:
    """It would be restored a second time."""
    host.write("a", b"1\n")
    host.run(host.change("a", text="2\n"))
    call("restore", backup_root=str(host.root))
    assert host.run(host.change("a", text="2\n"))["kind"] == "backup_closed"
    assert (host.etc / "a").read_bytes() == b"1\n"


def test_packages_alone_are_noted(host: Host) -> None:
    """A run that installed packages and changed no file can still say so; noted once."""
    result = host.run(packages=["kdump-tools"])
    assert (result["changed"], result["backup"]) == (False, str(host.root / "20250101T000000Z"))
    assert host.manifest()["packages"] == ["kdump-tools"]
    assert host.run(packages=["kdump-tools"])["backup"] is None
