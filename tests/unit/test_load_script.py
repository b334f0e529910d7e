"""data/own/load.sh as sh runs it, on a machine made of files; `kexec` and `uname` are simulated."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kdump_enabler.changing import own_units
from tests.hosts import arch
from tests.unit.test_own_units import bz_image

PLACES = ("/boot", "/proc/cmdline", "/sys/kernel/kexec_crash_size", "/var/lib/kdump-enabler")
TOOLS = {
    "uname": f"case $1 in -r) echo '{arch.RELEASE}' ;; -v) echo '{arch.VERSION}' ;; esac",
    "kexec": 'printf "%s\\n" "$@" > "$CALLED"',
}


class Machine:
    """The files that the script looks at, in a directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for path in ("boot", "proc", "sys/kernel", "bin", "var/lib/kdump-enabler"):
            (root / path).mkdir(parents=True)
        for name, body in TOOLS.items():
            (root / "bin" / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
            (root / "bin" / name).chmod(0o755)
        (root / "sys/kernel/kexec_crash_size").write_text("268435456\n", encoding="utf-8")
        (root / "proc/cmdline").write_text(
            "BOOT_IMAGE=/vmlinuz-linux root=UUID=1 rw quiet crashkernel=256M\n", encoding="utf-8"
        )
        self.image, self.initrd = root / "boot/vmlinuz-linux", root / "boot/initramfs-linux.img"
        bz_image(self.image, arch.BUILD)
        self.initrd.write_text("initrd", encoding="utf-8")
        self.kept = root / f"var/lib/kdump-enabler/capture/{arch.RELEASE}"

    def load(self) -> tuple[int, str, list[str]]:
        """The exit status of the script, what it said, and how it called kexec."""
        text, called = own_units.texts("/var/crash", "")[own_units.LOAD_SCRIPT], self.root / "called"
        for place in PLACES:
            text = text.replace(place, f"{self.root}{place}")
        called.unlink(missing_ok=True)
        environment = {"PATH": f"{self.root}/bin:/usr/bin:/bin", "CALLED": str(called), "KDUMP_APPEND": "nr_cpus=1"}
        run = subprocess.run(
            ["sh", "-c", text, "load.sh", f"{self.root}/var/crash"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return run.returncode, run.stderr, called.read_text(encoding="utf-8").splitlines() if called.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine that can load its kernel."""
    return Machine(tmp_path)


def test_the_running_kernel_is_kept_and_loaded_from_there(machine: Machine) -> None:
    status, said, called = machine.load()
    assert (status, said) == (0, "")
    kept = [f"--initrd={machine.kept}/initrd", "--command-line=root=UUID=1 rw nr_cpus=1", f"{machine.kept}/vmlinuz"]
    assert called == ["-a", "-p", *kept]
    assert machine.kept.stat().st_mode & 0o777 == 0o700
    assert (machine.kept / "vmlinuz").read_bytes() == machine.image.read_bytes()
    assert (machine.root / "var/crash").is_dir()


def test_a_new_initrd_of_the_same_kernel_is_kept_instead(machine: Machine) -> None:
    machine.load()
    machine.initrd.write_text("another initrd", encoding="utf-8")
    machine.load()
    assert (machine.kept / "initrd").read_text(encoding="utf-8") == "another initrd"


def test_after_an_upgrade_the_copy_is_loaded_and_without_one_nothing(machine: Machine) -> None:
    machine.load()
    bz_image(machine.image, arch.NEXT_BUILD)
    assert machine.load()[2][-1] == f"{machine.kept}/vmlinuz"
    (machine.kept / "vmlinuz").unlink()
    status, said, called = machine.load()
    assert (status, called) == (1, [])
    assert f"vmlinuz-linux is not the kernel that runs ({arch.RELEASE}), and no copy of that was kept: reboot" in said


def test_copies_of_other_kernels_go(machine: Machine) -> None:
    other = machine.kept.parent / "6.1.0-arch1-1"
    other.mkdir(parents=True)
    machine.load()
    assert [path.name for path in machine.kept.parent.iterdir()] == [arch.RELEASE]


def test_without_room_for_a_copy_the_image_itself_is_loaded(machine: Machine) -> None:
    machine.kept.parent.write_text("no directory", encoding="utf-8")
    status, said, called = machine.load()
    assert (status, called[-1]) == (0, str(machine.image))
    assert "could not be kept" in said


@pytest.mark.parametrize(
    ("path", "words"), [("boot/initramfs-linux.img", "no initrd"), ("boot/vmlinuz-linux", "is not")]
)
def test_what_is_missing_is_said(machine: Machine, path: str, words: str) -> None:
    (machine.root / path).unlink()
    status, said, called = machine.load()
    assert (status, called) == (1, [])
    assert words in said


def test_without_memory_nothing_is_tried(machine: Machine) -> None:
    (machine.root / "sys/kernel/kexec_crash_size").write_text("0\n", encoding="utf-8")
    assert machine.load()[0] == 1
    assert not machine.kept.exists()
