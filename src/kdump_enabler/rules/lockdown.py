"""Kernel lockdown: a kernel that takes only signed capture kernels."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts.lockdown import EFI, FILE
from ..facts.machine import Facts
from ..finding import ENABLE, Finding, Severity, Source
from ..policy import Policy

FILE_SYSCALL = frozenset(["-s", "--kexec-file-syscall", "-a", "--kexec-syscall-auto"])


def refused(facts: Facts) -> bool:
    """The kernel is locked down, there is memory, and nothing is loaded."""
    return facts.lockdown.denies_unsigned and bool(facts.reserved_bytes) and facts.capture_loaded is False


def remedy(facts: Facts) -> str:
    """What an administrator has to do about it: ask for the signature check, or boot a kernel that passes it."""
    if _asks_for_check(facts) or facts.platform is None:
        return "boot a signed kernel, or enrol the key that signed this one (mokutil --import)"
    return f"set {facts.config.kexec_setting}, then: {ENABLE}"


def lockdown(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD034: a locked-down kernel denies kexec_load(2) and takes only images with a valid signature, through
    kexec_file_load(2) (kernel_lockdown(7)). kdump-config asks for that (`kexec -s`) where the EFI variables say
    SecureBoot=1 and SetupMode=0 (check_secure_boot), and not for a lockdown that came from the command line; kdumpctl
    where KEXEC_ARGS says so, as it is shipped."""
    if not refused(facts):
        return
    checked = _asks_for_check(facts)
    secure_boot = "on" if facts.lockdown.secure_boot else "off"
    yield Finding(
        id="KD034",
        severity=Severity.ERROR,
        title="The kernel is locked down and takes only a signed capture kernel",
        current=f"lockdown={facts.lockdown.mode}, Secure Boot {secure_boot}, "
        + ("so the image has no signature this kernel trusts" if checked else "so it is not loaded with kexec -s"),
        wanted="a signed kernel, loaded with kexec -s",
        evidence=(
            Source(FILE, 0, facts.lockdown.mode),
            Source(EFI.format("SecureBoot"), 0, secure_boot),
            *(Source("/dev/kmsg", 0, line) for line in kexec_lines(facts)),
        ),
        remedy=remedy(facts),
        blocks_capture=True,
        by_hand=True,
    )


def kexec_lines(facts: Facts) -> list[str]:
    """What the kernel said about loading in this boot (kernel/kexec_file.c, security/lockdown/lockdown.c)."""
    return [line for line in facts.evidence.kernel_log or () if "Lockdown: kexec" in line or "kexec_file:" in line]


def _asks_for_check(facts: Facts) -> bool:
    """Whether loading went through kexec_file_load(2): by kdump-config, by the configuration, or, as newer kexec
    tries it first (kexec(8), -a), by the kernel's own word."""
    configured = bool(FILE_SYSCALL & set(facts.config.kexec_options))
    return facts.lockdown.secure_boot or configured or any("kexec_file:" in line for line in kexec_lines(facts))
