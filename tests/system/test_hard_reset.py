"""A hard reset in the middle of a run: the machine boots by its own GRUB, the next check is truthful, and the next run
ends what was begun or takes it back.

GRUB reads past the journal of the file system, so what the kernel would find after a reset is not what GRUB finds.
After every change that a module makes to a file, GRUB's own reader looks at the bare disk; at some of them the state
of the machine is kept, and reset afterwards.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.vm.machine import Machine

from .driving import GRUB_CFG, OWN, Driven, Files
from .interrupted import READY, REBOOT_PENDING, SWITCHED_OFF, go_on, looks_truthful, same, undo

pytestmark = [pytest.mark.system, pytest.mark.long]
TELLING = Path(__file__).with_name("telling.py")
LIBRARY = "/usr/local/lib/python3.11/dist-packages"
# grub-mkconfig runs it when half of the menu is written.
HALF = f"""echo 'import telling' > {LIBRARY}/telling.pth
printf '#!/bin/sh\\npython3 {LIBRARY}/telling.py\\n' > /etc/grub.d/11_half; chmod +x /etc/grub.d/11_half
update-grub 2> /dev/null"""
# All that is free, to the last block, is taken by something else, which is on the disk when this ends.
FILL = """
import os
with open("/sys/fs/ext4/vda1/reserved_clusters", "w") as reserve:
    reserve.write("0")
def free():
    return os.statvfs("/").f_bfree * 4096
os.mkdir("/filled")
def put(name, size):
    file = os.open("/filled/%s" % name, os.O_CREAT | os.O_WRONLY)
    os.posix_fallocate(file, 0, size) if size > 4096 else os.write(file, b"JUNK" * 1024)
    os.fdatasync(file)
    os.close(file)
put("most", free() - 2**21)
number = 0
try:
    while free():
        put(number, 4096)
        number += 1
except OSError:  # the last block went to the directory
    assert not free()
"""


@dataclass(frozen=True)
class Point:
    """When the reset comes, in a run for `goal`: at the first change whose words match; and what comes after."""

    name: str
    goal: str
    told: str
    then: str
    filled: bool = False


POINTS = (
    Point("drop-in", "enable", "rename /etc/default/grub.d/zz-kdump-enabler.cfg", "enable"),
    Point("half", "enable", "half of it is made", "rollback"),
    Point("renamed", "enable", "fsync /boot/grub", "enable"),
    Point("filled", "enable", r"unlink /boot/grub/\.grub\.cfg\..*", "rollback", filled=True),
    Point("try", "rollback", "half of it is made", "rollback"),
    Point("renamed-back", "rollback", f"rename {GRUB_CFG}", "enable"),
)


class Host(Driven):
    """The virtual machine, in the boot in which the runs are played."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        super().__init__(machine, machine.inventory(path=folder / "inventory.yml"))
        self.machine: Machine = machine
        self.folder = folder
        self.boot = machine.boot_id()

    def grub_cfg(self) -> str:
        """The digest of the grub.cfg that the kernel shows."""
        return self.machine.ssh(f"sha256sum {GRUB_CFG}").stdout.split()[0]

    def as_grub_reads(self) -> str:
        """The digest of the grub.cfg that GRUB would read now."""
        return self.machine.ssh("python3 -c 'import telling; print(telling.as_grub_reads())'").stdout.strip()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A machine with the packages of kdump, which somebody switched off, and whose modules tell what they change."""
    with Machine("hard-reset") as machine:
        machine.ssh(SWITCHED_OFF, timeout=600)
        machine.ssh("/etc/kernel/postinst.d/kdump-tools $(uname -r)", timeout=300)  # else at each start of the unit
        machine.ssh(f"mkdir -p {LIBRARY}")
        machine.copy_to(TELLING, LIBRARY)
        machine.ssh(HALF)
        machine.wait_until_idle()
        machine.ssh("sync")
        yield Host(machine, tmp_path_factory.mktemp("hard-reset"))


def told(machine: Machine, process: subprocess.Popen[bytes]) -> Iterator[list[str]]:
    """What the modules tell on the serial line while a process runs: a digest and the words of a change."""
    rest = b""
    with machine.serial_log.open("rb") as log:
        log.seek(0, 2)
        while process.poll() is None:
            *lines, rest = (rest + log.read()).split(b"\n")
            yield from (line.decode().split()[1:] for line in lines if line.startswith(b"point: "))
            time.sleep(0.01)


def play(host: Host, goal: str, expect: int) -> None:
    """A run for this goal: whatever it does, GRUB reads the old grub.cfg or the new one; keeps the state at points."""
    waiting = [point for point in POINTS if point.goal == goal]
    command = [str(Path(sys.executable).with_name("kdump-enabler")), goal, "-i", str(host.inventory), "-y"]
    read, before, said = [], host.grub_cfg(), host.folder / f"{goal}.txt"
    with said.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT) as process:
        for digest, *words in told(host.machine, process):
            read.append((digest, " ".join(words)))
            if waiting and re.fullmatch(waiting[0].told, " ".join(words)):
                host.machine.save(waiting.pop(0).name)
    assert process.returncode == expect, said.read_text()
    assert waiting == []
    odd = [change for digest, change in read if digest not in (before, host.grub_cfg())]
    print(f"{goal}: {len(read)} looks with GRUB's eyes", flush=True)
    assert odd == []


def reset(host: Host, point: Point) -> None:
    """Reset the machine at this point; it boots."""
    machine, saved = host.machine, point.name
    if point.filled:
        machine.load(saved)
        machine.ssh(f"python3 - <<'END'\n{FILL}\nEND", timeout=120)
        assert host.as_grub_reads() == host.grub_cfg()
        saved = ""
    machine.reset(saved)
    seconds = machine.wait_for_reboot(host.boot)
    machine.wait_until_idle()
    machine.ssh("rm -rf /filled")
    print(f"{point.name}: boots, {seconds:.0f} s", flush=True)


def backups_are_whole(host: Host) -> None:
    """Each backup set that has a manifest has the copies that it lists, as they were stored."""
    files = host.files()
    for path in (path for path in files if path.endswith("/manifest.json")):
        folder = path.rpartition("/")[0]
        for kept in (entry["before"] for entry in json.loads(files[path])["files"] if entry["before"]):
            assert hashlib.sha256(files[f"{folder}/{kept['content']}"]).hexdigest() == kept["sha256"]
    assert any(path.startswith(f"{OWN}backups/") for path in files)


def try_point(host: Host, first: Files, point: Point) -> None:
    """Reset there, look, and end the run or take it back."""
    reset(host, point)
    looks_truthful(host, point.name)
    backups_are_whole(host)
    ended = "went on with" if point.then == point.goal else "ended"
    if point.then == "rollback":
        undo(host, ended)
        same(host, first, point.name)
    else:
        reserved = "crashkernel=1G-8G:256M" in host.cat("/proc/cmdline")
        go_on(host, point.name, READY if reserved else REBOOT_PENDING, ended)


def test_a_machine_that_is_reset_boots(host: Host) -> None:
    """Six points of a run and of its rollback."""
    first = host.files()
    play(host, "enable", REBOOT_PENDING)
    play(host, "rollback", READY)
    same(host, first, "no reset")
    for point in POINTS:
        started = time.monotonic()
        try_point(host, first, point)
        print(f"{point.name}, then {point.then}: {time.monotonic() - started:.0f} s", flush=True)
    print(f"{len(POINTS)} points")
