"""SIGKILL at each system call that writes: nothing is lost, the next run converges, restore gives the first bytes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.modules.module_runner import Call, Host, argv_of, environment, stdin_of, tree
from tests.modules.test_boot_files import WORD, Boot

WRITING = (
    *("write", "pwrite64", "ftruncate", "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat"),
    *("mkdir", "mkdirat", "rmdir", "chmod", "fchmod", "fchmodat", "fchown", "fsync", "setxattr", "fsetxattr"),
)
pytestmark = pytest.mark.system  # strace is not everywhere; it must be there in this tier

SET = "20250101T000000Z"


def killed(module: str, call: str, number: int, args: dict[str, Any]) -> bool:
    """Run a module and kill it at the n-th time it makes a system call; false when it came to its end before that."""
    trace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e"]
    inject = f"inject={call}:signal=SIGKILL:when={number}"
    done = subprocess.run(
        [*trace, inject, *argv_of(module)],
        input=stdin_of(args),
        env={**environment(), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1, -9, 137), done.stderr
    assert "Traceback" not in done.stderr, done.stderr  # 1: what the module itself had started was killed
    return done.returncode != 0


@pytest.fixture
def original(host: Host) -> Host:
    """A host with files to change, one to remove, and none where two shall be, in a directory that is to be made."""
    host.write("a.cfg", b"1\r\n\xff", 0o640)
    host.write("gone.cfg", b"gone\n", 0o600)
    host.original = tree(host.etc)
    return host


def wanted(host: Host) -> dict[str, Any]:
    """The arguments of the run, made from what the host is now."""
    changes = [
        host.change("a.cfg", text="2\n", mode="0644"),
        host.change("sub/dir/new.conf", text="new\n"),
        host.change("new.conf", text="new\n"),
    ]
    if (host.etc / "gone.cfg").exists():
        changes.append(host.change("gone.cfg", absent=True))
    return {"changes": changes, "backup_set": SET, "backup_root": str(host.root), "packages": ["kdump-tools"]}


def reset(host: Host) -> None:
    """The first state again."""
    for path in (host.etc, host.root):
        shutil.rmtree(path, ignore_errors=True)
    host.etc.mkdir()
    host.write("a.cfg", b"1\r\n\xff", 0o640)
    host.write("gone.cfg", b"gone\n", 0o600)


def points(module: str, args: dict[str, Any], least: int, again: Callable[[], object]) -> Iterator[str]:
    """Every writing system call at which the module was killed, such as `rename 2`; the host is as that left it.
    `again` makes the host what it was before, for the next."""
    count = 0
    for call in WRITING:
        number = 1
        while killed(module, call, number, args):
            yield f"{call} {number}"
            again()
            number += 1
        again()
        count += number - 1
    print(f"{module}: {count} kill points")
    assert count >= least, "so few writing calls cannot be a whole run"


def restored(host: Host, name: str = "latest") -> dict[str, tuple[Any, ...]]:
    """What restore makes of the host; a run that never came to write its manifest changed nothing."""
    result = host.call("restore", backup_root=str(host.root), backup_set=name)
    assert result.get("kind", "no_backup") == "no_backup", result
    return tree(host.etc)


def begun(host: Host, instead_of: str = "") -> None:
    """A run is noted on the host."""
    where: dict[str, Any] = {"root": str(host.root.parent), "grub_cfg": str(host.etc / "grub.cfg")}
    noted = host.call("run", state="begun", run=SET, instead_of=instead_of, **where)
    assert "kind" not in noted, noted


def test_killed_while_it_changes_files(original: Host) -> None:
    """After each kill every file is as before or as wanted; restore gives the first state byte for byte, and so it
    does after a next run, which converges."""
    host, args = original, wanted(original)
    begun(host)
    for point in points("files", args, 40, lambda: reset(host)):
        for name, before, after in (("a.cfg", b"1\r\n\xff", b"2\n"), ("gone.cfg", b"gone\n", None)):
            path = host.etc / name
            assert (path.read_bytes() if path.exists() else None) in (before, after), (point, name)
        copy = host.etc.parent / "copy"
        keep(host, copy)
        assert restored(host) == host.original, f"restore after a kill at {point}"
        put_back(host, copy)
        begun(host, instead_of=SET)
        assert host.call("files", **wanted(host)).get("msg") is None
        names = ["a.cfg", "new.conf", "sub", "sub/dir", "sub/dir/new.conf"]
        assert sorted(str(path.relative_to(host.etc)) for path in host.etc.rglob("*")) == names, point
        assert restored(host) == host.original, f"restore after the next run after a kill at {point}"


def test_killed_while_it_restores(original: Host) -> None:
    """A second restore ends what the first began."""
    host = original

    def change() -> None:
        reset(host)
        host.call("files", **wanted(host))

    change()
    for point in points("restore", {"backup_root": str(host.root)}, 20, change):
        assert restored(host, SET) == host.original, f"restore after a kill at {point}"


def test_killed_while_a_tool_makes_boot_entries(tmp_path: Path, call: Call) -> None:
    """The next run finds each entry as it was or as wanted, never half of one, and converges."""
    boot = Boot(call, tmp_path)
    old = {path: path.read_bytes() for path in boot.entries.iterdir()}
    usual = {"files": [f"{boot.entries}/*.conf"], "root": str(boot.root)}
    args = {"commands": [[str(boot.script)]], "words": [WORD], **usual}

    def reset() -> None:
        shutil.rmtree(boot.root, ignore_errors=True)
        for path in boot.entries.iterdir():
            path.unlink()
        for path, content in old.items():
            path.write_bytes(content)

    def seen() -> list[bytes]:
        return [path.read_bytes() for path in old]

    assert "kind" not in boot.run()
    new = seen()
    reset()
    for point in points("boot_files", args, 20, reset):
        boot.call("run", state="begun", run=SET, root=str(boot.root), grub_cfg=str(tmp_path / "grub.cfg"))
        assert seen() in (list(old.values()), new), point
        assert "kind" not in boot.run(), point
        assert seen() == new, point
        assert sorted(boot.entries.iterdir()) == sorted(old), point


def keep(host: Host, copy: Path) -> None:
    """Copy what the host is now."""
    shutil.copytree(host.etc, copy / "etc", symlinks=True)
    if host.root.exists():
        shutil.copytree(host.root, copy / "backups", symlinks=True)


def put_back(host: Host, copy: Path) -> None:
    """Make the host what the copy is, which is used up."""
    shutil.rmtree(host.etc)
    shutil.rmtree(host.root, ignore_errors=True)
    shutil.move(copy / "etc", host.etc)
    if (copy / "backups").exists():
        shutil.move(copy / "backups", host.root)
    shutil.rmtree(copy)
