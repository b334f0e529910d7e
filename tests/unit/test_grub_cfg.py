"""Which entry GRUB boots by itself, on the grub.cfg that Debian 12's grub-mkconfig wrote."""

from __future__ import annotations

import pytest

from kdump_enabler import evidence
from kdump_enabler.facts import grub
from tests.hosts import machines

UUID = "6b64756d-7000-4000-8000-000000000001"
KERNEL = "6.1.0-56-amd64"
TOP, NEWEST, RECOVERY = (0,), (1, 0), (1, 1)
TITLES = "Advanced options for Debian GNU/Linux>Debian GNU/Linux, with Linux " + KERNEL
IDS = f"gnulinux-advanced-{UUID}>gnulinux-{KERNEL}-recovery-{UUID}"
# GRUB_DEFAULT as grub-mkconfig writes it into grub.cfg, the variables of grubenv, the entry.
DEFAULTS = [
    ("0", {}, TOP),
    ("1>0", {}, NEWEST),
    ("1>1", {}, RECOVERY),
    ("Debian GNU/Linux", {}, TOP),
    (TITLES, {}, NEWEST),
    (TITLES + " (recovery mode)", {}, RECOVERY),
    (f"gnulinux-simple-{UUID}", {}, TOP),
    (IDS, {}, RECOVERY),
    (f"1>gnulinux-{KERNEL}-recovery-{UUID}", {}, RECOVERY),
    ("${saved_entry}", {"saved_entry": "1>1"}, RECOVERY),
    ("${saved_entry}", {"saved_entry": IDS}, RECOVERY),
    ("${saved_entry}", {}, TOP),  # nothing was saved: an empty default is the first entry
    ("0", {"saved_entry": "1>1"}, TOP),
    ("0", {"next_entry": "1>1"}, RECOVERY),  # grub-reboot: once, before everything else
    ("${saved_entry}", {"saved_entry": "0", "next_entry": "1>0"}, NEWEST),
    ("0", {"next_entry": ""}, TOP),
    ("7", {}, TOP),  # there is no such entry: GRUB takes the first
    ("1>7", {}, TOP),
    ("Windows", {}, TOP),
    (f"gnulinux-{KERNEL}-recovery-{UUID}", {}, TOP),  # an entry of a submenu has no name at the top
]
LINES = {
    TOP: f"root=UUID={UUID} ro net.ifnames=0 console=ttyS0 mitigations=off norandmaps quiet",
    NEWEST: f"root=UUID={UUID} ro net.ifnames=0 console=ttyS0 mitigations=off norandmaps quiet",
    RECOVERY: f"root=UUID={UUID} ro single net.ifnames=0 console=ttyS0 mitigations=off norandmaps",
}


def machine(default: str = "0", environment: dict[str, str] | None = None) -> machines.Raw:
    raw = machines.load("debian12-pristine")
    machines.replace(raw, grub.GRUB_CFG, 'set default="0"', f'set default="{default}"')
    block = "# GRUB Environment Block\n# WARNING: Do not edit\n"
    block += "".join(f"{name}={value}\n" for name, value in (environment or {}).items())
    machines.write(raw, grub.GRUB_ENV, block.ljust(1024, "#"))
    return raw


def booted(raw: machines.Raw) -> grub.Entry | None:
    return grub.read(evidence.from_raw(raw)).next_entry


@pytest.mark.parametrize(("default", "environment", "path"), DEFAULTS)
def test_next_entry(default: str, environment: dict[str, str], path: tuple[int, ...]) -> None:
    entry = booted(machine(default, environment))
    assert entry is not None
    assert (entry.path, entry.kernel, entry.command_line) == (path, f"/boot/vmlinuz-{KERNEL}", LINES[path])


def test_every_entry_with_its_line() -> None:
    text = machine()["files"][grub.GRUB_CFG]["text"]
    found = list(grub.entries(text))
    assert [entry.path for entry in found] == [TOP, NEWEST, RECOVERY]
    lines = text.splitlines()
    assert all(lines[entry.line - 1].split()[0] == "linux" for entry in found)


def test_an_entry_that_is_no_linux_still_counts_as_a_position() -> None:
    raw = machine("1")
    memtest = "menuentry 'Memory test' --class memtest {\n\tlinux16 /boot/memtest.bin\n}\n"
    chain = "menuentry 'Other' {\n\tchainloader +1\n}\n"
    machines.replace(raw, grub.GRUB_CFG, "menuentry 'Debian GNU/Linux' ", chain + "menuentry 'Debian GNU/Linux' ")
    entry = booted(raw)
    assert entry is not None
    assert (entry.path, entry.kernel) == ((1,), f"/boot/vmlinuz-{KERNEL}")
    raw["files"][grub.GRUB_CFG]["text"] += memtest
    assert booted(raw) == entry


def test_a_title_with_an_apostrophe() -> None:
    raw = machine("Bob's Debian")
    machines.replace(raw, grub.GRUB_CFG, "submenu 'Advanced", f"{CUSTOM}submenu 'Advanced")
    entry = booted(raw)
    assert entry is not None
    assert (entry.kernel, entry.command_line) == ("/vmlinuz", "root=/dev/sdb1 crashkernel=512M")


CUSTOM = "menuentry 'Bob'\\''s Debian' {\n\tlinux\t/vmlinuz root=/dev/sdb1 crashkernel=512M\n}\n"


@pytest.mark.parametrize("text", ["", "# only a comment\n", "menuentry 'Other' {\n\tchainloader +1\n}\n"])
def test_no_linux_to_boot(text: str) -> None:
    raw = machine()
    machines.write(raw, grub.GRUB_CFG, text)
    assert booted(raw) is None


def test_unreadable() -> None:
    raw = machine()
    machines.unreadable(raw, grub.GRUB_CFG)
    assert booted(raw) is None
