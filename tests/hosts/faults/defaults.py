"""What the GRUB defaults say and what the next boot does with it."""

from __future__ import annotations

from collections.abc import Callable

from ..bases import (
    CMDLINE,
    ENTRY_END,
    GRUB_CFG,
    GRUB_DROPIN,
    KERNEL,
    OURS,
    Change,
    answer,
    installed,
    next_boot,
    pristine,
    ready,
)
from ..machines import Raw, kernel, remove, replace, write

MAIN = "/etc/default/grub"
PACKAGE_DROPIN = "/etc/default/grub.d/kdump-tools.cfg"
PACKAGE = " crashkernel=384M-:128M"
OUR_WORD = f" crashkernel={OURS}"
OLD_KERNEL = "6.1.0-50-amd64"
UUID = "6b64756d-7000-4000-8000-000000000001"
MIB = 1024 * 1024


def replaced_later(raw: Raw) -> None:
    """A file of the administrator's, sorted after ours, sets the variable anew; update-grub ran since."""
    _our_drop_in(raw)
    write(raw, "/etc/default/grub.d/zzz-local.cfg", '# serial console\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n')
    next_boot(raw, OUR_WORD, "")


def cloud_image(raw: Raw) -> None:
    """A cloud image's drop-in throws the administrator's 512M away, before kdump-tools adds its own."""
    replace(raw, MAIN, 'DEFAULT="quiet"', 'DEFAULT="quiet crashkernel=512M"')
    write(raw, "/etc/default/grub.d/50-cloudimg-settings.cfg", 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n')


def unreadable_later(raw: Raw) -> None:
    """What a conditional after our drop-in makes of it, only a shell could tell; update-grub took it away."""
    text = 'if [ -d /sys/firmware/efi ]; then\n  X=1\nelse\n  GRUB_CMDLINE_LINUX_DEFAULT="quiet"\nfi\n'
    write(raw, "/etc/default/grub.d/zzz-local.cfg", text)
    _our_drop_in(raw)
    next_boot(raw, OUR_WORD, "")


def losing(raw: Raw) -> None:
    """The administrator's 512M stands before the package's 128M, which is the last and counts."""
    replace(raw, MAIN, 'DEFAULT="quiet"', 'DEFAULT="crashkernel=512M quiet"')
    replace(raw, GRUB_CFG, f"{ENTRY_END}{PACKAGE}", f"{ENTRY_END.removesuffix('quiet')}crashkernel=512M quiet{PACKAGE}")


def twice(raw: Raw) -> None:
    """The same 512M in both variables, and no drop-in: the first is for nothing, and no harm."""
    _plain(raw)
    replace(raw, MAIN, "norandmaps", "norandmaps crashkernel=512M")
    replace(raw, MAIN, 'DEFAULT="quiet"', 'DEFAULT="quiet crashkernel=512M"')
    replace(raw, GRUB_CFG, "norandmaps", "norandmaps crashkernel=512M")
    text = raw["files"][GRUB_CFG]["text"].replace(f" quiet{OUR_WORD}\n", " quiet crashkernel=512M\n")
    write(raw, GRUB_CFG, text)
    replace(raw, CMDLINE, f"norandmaps quiet{OUR_WORD}", "norandmaps crashkernel=512M quiet crashkernel=512M")
    kernel(raw, kexec_crash_size=str(512 * MIB))


def range_misses(raw: Raw) -> None:
    """A value for larger machines on one of 2 GiB."""
    _asks(raw, "4G-:512M", 0)


def auto(raw: Raw) -> None:
    """Taken from instructions for RHEL 8."""
    _asks(raw, "auto", 0)


def pair_spoiled(raw: Raw) -> None:
    """A high and low pair, and a forgotten plain value that switches it off."""
    _plain(raw)
    words = "crashkernel=512M,high crashkernel=64M,low crashkernel=128M"
    replace(raw, MAIN, 'DEFAULT="quiet"', f'DEFAULT="quiet {words}"')
    next_boot(raw, OUR_WORD, f" {words}")
    replace(raw, CMDLINE, OUR_WORD.strip(), words)
    kernel(raw, kexec_crash_size=str(128 * MIB))


def odd_quotes(raw: Raw) -> None:
    """The administrator's 1G in single quotes, after a continuation line and without quotes: one value."""
    _plain(raw)
    text = raw["files"][MAIN]["text"].replace('GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n', "")
    write(raw, MAIN, text + "#GRUB_CMDLINE_LINUX_DEFAULT='crashkernel=4G'\n")
    dropin = "GRUB_CMDLINE_LINUX_DEFAULT='qui'\\\net\\ crashkernel\"=1G\"\n"
    write(raw, "/etc/default/grub.d/local.cfg", dropin)
    next_boot(raw, OUR_WORD, " crashkernel=1G")
    replace(raw, CMDLINE, OUR_WORD, " crashkernel=1G")
    kernel(raw, kexec_crash_size=str(1 << 30))


def newline(raw: Raw) -> None:
    """A value on two lines: GRUB takes the second for a command of its own, so that ours never arrives either."""
    replace(raw, MAIN, 'DEFAULT="quiet"', 'DEFAULT="quiet\n splash"')
    _our_drop_in(raw)
    text = raw["files"][GRUB_CFG]["text"].replace(f"{ENTRY_END}{OUR_WORD}\n", f"{ENTRY_END}\n splash{OUR_WORD}\n")
    write(raw, GRUB_CFG, text)


def appending(raw: Raw) -> None:
    """`+=` as in bash; Debian's sh is dash, which `sh -n` does not complain for."""
    text = raw["files"][MAIN]["text"] + 'GRUB_CMDLINE_LINUX_DEFAULT+=" crashkernel=512M"\n'
    write(raw, MAIN, text)
    raw["files"]["/bin/sh"] = {"mode": 0o777, "type": 0o120000, "link": "dash", "exists": True}
    answer(raw, ["sh", "-n", MAIN], "", 0)


def just_under(raw: Raw) -> None:
    """8 GiB less 128 MiB: nothing to round up, so still the range below 8 GiB."""
    _ram(raw, 8 * 1024 - 128, 256)


def just_over(raw: Raw) -> None:
    """A few bytes more count as 8 GiB."""
    _ram(raw, 8 * 1024 - 128, 384, more=4096)


def saved_old_kernel(raw: Raw) -> None:
    """GRUB_DEFAULT=saved, and an old kernel was saved whose entry somebody edited: no reservation there."""
    _old_kernel(raw, "")
    _our_drop_in(raw)
    replace(raw, MAIN, "GRUB_DEFAULT=0", "GRUB_DEFAULT=saved")
    replace(raw, GRUB_CFG, 'set default="0"', 'set default="${saved_entry}"')
    saved = f"gnulinux-advanced-{UUID}>gnulinux-{OLD_KERNEL}-advanced-{UUID}"
    block = f"# GRUB Environment Block\nsaved_entry={saved}\n"
    write(raw, "/boot/grub/grubenv", block.ljust(1024, "#"))


def other_kernel_differs(raw: Raw) -> None:
    """The same menu, but the newest kernel boots by itself."""
    _old_kernel(raw, "")


def custom_entry(raw: Raw) -> None:
    """An entry of /etc/grub.d/40_custom is the default, and has no reservation."""
    replace(raw, MAIN, "GRUB_DEFAULT=0", "GRUB_DEFAULT=mine")
    replace(raw, GRUB_CFG, 'set default="0"', 'set default="mine"')
    entry = f"menuentry 'Mine' --id mine {{\n\tlinux /boot/vmlinuz-{KERNEL} root=UUID={UUID} ro quiet\n}}\n"
    replace(raw, GRUB_CFG, "### END /etc/grub.d/40_custom ###", f"{entry}### END /etc/grub.d/40_custom ###")
    replace(raw, CMDLINE, OUR_WORD, "")
    kernel(raw, kexec_crash_size="0", kexec_crash_loaded="0")


def _our_drop_in(raw: Raw) -> None:
    """Our drop-in as this version writes it (the recording has an earlier spelling)."""
    replace(raw, GRUB_DROPIN, "s/(^| )crashkernel=[^ ]*//g", "s/(^|[[:space:]])crashkernel=[^[:space:]]*//g")


def _plain(raw: Raw) -> None:
    """Neither our drop-in nor the package's, whose conffile the administrator deleted."""
    remove(raw, GRUB_DROPIN)
    remove(raw, PACKAGE_DROPIN)


def _asks(raw: Raw, value: str, size_mib: int) -> None:
    """The administrator's own value, in effect since the last boot."""
    _plain(raw)
    replace(raw, MAIN, 'DEFAULT="quiet"', f'DEFAULT="quiet crashkernel={value}"')
    next_boot(raw, OUR_WORD, f" crashkernel={value}")
    replace(raw, CMDLINE, OURS, value)
    kernel(raw, kexec_crash_size=str(size_mib * MIB), kexec_crash_loaded="1" if size_mib else "0")


def _ram(raw: Raw, mib: int, reserved_mib: int, more: int = 0) -> None:
    write(raw, "/proc/iomem", f"00000000-{mib * MIB + more - 1:x} : System RAM\n")
    kernel(raw, kexec_crash_size=str(reserved_mib * MIB))


def _old_kernel(raw: Raw, words: str) -> None:
    """An older kernel in the menu, whose entries come last in the submenu."""
    text = raw["files"][GRUB_CFG]["text"]
    begin = text.index(f"\tmenuentry 'Debian GNU/Linux, with Linux {KERNEL}'")
    end = text.index("}\n\n### END /etc/grub.d/10_linux")
    older = text[begin:end].replace(KERNEL, OLD_KERNEL).replace(OUR_WORD, words)
    write(raw, GRUB_CFG, text[:end] + older + text[end:])


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "debian12-replaced-later": (ready, replaced_later),
    "debian12-cloud-image": (installed, cloud_image),
    "debian12-unreadable-later": (ready, unreadable_later),
    "debian12-losing": (installed, losing),
    "debian12-twice": (ready, twice),
    "debian12-range-misses": (ready, range_misses),
    "debian12-auto": (ready, auto),
    "debian12-pair-spoiled": (ready, pair_spoiled),
    "debian12-odd-quotes": (ready, odd_quotes),
    "debian12-newline": (ready, newline),
    "debian12-appending": (pristine, appending),
    "debian12-just-under": (ready, just_under),
    "debian12-just-over": (ready, just_over),
    "debian12-saved-old-kernel": (ready, saved_old_kernel),
    "debian12-other-kernel-differs": (ready, other_kernel_differs),
    "debian12-custom-entry": (ready, custom_entry),
}
