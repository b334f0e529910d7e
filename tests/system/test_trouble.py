"""What goes wrong on real machines: one sentence, a hint, the right exit code, and the machine as it was."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.vm.machine import Machine

pytestmark = pytest.mark.system

LOCK = """python3 - <<'END' > /dev/null 2>&1 &
import fcntl, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
time.sleep(600)
END
sleep 1"""
FULL_BOOT = """set -e
truncate -s 64M /root/boot.img; mke2fs -q -t ext4 /root/boot.img; mkdir -p /root/b; mount /root/boot.img /root/b
cp -a /boot/grub /boot/vmlinuz-* /root/b/; mkdir -p /root/b/grub; umount /root/b; mount /root/boot.img /boot
dd if=/dev/zero of=/boot/filler bs=64k status=none || true; sync"""
LEFT_ALONE = (
    "find /etc /boot /var/lib/kdump-enabler -type f -exec sha256sum {} + 2>/dev/null | sort; dpkg -l | sha256sum"
)


@dataclass(frozen=True)
class Trouble:
    """How it is made, what the user reads, and the exit status."""

    name: str
    make: str
    says: str
    exit_status: int


TROUBLES = (
    Trouble("unknown-platform", "sed -i 's/^ID=.*/ID=plan9/' /etc/os-release", "is not supported by this version", 4),
    Trouble("no-network", "ip route del default", "The package repositories cannot be reached", 1),
    Trouble("apt-locked", LOCK, "is installing packages on this host; nothing was changed", 1),
    Trouble(
        "unbalanced-quotes",
        "sed -i 's/^GRUB_TIMEOUT=.*/GRUB_TIMEOUT=\"1/' /etc/default/grub",
        r"/etc/default/grub, line 7: a quote is opened and never closed",
        2,
    ),
    Trouble("boot-full", FULL_BOOT, "/boot.* left, too little for a new grub.cfg", 1),
    Trouble(
        "update-grub-fails",
        "printf '#!/bin/sh\\necho 99_broken: no such luck >&2\\nexit 7\\n' > /etc/grub.d/99_broken; "
        "chmod +x /etc/grub.d/99_broken",
        "no such luck",
        1,
    ),
)


@dataclass(frozen=True)
class Answer:
    """What a run of kdump-enabler printed, all of it with its line breaks folded, and its exit status."""

    out: str
    text: str
    exit_status: int


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """One plain machine; each test begins with its first state."""
    with Machine("trouble") as machine:
        machine.save("plain")
        yield machine


def enabler(*words: str | Path) -> Answer:
    """Run kdump-enabler as a user does."""
    command = [Path(sys.executable).with_name("kdump-enabler"), *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    print(ended.stdout + ended.stderr, flush=True)
    return Answer(ended.stdout, " ".join((ended.stdout + ended.stderr).split()), ended.returncode)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_enable_refuses_or_undoes(trouble: Trouble, machine: Machine, tmp_path: Path) -> None:
    """Enabling ends with one sentence, and the machine is as it was."""
    machine.load("plain")
    machine.ssh(trouble.make)
    before = machine.ssh(LEFT_ALONE, timeout=60).stdout
    inventory = machine.inventory(path=tmp_path / "inventory.yml")
    answer = enabler("enable", "-i", inventory, "-y", "--", "-e", "kdump_package_lock_timeout=5")
    assert re.search(trouble.says, answer.text)
    assert answer.exit_status == trouble.exit_status
    assert "Traceback" not in answer.text
    assert machine.ssh(LEFT_ALONE, timeout=60).stdout == before


def test_no_root(machine: Machine, tmp_path: Path) -> None:
    """A login without rights can look, and is told why it cannot change anything."""
    machine.load("plain")
    inventory = machine.inventory(user="probe", path=tmp_path / "inventory.yml")
    answer = enabler("enable", "-i", inventory, "-y")
    assert "cannot become root" in answer.text
    assert answer.exit_status == 2


def test_sudo(machine: Machine, tmp_path: Path) -> None:
    """A login that may use sudo sees everything with --become."""
    machine.load("plain")
    inventory = machine.inventory(user="ops", path=tmp_path / "inventory.yml")
    answer = enabler("check", "-i", inventory, "--become", "--format", "json")
    assert json.loads(answer.out)["hosts"][0]["facts"]["privileged"] is True
    assert answer.exit_status == 1


def test_unreachable(machine: Machine, tmp_path: Path) -> None:
    """A host that nobody answers for is a row of its own, beside one that answers."""
    machine.load("plain")
    inventory = machine.inventory(path=tmp_path / "inventory.yml")
    text = inventory.read_text()
    host = re.findall(r"^    (\S+):$", text, re.MULTILINE)[0]
    gone = text.replace(
        "all:\n  hosts:\n", "all:\n  hosts:\n    gone:\n      ansible_host: 127.0.0.1\n      ansible_port: 9\n"
    )
    inventory.write_text(gone)
    for command in (["check"], ["enable", "--dry-run"]):
        answer = enabler(*command, "-i", inventory, "--format", "json")
        found = json.loads(answer.out)
        assert {record["host"]: record["verdict"] for record in found["hosts"]} == {
            host: "drift",
            "gone": "unreachable",
        }
        assert "Connection refused" in next(r["reason"] for r in found["hosts"] if r["host"] == "gone")
        assert answer.exit_status == 1
