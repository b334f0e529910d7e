"""kdump.enabler.files when something fails on the way: nothing was changed, nothing is left behind."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.modules.module_runner import Call, Host, argv_of, breaking_rename, digest, environment, stdin_of, tree

# fsync is the last step of every file that is written.
BREAK_WRITE = """
import os
real_fsync, syncs = os.fsync, []
def fsync(fd):
    name = os.readlink("/proc/self/fd/%d" % fd)
    if {part!r} in name:
        raise OSError({code}, os.strerror({code}))
    return real_fsync(fd)
os.fsync = fsync
"""
# An editor's save between our look at the file and our rename.
SAVE_MEANWHILE = """
import os
real_link = os.link
def link(*args, **more):
    real_link(*args, **more)
    open({path!r}, "w").write("admin")
os.link = link
"""


def test_a_failing_rename_puts_everything_back(host: Host) -> None:
    """The third of four fails: the changed, the removed and the new one are as before, the set is gone."""
    host.write("a", b"1\n", 0o640)
    host.write("b", b"1\n")
    host.write("c", b"1\n")
    inode = (host.etc / "a").stat().st_ino
    before = tree(host.etc)
    changes = [host.change("a", text="2\n"), host.change("b", absent=True), host.change("d/new", text="2\n")]
    result = host.run(*changes, host.change("c", text="2\n"), prelude=breaking_rename(("c", 1)))
    assert (result["kind"], result["paths"]) == ("io_error", [str(host.etc / "c")])
    assert tree(host.etc) == before
    assert (host.etc / "a").stat().st_ino == inode
    assert not list(host.root.rglob("*"))


def test_the_same_without_hard_links(host: Host) -> None:
    """The EFI system partition has none."""
    host.write("a", b"1\n", 0o640)
    host.write("c", b"1\n")
    before = tree(host.etc)
    no_links = "import os\ndef link(*a, **k): raise OSError(1, 'no links here')\nos.link = link\n"
    result = host.run(
        host.change("a", text="2\n"), host.change("c", text="2\n"), prelude=no_links + breaking_rename(("c", 1))
    )
    assert result["kind"] == "io_error"
    assert tree(host.etc) == before


def test_when_putting_back_fails_the_set_stays(host: Host, call: Call) -> None:
    """Then the sentence names the file, and restore repairs it."""
    host.write("a", b"1\n")
    host.write("c", b"1\n")
    before = tree(host.etc)
    changes = (host.change("a", text="2\n"), host.change("c", text="2\n"))
    result = host.run(*changes, prelude=breaking_rename(("a", 2), ("c", 1)))
    assert (result["kind"], result["paths"]) == ("half_done", [str(host.etc / "a")])
    assert (host.etc / "a").read_bytes() == b"2\n"
    restored = call("restore", backup_root=str(host.root))
    assert restored["paths"] == [str(host.etc / "a")]
    after = {path: seen for path, seen in tree(host.etc).items() if ".kdump-enabler." not in path}
    assert after == before


def test_power_cut_in_the_middle(host: Host, call: Call) -> None:
    """The process dies at the second rename: restore undoes the first, and the next run sweeps the rest."""
    host.write("a", b"1\n")
    host.write("c", b"1\n")
    before = tree(host.etc)
    changes = (host.change("a", text="2\n"), host.change("c", text="2\n"))
    assert host.run(*changes, prelude=breaking_rename(("c", 1), act="os._exit(9)"))["died"] == 9
    leftovers = [path.name for path in host.etc.iterdir() if path.name.startswith(".")]
    assert leftovers
    assert not [name for name in leftovers if name.endswith((".cfg", ".conf"))]
    assert call("restore", backup_root=str(host.root))["changed"] is True
    host.run(*changes, backup_set="next")
    call("restore", backup_root=str(host.root))
    assert tree(host.etc) == before


@pytest.mark.parametrize(("code", "kind"), [(28, "no_space"), (122, "no_space"), (30, "read_only"), (5, "io_error")])
@pytest.mark.parametrize("part", ["/etc/.b.kdump", "/backups/"])
def test_a_failing_write_changes_nothing(host: Host, code: int, kind: str, part: str) -> None:
    """At the second file, or in the backup root; simulated, the real thing is below."""
    host.write("a", b"1\n")
    host.write("b", b"1\n")
    before = tree(host.etc)
    prelude = BREAK_WRITE.format(part=part, code=code)
    result = host.run(host.change("a", text="2\n"), host.change("b", text="2\n"), prelude=prelude)
    assert result["kind"] == kind
    assert tree(host.etc) == before
    assert not list(host.root.glob("*/manifest.json"))


def in_a_small_filesystem(directory: Path, then: str) -> list[str] | None:
    """Return a command prefix that has a 64 KiB tmpfs at `directory`, or None where that is not allowed."""
    unshare = shutil.which("unshare")
    script = f"mount -t tmpfs -o size=64k none {directory} && {then}"
    prefix = [unshare or "", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
    works = unshare and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    return prefix if works else None


def test_a_really_full_filesystem(host: Host) -> None:
    """The kernel says ENOSPC at the second file; the first is untouched and no temporary file is left."""
    then = f'echo 1 >{host.etc}/a && "$@"; echo; ls -A {host.etc}; cat {host.etc}/a'
    prefix = in_a_small_filesystem(host.etc, then)
    if prefix is None:
        pytest.skip("no user namespace to mount a small filesystem in")
    changes = [
        {"path": f"{host.etc}/a", "before": digest(b"1\n"), "text": "2\n"},
        {"path": f"{host.etc}/sub/b", "text": "x" * 100_000},
    ]
    args = {"changes": changes, "backup_set": "s", "backup_root": str(host.root)}
    done = subprocess.run(
        prefix + argv_of("files"), input=stdin_of(args), env=environment(), capture_output=True, text=True, check=False
    )
    printed = done.stdout.strip().split("\n")
    result = json.loads(printed[0])
    assert (result["kind"], result["paths"]) == ("no_space", [f"{host.etc}/sub/b"]), done.stderr
    assert printed[1:] == ["", "a", "1"]
    assert not list(host.root.rglob("*"))


def test_a_file_that_changes_meanwhile(host: Host) -> None:
    """Somebody saves it between our look and our rename: theirs stays."""
    path = host.write("a", b"1\n")
    prelude = SAVE_MEANWHILE.format(path=str(path))
    result = host.run(host.change("a", text="2\n"), prelude=prelude)
    assert result["kind"] == "changed_since"
    assert path.read_bytes() == b"admin"
    assert not list(host.root.rglob("*"))


def test_a_failing_append_leaves_the_set_as_it_was(host: Host) -> None:
    """The first call's backup must survive the second call's failure."""
    host.write("a", b"1\n")
    host.write("b", b"1\n")
    host.run(host.change("a", text="2\n"))
    before = tree(host.etc.parent)
    result = host.run(host.change("a", text="3\n"), host.change("b", text="2\n"), prelude=breaking_rename(("b", 1)))
    assert result["kind"] == "io_error"
    assert tree(host.etc.parent) == before


def test_a_failure_never_removes_what_is_not_ours(host: Host) -> None:
    """A backup root set wrongly names a directory of somebody else's."""
    (host.root / "lib").mkdir(parents=True)
    (host.root / "lib" / "precious").write_bytes(b"x")
    host.write("a", b"1\n")
    before = tree(host.etc.parent)
    host.run(host.change("a", text="2\n"), backup_set="lib", prelude=breaking_rename(("a", 1)))
    assert tree(host.etc.parent) == before
