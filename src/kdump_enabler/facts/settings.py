"""The settings of the panic policy, each now and at the next boot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ..evidence import Evidence
from ..platforms import Platform
from ..policy import sysctls
from . import late_arming, sysctl
from .sysctl import Assignment, Setting
from .sysctl_files import Files

# They sort after names with a number and after those that other software and people use (k8s.conf, local.conf); who
# writes a file that sorts later still means it.
PANIC_DROPIN = "/etc/sysctl.d/zz-kdump-enabler.conf"
SYSRQ_DROPIN = "/etc/sysctl.d/zz-kdump-enabler-sysrq.conf"
SYSRQ = "kernel.sysrq"


def read(
    evidence: Evidence,
    files: Files,
    platform: Platform | None,
    boot_values: Mapping[str, str],
    kernel: str | None,
) -> dict[str, Setting]:
    """Every setting of the panic policy, with what the command line of the next boot sets and the release of the kernel
    that boots then; `files` are those of the machine. What our own unit sets comes after all files of sysctl.d."""
    late = late_arming.read(evidence, platform.unit) if platform else {}
    found = {
        key: sysctl.read(evidence, key, PANIC_DROPIN, boot_values, takes=sysctls.table()[key].takes, files=files)
        for key in sysctls.managed()
    }
    found |= {
        key: replace(found[key], next_boot=value, blocker=None, later=()) for key, value in late.items() if key in found
    }
    built_in = _built_in_sysrq(evidence, kernel)
    return found | {SYSRQ: sysctl.read(evidence, SYSRQ, SYSRQ_DROPIN, boot_values, built_in, files=files)}


def _built_in_sysrq(evidence: Evidence, kernel: str | None) -> Assignment | None:
    """What the kernel of the next boot allows of SysRq before any file says otherwise (lib/Kconfig.debug)."""
    path = f"/boot/config-{kernel}"
    match = re.search(r"^CONFIG_MAGIC_SYSRQ_DEFAULT_ENABLE=(\S+)$", evidence.text(path) or "", re.MULTILINE)
    value = sysctl.integer(match[1]) if match else None
    return None if value is None else Assignment(str(value), path, 0)
