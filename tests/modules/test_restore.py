"""kdump.enabler.restore: all files of a set or none, and never over somebody else's edit."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.modules.module_runner import Host, breaking_rename, tree

SET = "20250101T000000Z"


@pytest.fixture
def changed(host: Host) -> Host:
    """Return a host on which a run changed a.cfg, created new.conf and removed gone.cfg."""
    host.write("a.cfg", b"1\r\n\xff", 0o640)
    host.write("gone.cfg", b"gone\n", 0o600)
    host.original = tree(host.etc)
    host.run(
        host.change("a.cfg", text="2\n", mode="0644"),
        host.change("new.conf", text="new\n"),
        host.change("gone.cfg", absent=True),
        packages=["kdump-tools"],
    )
    return host


def restore(host: Host, **args: Any) -> dict[str, Any]:
    """Run the module."""
    return host.call("restore", backup_root=str(host.root), **args)


def spoil(host: Host, **changes: Any) -> None:
    """Change keys of the manifest."""
    path = host.root / SET / "manifest.json"
    path.write_text(json.dumps({**host.manifest(), **changes}))


def test_everything_is_as_before(changed: Host) -> None:
    """Bytes, modes and owners; the removed file is back, the new one is gone."""
    result = restore(changed)
    assert tree(changed.etc) == changed.original
    assert result["changed"] is True
    assert result["paths"] == [str(changed.etc / name) for name in ("a.cfg", "new.conf", "gone.cfg")]
    assert result["removed"] == [str(changed.etc / "new.conf")]
    assert (result["backup_set"], result["packages"]) == (SET, ["kdump-tools"])
    assert changed.manifest()["restored_at"].endswith("Z")


def test_a_boot_entry_is_known_by_its_name_without_the_boots_that_are_left_to_it(host: Host) -> None:
    """systemd-bless-boot takes the counter away after a good boot; a second run found the entry under its new name."""
    entries = host.etc / "efi" / "loader" / "entries"
    entries.mkdir(parents=True)
    host.write("efi/loader/entries/a+3.conf", b"options ro\n")
    host.write("efi/loader/entries/a-b+2-1.conf", b"options b\n")
    host.run(
        host.change("efi/loader/entries/a+3.conf", text="options ro crashkernel=1M\n"),
        host.change("efi/loader/entries/a-b+2-1.conf", text="options b crashkernel=1M\n"),
    )
    (entries / "a+3.conf").rename(entries / "a.conf")
    host.run(
        host.change("efi/loader/entries/a.conf", text="options ro crashkernel=2M\n"), backup_set="20250102T000000Z"
    )
    (entries / "a-b+2-1.conf").rename(entries / "a-b+1-2.conf")
    result = restore(host, backup_set=SET)
    assert result["changed"] is True, result
    found = {path.name: path.read_bytes() for path in entries.iterdir()}
    assert found == {"a.conf": b"options ro\n", "a-b+1-2.conf": b"options b\n"}


def test_a_boot_entry_that_went_with_its_kernel_is_not_put_back(host: Host) -> None:
    """A kernel was removed since; its entry could boot nothing. The other entry is as before."""
    entries = host.etc / "boot" / "loader" / "entries"
    entries.mkdir(parents=True)
    names = ["boot/loader/entries/old.conf", "boot/loader/entries/new.conf"]
    for name in names:
        host.write(name, b"options ro\n")
    host.run(*(host.change(name, text="options ro crashkernel=1G\n") for name in names))
    (entries / "old.conf").unlink()
    result = restore(host)
    assert result["paths"] == [str(entries / "new.conf")]
    assert [path.name for path in entries.iterdir()] == ["new.conf"]
    assert (entries / "new.conf").read_bytes() == b"options ro\n"


def test_check_mode_predicts_and_changes_nothing(changed: Host) -> None:
    """The prediction equals what the real run then does."""
    before = tree(changed.etc.parent)
    predicted = restore(changed, check=True)
    assert tree(changed.etc.parent) == before
    real = restore(changed)
    assert all(predicted[key] == real[key] for key in ("changed", "paths", "diff", "backup_set", "packages"))


def test_the_second_time(changed: Host) -> None:
    """By name there is nothing to do; `latest` does not find a set that was restored."""
    restore(changed)
    before = tree(changed.etc.parent)
    assert restore(changed, backup_set=SET)["changed"] is False
    assert restore(changed)["kind"] == "no_backup"
    assert tree(changed.etc.parent) == before


@pytest.mark.parametrize("edit", ["content", "mode", "removed", "again"])
def test_a_later_edit_refuses_the_whole_set(changed: Host, edit: str) -> None:
    """Whatever the administrator did, and although the other files could be restored."""
    path = changed.etc / "a.cfg"
    if edit == "content":
        path.write_bytes(b"2\nadmin\n")
    elif edit == "mode":
        path.chmod(0o600)
    elif edit == "removed":
        path.unlink()
    else:
        path = changed.write("gone.cfg", b"made again\n")
    before = tree(changed.etc.parent)
    result = restore(changed)
    assert (result["kind"], result["paths"]) == ("changed_since", [str(path)])
    assert str(path) in result["msg"]
    assert restore(changed, check=True)["kind"] == "changed_since"
    assert tree(changed.etc.parent) == before


def test_every_edited_file_is_named(changed: Host) -> None:
    """Not only the first."""
    changed.write("a.cfg", b"admin")
    changed.write("new.conf", b"admin")
    assert restore(changed)["paths"] == [str(changed.etc / "a.cfg"), str(changed.etc / "new.conf")]


def test_force_restores_and_keeps_the_edit(changed: Host) -> None:
    """The administrator's text is in the set afterwards."""
    changed.write("a.cfg", b"admin\n", 0o604)
    assert restore(changed, force=True)["changed"] is True
    assert tree(changed.etc) == changed.original
    (kept,) = changed.manifest()["displaced"]
    assert (kept["path"], kept["now"]["mode"]) == (str(changed.etc / "a.cfg"), "0604")
    copy = changed.root / SET / kept["now"]["content"]
    assert copy.read_bytes() == b"admin\n"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_a_file_put_back_by_hand_is_no_mismatch(changed: Host) -> None:
    """It is as it was already; the others are restored."""
    changed.write("gone.cfg", b"gone\n", 0o600)
    assert str(changed.etc / "gone.cfg") not in restore(changed)["paths"]
    assert tree(changed.etc) == changed.original


def test_several_calls_of_one_run(host: Host) -> None:
    """Restores what the run found, not what its first call made."""
    host.write("a", b"1\n")
    before = tree(host.etc)
    host.run(host.change("a", text="2\n"))
    host.run(host.change("a", text="3\n"), host.change("b", text="x"))
    restore(host)
    assert tree(host.etc) == before


def test_power_cut_in_the_second_call(host: Host) -> None:
    """The manifest knows the third state, the file still has the second: it is ours all the same."""
    host.write("a", b"1\n")
    before = tree(host.etc)
    host.run(host.change("a", text="2\n"))
    host.run(host.change("a", text="3\n"), prelude=breaking_rename(("a", 1), act="os._exit(9)"))
    for leftover in host.etc.glob(".*"):
        leftover.unlink()
    assert restore(host)["changed"] is True
    assert tree(host.etc) == before


def test_latest_is_the_newest_that_was_not_restored(host: Host) -> None:
    """Run after run is undone, in order; a directory without a manifest is no set."""
    host.write("a", b"1\n")
    for number in ("1", "2", "3"):
        host.run(host.change("a", text=f"run {number}\n"), backup_set=f"2025010{number}T000000Z")
    (host.root / "20250109T000000Z").mkdir()
    undone = [restore(host)["backup_set"] for _ in range(3)]
    assert undone == ["20250103T000000Z", "20250102T000000Z", "20250101T000000Z"]
    assert (host.etc / "a").read_bytes() == b"1\n"


def runs(host: Host) -> dict[str, tuple[object, ...]]:
    """Three runs, of which the first was rolled back, and another file in each; the first state."""
    host.write("a", b"1\n")
    before = tree(host.etc)
    host.run(host.change("a", text="0\n"), backup_set="s0")
    restore(host, backup_set="s0")
    host.run(host.change("a", text="2\n"), host.change("b", text="x"), backup_set="s1")
    host.run(host.change("a", text="3\n"), host.change("c", text="x"), backup_set="s2")
    return before


@pytest.mark.parametrize("name", ["s1", "first"])
def test_an_older_set_takes_the_newer_ones_with_it(host: Host, name: str) -> None:
    """The state before a run is reached through what came after it; a set that was put back before is no part of it."""
    before = runs(host)
    result = restore(host, backup_set=name)
    assert result["sets"] == ["s2", "s1", *(["s0"] if name == "first" else [])]
    assert result["backup_set"] == result["sets"][-1]
    assert tree(host.etc) == before
    assert restore(host)["kind"] == "no_backup"


def test_an_edit_between_two_runs_is_not_lost(host: Host) -> None:
    """The newest set alone leads to it; going further back would undo what somebody else did, and shows it."""
    host.write("a", b"1\n")
    host.run(host.change("a", text="2\n"), backup_set="s1")
    host.write("a", b"admin\n")
    host.run(host.change("a", text="3\n"), backup_set="s2")
    refused = restore(host, backup_set="s1")
    assert refused["kind"] == "changed_since"
    assert refused["diff"]["prepared"].splitlines()[2:] == ["@@ -1 +1 @@", "-3", "+1"]
    restore(host)
    assert (host.etc / "a").read_bytes() == b"admin\n"


@pytest.mark.parametrize("name", ["latest", "20990101T000000Z"])
def test_no_set(host: Host, name: str) -> None:
    """One sentence, also when the root does not exist."""
    result = restore(host, backup_set=name)
    assert result["kind"] == "no_backup"
    assert str(host.root) in result["msg"]


def test_a_set_name_cannot_leave_the_root(changed: Host) -> None:
    """The name becomes a path."""
    assert restore(changed, backup_set=f"../backups/{SET}")["kind"] == "bad_arguments"


@pytest.mark.parametrize("damage", ["copy", "missing", "json", "schema", "outside"])
def test_a_damaged_set_restores_nothing(changed: Host, damage: str) -> None:
    """Found before any file is touched, and force does not help."""
    directory = changed.root / SET
    if damage == "copy":
        (directory / "files/0002").write_bytes(b"other")
    elif damage == "missing":
        (directory / "files/0002").unlink()
    elif damage == "json":
        (directory / "manifest.json").write_text("{")
    elif damage == "schema":
        spoil(changed, schema="kdump-enabler/backup/99")
    else:
        files = changed.manifest()["files"]
        files[0]["before"]["content"] = "../../../etc/passwd"
        spoil(changed, files=files)
    before = tree(changed.etc)
    assert restore(changed, force=True)["kind"] == "bad_backup"
    assert tree(changed.etc) == before


def test_a_failing_rename_puts_everything_back(changed: Host) -> None:
    """And the set can be restored later."""
    before = tree(changed.etc)
    assert restore(changed, prelude=breaking_rename(("gone.cfg", 1)))["kind"] == "io_error"
    assert tree(changed.etc) == before
    assert "restored_at" not in changed.manifest()
    restore(changed)
    assert tree(changed.etc) == changed.original


def test_no_room_to_note_the_restoration(changed: Host) -> None:
    """The manifest cannot be written: then nothing was restored either."""
    before = tree(changed.etc)
    prelude = breaking_rename(("manifest.json", 1), act="raise OSError(28, 'No space', source, None, target)")
    assert restore(changed, prelude=prelude)["kind"] == "no_space"
    assert tree(changed.etc) == before
    assert "restored_at" not in changed.manifest()


def test_a_link_in_the_place_of_the_file(changed: Host) -> None:
    """Refused even with force."""
    path = changed.etc / "a.cfg"
    path.rename(changed.etc / "moved")
    path.symlink_to(changed.etc / "moved")
    assert restore(changed, force=True)["kind"] == "symlink"


def test_the_directory_is_gone(host: Host) -> None:
    """It is made again."""
    (host.etc / "d").mkdir()
    host.write("d/a", b"1\n")
    host.run(host.change("d/a", absent=True))
    (host.etc / "d").rmdir()
    restore(host)
    assert (host.etc / "d/a").read_bytes() == b"1\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_comes_back(host: Host) -> None:
    """Also for a file that was removed."""
    for name in ("a", "b"):
        os.chown(host.write(name, b"1\n"), 12345, 54321)
    before = tree(host.etc)
    host.run(host.change("a", absent=True), host.change("b", text="2\n"))
    os.chown(host.etc / "b", 0, 0)
    restore(host)
    assert tree(host.etc) == before


def test_extended_attributes_come_back(host: Host) -> None:
    """user.* stands here for security.selinux, which is kept by the same lines."""
    path: Path = host.write("a", b"1\n")
    try:
        os.setxattr(path, "user.test", b"\x00\xff")
    except OSError:
        pytest.skip("this filesystem has no user attributes")
    host.run(host.change("a", absent=True))
    restore(host)
    assert os.getxattr(path, "user.test") == b"\x00\xff"
