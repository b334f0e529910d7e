"""Which boot loader starts a machine: what it told the firmware, then its files, then who started this kernel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kdump_enabler import evidence, probe
from kdump_enabler.facts import boot_loader, grub
from kdump_enabler.facts.boot_loader import LOADER_INFO, STUB_INFO, BootLoader
from tests.hosts import bases, machines, roots
from tests.hosts.faults.boot_loaders import efi_variable
from tests.hosts.machines import Raw
from tests.unit.building import judge

GRUB = BootLoader("grub", grub.GRUB_CFG)
FIRMWARE = "console=tty1 root=PARTUUID=1-02 rootwait\n"


def of(raw: Raw) -> BootLoader | None:
    seen = evidence.from_raw(raw)
    return boot_loader.read(seen, grub.read(seen), bases.KERNEL)


def started(raw: Raw, *paths: str) -> BootLoader | None:
    """The boot loader of a machine with GRUB's menu that GRUB did not start, and with these files."""
    machines.write(raw, bases.CMDLINE, FIRMWARE)
    roots.there(raw, *paths)
    return of(raw)


@pytest.mark.parametrize(
    ("product", "kind"),
    [
        ("rEFInd 0.14.0.2", "rEFInd"),
        ("Limine 9.2.0", "Limine"),
    ],
)
def test_what_the_firmware_was_told_is_certain(product: str, kind: str) -> None:
    raw = bases.ready()
    efi_variable(raw, product)
    assert of(raw) == BootLoader(kind, LOADER_INFO)
    assert f"it boots with {kind}, which this version cannot change" in judge(raw).as_dict("x")["reason"]


def test_the_variable_as_the_kernel_shows_it(tmp_path: Path) -> None:
    """Four bytes of attributes and UTF-16, through the probe and its JSON."""
    variable = tmp_path / LOADER_INFO[1:]
    variable.parent.mkdir(parents=True)
    variable.write_bytes(b"\x06\0\0\0" + "systemd-boot 257.13-1~deb13u1".encode("utf-16-le") + b"\0\0")
    seen = evidence.load(json.dumps(probe.collect(str(tmp_path))))
    assert boot_loader.read(seen, grub.read(seen), None) == BootLoader("systemd-boot", LOADER_INFO)


def test_a_kernel_with_its_command_line_in_itself_is_not_grubs_whoever_started_it() -> None:
    raw = bases.ready()
    efi_variable(raw, "GRUB 2.12")
    assert of(raw) == BootLoader("grub", LOADER_INFO)
    roots.there(raw, STUB_INFO)
    assert of(raw) == BootLoader("unified-kernel-image", STUB_INFO)


def test_grub_without_a_menu_is_no_boot_loader_that_could_be_changed() -> None:
    raw = bases.ready()
    efi_variable(raw, "GRUB 2.12")
    machines.remove(raw, grub.GRUB_CFG)
    assert of(raw) is None


@pytest.mark.parametrize("path", [path for path, _ in boot_loader.FILES])
def test_a_file_of_another_counts_where_grub_did_not_start_the_kernel(path: str) -> None:
    found = started(bases.ready(), path)
    assert found is not None
    assert found.source == path
    ready = bases.ready()
    roots.there(ready, path)
    assert of(ready) == GRUB


def test_a_menu_without_the_running_kernel_is_an_old_one() -> None:
    raw = bases.ready()
    roots.there(raw, "/boot/efi/loader/loader.conf")
    machines.replace(raw, grub.GRUB_CFG, bases.KERNEL, "6.1.0-1-amd64")
    assert of(raw) == BootLoader("systemd-boot", "/boot/efi/loader/loader.conf")


def test_without_another_loaders_file_grubs_menu_is_enough() -> None:
    """Xen's pygrub reads it too, and so does a machine that kexec started."""
    assert started(bases.ready()) == GRUB


def test_a_menu_that_cannot_be_read_leaves_it_open() -> None:
    raw = bases.ready()
    machines.unreadable(raw, grub.GRUB_CFG)
    assert started(raw, "/boot/efi/loader/loader.conf") is None
    assert judge(raw).verdict.value == "unknown"


def test_no_sign_of_any() -> None:
    raw = bases.ready()
    machines.remove(raw, grub.GRUB_CFG)
    assert of(raw) is None
    assert "no boot loader of this machine is known" in judge(raw).as_dict("x")["reason"]
