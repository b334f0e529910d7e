"""Kernel lockdown and Secure Boot: whether a kernel may be loaded without a signature."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..evidence import Evidence

FILE = "/sys/kernel/security/lockdown"
EFI = "/sys/firmware/efi/efivars/{}-8be4df61-93ca-11d2-aa0d-00e098032b8c"


@dataclass(frozen=True)
class Lockdown:
    """`mode` is none, integrity or confidentiality (kernel_lockdown(7)), empty when it could not be seen;
    `secure_boot` as kdump-config decides it: SecureBoot is 1 and SetupMode is 0."""

    mode: str
    secure_boot: bool

    @property
    def denies_unsigned(self) -> bool:
        """kexec_load(2) is denied, and kexec_file_load(2) wants a signature (kernel_lockdown(7))."""
        return self.mode in ("integrity", "confidentiality")


def read(evidence: Evidence) -> Lockdown:
    """The state in force: the word in brackets, and the last byte of each EFI variable (four of attributes first)."""
    match = re.search(r"\[(\w+)\]", evidence.text(FILE) or "")
    secure, setup = (evidence.text(EFI.format(name)) or "" for name in ("SecureBoot", "SetupMode"))
    return Lockdown(match[1] if match else "", secure[-1:] == "\x01" and setup[-1:] == "\x00")
