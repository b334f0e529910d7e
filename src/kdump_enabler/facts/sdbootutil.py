"""The boot entries that SUSE's sdbootutil writes, for systemd-boot or for a GRUB that reads them itself (grub2-bls).

Each snapshot has entries of its own, told apart by rootflags=subvol=. For GRUB their names decide, and what
`sdbootutil set-default` names (entry_conf_file, set_default_grub2_bls).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

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
    blocks = [file for path, file in sorted(evidence.files.items()) if GRUB_ENV.fullmatch(path)]
    names = [name.removesuffix(bls.SUFFIX) for name in (*variables, _saved(blocks))]
    chosen = (entry for name in names for entry in ordered if name == _id(entry.file))
    closed = next((block.path for block in blocks if block.unknown), "")
    otherwise = ordered[0] if ordered and not closed else None
    return Menu(menu.config, closed, tuple(ordered), next(chosen, otherwise), menu.fragments)


def _saved(blocks: Iterable[File]) -> str:
    """What sdbootutil writes into the environment block beside GRUB where that knows no EFI variables yet."""
    return next((value for one in blocks if (value := grub_env.read(one.text or "").get("default", ""))), "")


def _id(path: str) -> str:
    return systemd_boot.COUNTER.sub("", path.rpartition("/")[2].removesuffix(bls.SUFFIX))


def _root(command_line: str) -> set[str]:
    return {word for word in command_line.split() if word.startswith(("root=", "rootflags="))}


def is_this_snapshot(evidence: Evidence, command_line: str) -> bool:
    """Whether an entry boots the snapshot that runs."""
    return _root(command_line) == _root(evidence.text("/proc/cmdline") or "")
