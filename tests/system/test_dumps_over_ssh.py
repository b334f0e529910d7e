"""Dumps of a container, fetched over SSH as a user who becomes root, cut in the middle, and pruned."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import vmcores
from tests.container.container import Container, unused_name
from tests.vmcores import written

from .driving import Driven

pytestmark = pytest.mark.system
MIB = 1 << 20
SECRET = b"a password in the memory of the kernel"
SIZE = 64 * MIB
STAMP = "202611201114"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driven]:
    """A container with a dump of 64 MiB and older ones, for the user ops, who may become root."""
    folder = tmp_path_factory.mktemp("dumps")
    memory = SECRET + os.urandom(SIZE - 8 * MIB) + bytes(8 * MIB)
    written(folder / f"crash/{STAMP}/dump.{STAMP}", vmcores.elf([memory]))
    written(folder / f"crash/{STAMP}/dmesg.{STAMP}", b"[ 1.0] Kernel panic - not syncing: x\n")
    for month, content in ((8, vmcores.elf([b"old"])), (9, vmcores.elf([b"older"])[:-1])):
        written(folder / f"crash/20260{month}201114/dump.20260{month}201114", content)
    with Container(unused_name("dumps")) as container:
        container.ssh("install -d -m 0700 /var/crash")
        for path in (folder / "crash").iterdir():
            container.login.copy_to(path, "/var/crash")
        container.ssh("find /var/crash -type f -exec chmod 0600 {} + -exec touch -d '2 days ago' {} +")
        yield Driven(container, container.inventory(folder / "hosts.yml", user="ops"))


def part_of(folder: Path) -> Path | None:
    return next(folder.rglob("*.part"), None)


def holders(path: Path) -> list[int]:
    """The processes that have a file open."""
    found = []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if link.readlink() == path:
                found.append(int(link.parts[2]))
    return found


def said(to: Path) -> Path:
    """What a fetch that was begun says."""
    return to.with_suffix(".txt")


def begun(host: Driven, to: Path, least: int) -> subprocess.Popen[bytes]:
    """A fetch that has written that many bytes and goes on."""
    command = [str(Path(sys.executable).with_name("kdump-enabler")), "dumps", "fetch", "-i", str(host.inventory)]
    # A shell starts what is in the background with SIGINT ignored, which is inherited, unless somebody handles it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with said(to).open("wb") as out:
        process = subprocess.Popen([*command, "--to", str(to)], stdout=out, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 120
    while not ((part := part_of(to)) and part.stat().st_size >= least):
        assert process.poll() is None, said(to).read_text()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


def test_fetch_that_is_cut_twice(host: Driven, tmp_path: Path) -> None:
    """Once by Ctrl-C, once by killing the process that writes: the third run goes on, and nothing was said aloud."""
    to, wanted = tmp_path / "here", host.machine.ssh(f"sha256sum /var/crash/{STAMP}/dump.{STAMP}").stdout.split()[0]
    process = begun(host, to, 8 * MIB)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 2, said(to).read_text()
    part = part_of(to)
    assert part is not None
    assert stat.S_IMODE(part.stat().st_mode) == 0o600
    first = part.stat().st_size
    assert 8 * MIB <= first < SIZE
    process = begun(host, to, first + 1)
    (worker,) = holders(part)
    os.kill(worker, signal.SIGKILL)
    assert process.wait(60) != 0
    second = part.stat().st_size
    assert first < second < SIZE
    told = host.run("dumps", "fetch", "latest", "-i", host.inventory, "--to", to, "--verbose", "--", "-vvvv", expect=0)
    path = to / getattr(host.machine, "name") / STAMP / f"dump.{STAMP}"  # noqa: B009 - a container has one
    assert f"resumed after {second} bytes" in told
    assert hashlib.sha256(path.read_bytes()).hexdigest() == wanted
    assert part_of(to) is None
    assert SECRET in path.read_bytes()
    assert max(map(len, told.splitlines())) < MIB, "no piece was printed"
    began = time.monotonic()
    told = host.run("dumps", "fetch", "latest", "-i", host.inventory, "--to", to, expect=0)
    assert told.count("nothing was transferred") == 2
    host.say(f"the second fetch took {time.monotonic() - began:.1f} s")


def test_speed(host: Driven, tmp_path: Path) -> None:
    """Told, and held to what a dump of 1 GB can wait for on a busy machine."""
    began = time.monotonic()
    host.run("dumps", "fetch", "latest", "-i", host.inventory, "--to", tmp_path / "here", expect=0, quiet=True)
    seconds = time.monotonic() - began
    host.say(f"{SIZE / 1e6 / seconds:.0f} MB/s with the start of Ansible, {seconds:.1f} s")
    assert seconds < 120


def test_prune(host: Driven) -> None:
    listed = host.machine.ssh("find /var/crash | sort").stdout
    said = host.run("dumps", "prune", "-i", host.inventory, "--keep", "0", expect=0)
    assert said.count("goes") == 2
    assert host.machine.ssh("find /var/crash | sort").stdout == listed
    host.machine.ssh("touch /var/crash/202609201114/dump.202609201114; echo mine > /var/crash/202608201114/notes")
    host.run("dumps", "prune", "-i", host.inventory, "--keep", "0", "--yes", expect=0)
    assert host.machine.ssh("find /var/crash -type f | sort").stdout.split() == [
        "/var/crash/202608201114/notes",
        "/var/crash/202609201114/dump.202609201114",
        f"/var/crash/{STAMP}/dmesg.{STAMP}",
        f"/var/crash/{STAMP}/dump.{STAMP}",
    ]


def test_prune_without_root(host: Driven) -> None:
    words = ("--keep", "0", "--yes", "--", "-e", "kdump_become=false")
    assert "needs root" in host.run("dumps", "prune", "-i", host.inventory, *words, expect=2)
