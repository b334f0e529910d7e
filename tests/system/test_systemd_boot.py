"""A machine with UEFI firmware, systemd-boot and kernel-install, from plain to a dump and back, with a real crash and a
kernel that is installed in between."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

import pytest

from kdump_enabler import __version__
from tests.vm.machine import Machine

from .driving import CONFIG, Files
from .story import MIB, Story, timed, title

pytestmark = [pytest.mark.system, pytest.mark.long]
failed: list[str] = []
TEMPLATE, ENTRIES = "/etc/kernel/cmdline", "/boot/efi/loader/entries"
NEW = "6.1.0-999-new"  # the same kernel under a later version
WORD = "crashkernel=1G-8G:256M,8G-16G:384M,16G-:512M"


class BootStory(Story):
    """The steps that differ from those of a machine that GRUB boots."""

    places = "etc boot/efi/loader"
    first: Files

    def ours(self) -> Iterable[str]:
        """The files that enabling writes; those of the boot loader are there before."""
        return tuple(path for path in super().ours() if "grub" not in path)

    def entries(self) -> dict[str, str]:
        """The options of each boot entry, as a shell sees them."""
        lines = self.machine.ssh(f"grep -H ^options {ENTRIES}/*.conf").stdout.splitlines()
        return {path: text for path, _, text in (line.partition(":") for line in lines)}

    def selected(self) -> str:
        """The entry that the boot loader itself says it has taken."""
        return self.machine.ssh("bootctl status | sed -n 's/^ *Current Entry: //p'").stdout.strip()

    def a_plain_machine(self) -> None:
        """A Debian 12 that nobody has prepared, started by systemd-boot, with no GRUB on it"""
        assert "crashkernel" not in self.cat("/proc/cmdline")
        assert "initrd=" in self.cat("/proc/cmdline"), "systemd-boot's own word"
        assert not self.machine.ssh("command -v grub-mkconfig update-grub", check=False).stdout
        assert "Product: systemd-boot 252" in self.machine.ssh("bootctl status").stdout
        assert set(self.entries()) == {f"{ENTRIES}/{self.selected()}"}
        self.first = self.files()
        self.say(self.cat("/proc/cmdline"))

    def look(self) -> None:
        """Would a panic now leave a dump?"""
        host = self.check(expect=1)
        assert (host["verdict"], host["captures_now"]) == ("drift", False)
        assert host["facts"]["boot_loader"] == "systemd-boot"

    def change(self) -> None:
        """Make it crash-ready: one word in the entry and in the file that later ones are made from"""
        self.run("enable", "-i", self.inventory, "-y", expect=3)
        (path,) = self.entries()
        before = [text.decode() for text in (self.first[path], self.first[TEMPLATE])]
        assert [self.cat(path).count(WORD), self.cat(TEMPLATE).count(WORD)] == [1, 1]
        after = [self.cat(name).replace(f" {WORD}", "").strip() for name in (path, TEMPLATE)]
        assert after == [text.strip() for text in before]
        manifest = json.loads(self.cat("/var/lib/kdump-enabler/backups/*/manifest.json"))
        assert {entry["path"] for entry in manifest["files"]} == {CONFIG, path, TEMPLATE, *self.ours()}
        assert manifest["tool_version"] == __version__

    def new_kernel(self) -> None:
        """A kernel that is installed later boots next, and reserves as much"""
        release = self.cat("/proc/sys/kernel/osrelease")
        files = f"/boot/vmlinuz-{release} /boot/initrd.img-{release}"
        self.machine.ssh(f"kernel-install add {NEW} {files}", timeout=180)
        assert all(text.count(WORD) == 1 for text in self.entries().values())
        assert len(self.entries()) == 2
        host = self.check(expect=0)
        assert host["facts"]["crashkernel"]["next_boot_bytes"] == 256 * MIB
        before = self.machine.boot_id()
        self.machine.ssh("systemctl reboot", check=False)
        self.machine.wait_for_reboot(before)
        assert self.selected().endswith(f"-{NEW}.conf")
        assert self.cat("/sys/kernel/kexec_crash_size") == str(256 * MIB)
        self.wait_until_loaded()

    def chosen(self) -> None:
        """The check follows the boot loader: an entry that is chosen for once decides, then the newest again"""
        (older,) = (path for path in self.entries() if NEW not in path)
        self.machine.ssh(f"sed -i 's/ {WORD}//' {older}")
        assert self.check(expect=0)["verdict"] == "ready"
        self.machine.ssh(f"bootctl set-oneshot {older.rpartition('/')[2]}")
        host = self.check(expect=1)
        assert host["facts"]["crashkernel"]["next_boot_bytes"] == 0
        before = self.machine.boot_id()
        self.machine.ssh("systemctl reboot", check=False)
        self.machine.wait_for_reboot(before)
        assert (self.selected(), "crashkernel" in self.cat("/proc/cmdline")) == (older.rpartition("/")[2], False)
        assert self.check(expect=3)["facts"]["crashkernel"]["next_boot_bytes"] == 256 * MIB
        self.machine.ssh(f"sed -i 's/^options.*/& {WORD}/; s/  *{WORD}/ {WORD}/' {older}")
        self.machine.ssh(f"kernel-install remove {NEW}")

    def roll_back(self) -> None:
        """Undo: every file of the boot loader is as it was, byte for byte"""
        self.run("rollback", "-i", self.inventory, "-y", "--reboot", "if-needed", expect=0)
        assert "crashkernel" not in self.cat("/proc/cmdline")
        after = self.files()
        paths = [path for path in self.first if path.startswith("/boot/efi/loader") or path == TEMPLATE]
        paths = [path for path in paths if not path.endswith("random-seed")]  # the boot loader's own
        assert len(paths) >= 3
        assert {path: after.get(path) for path in paths} == {path: self.first[path] for path in paths}
        assert not self.machine.ssh(f"ls {' '.join(self.ours())}", check=False).stdout
        assert not self.machine.ssh("find /boot/efi /etc -name '*kdump-enabler*'").stdout

    UEFI_STEPS = (
        a_plain_machine,
        look,
        change,
        Story.reboot,
        Story.ready,
        Story.crash,
        new_kernel,
        chosen,
        roll_back,
    )


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootStory]:
    """One machine for all steps; its serial log stays when one fails."""
    with Machine("systemd-boot", uefi=True) as machine:
        yield BootStory(machine, tmp_path_factory.mktemp("systemd-boot"))


@pytest.mark.parametrize("step", BootStory.UEFI_STEPS, ids=lambda step: step.__name__)
def test_uefi_step(step: Callable[[BootStory], None], story: BootStory) -> None:
    """Each step's own assertions."""
    assert not failed, f"not tried, because {failed[0]} failed"
    failed.append(step.__name__)
    print(f"\n== {title(step)}")  # type: ignore[arg-type]
    print(f"== {step.__name__}: {timed(step, story):.0f} s", flush=True)  # type: ignore[arg-type]
    failed.clear()
