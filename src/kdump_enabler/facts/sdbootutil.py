"""The boot entries that SUSE's sdbootutil writes, for systemd-boot or for a GRUB that reads them itself (grub2-bls).

Each snapshot has entries of its own, told apart by rootflags=subvol=. For GRUB their names decide, and what
`sdbootutil set-default` names (entry_conf_file, set_default_grub2_bls).
"""

from __future__ import annotations

import re

from ..evidence import Evidence, File
from . import bls, grub_env, systemd_boot
from .grub import Menu

DROPINS = "/etc/kernel/cmdline.d"
GRUB_ENV = re.compile(r"(?:/boot)?/efi/EFI/[^/]+/grubenv")


def read(evidence: Evidence, by_grub: bool) -> Menu:
    """The menu of the next boot: the entries of this snapshot, and the one that boots by itself whosever it is. GRUB
    sorts them by their names alone."""
    menu = systemd_boot.read(evidence)
    if by_grub:
        menu = _grubs(evidence, menu)
    here = tuple(one for one in menu.entries if one == menu.next_entry or is_this_snapshot(evidence, one.command_line))
    return Menu(menu.config, menu.env, here, menu.next_entry, menu.fragments)


def dropins(evidence: Evidence) -> list[File]:
    """The files that add to /etc/kernel/cmdline."""
    return [file for file in evidence.below(DROPINS) if not file.absent]


def measured(evidence: Evidence) -> bool:
    """Whether a TPM opens a disk of this machine, which has measured the boot entries before."""
    return "tpm2-device" in (evidence.text("/etc/crypttab") or "")


def _grubs(evidence: Evidence, menu: Menu) -> Menu:
    """The same entries as GRUB sorts and chooses them."""
    ordered = sorted(menu.entries, key=lambda entry: bls.order(_id(entry.file)), reverse=True)
    variables = (systemd_boot.variable(evidence, path) for path in (systemd_boot.ONCE, systemd_boot.CHOSEN))
    names = [name.removesuffix(bls.SUFFIX) for name in (*variables, _saved(evidence))]
    chosen = (entry for name in names for entry in ordered if name == _id(entry.file))
    return Menu(menu.config, menu.env, tuple(ordered), next(chosen, ordered[0] if ordered else None), menu.fragments)


def _saved(evidence: Evidence) -> str:
    """What sdbootutil writes into the environment block beside GRUB where that knows no EFI variables yet."""
    texts = (evidence.text(path) for path in sorted(evidence.files) if GRUB_ENV.fullmatch(path))
    return next((value for text in texts if text and (value := grub_env.read(text).get("default", ""))), "")


def _id(path: str) -> str:
    return systemd_boot.COUNTER.sub("", path.rpartition("/")[2].removesuffix(bls.SUFFIX))


def _root(command_line: str) -> set[str]:
    return {word for word in command_line.split() if word.startswith(("root=", "rootflags="))}


def is_this_snapshot(evidence: Evidence, command_line: str) -> bool:
    """Whether an entry boots the snapshot that runs."""
    return _root(command_line) == _root(evidence.text("/proc/cmdline") or "")
