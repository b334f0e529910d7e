"""What of a running kernel notices lockups and other trouble, and whether it then panics, as the kernel states it."""

from __future__ import annotations

from dataclasses import dataclass

from ..evidence import Evidence
from . import sysctl

STALL_TIMEOUT = "/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout"
STALL_SUPPRESS = "/sys/module/rcupdate/parameters/rcu_cpu_stall_suppress"
STALL_SECONDS = 21  # CONFIG_RCU_CPU_STALL_TIMEOUT of most kernels (lib/Kconfig.debug: 21 by default)
ONLINE = "/sys/devices/system/cpu/online"
SIGNATURES = "/sys/module/module/parameters/sig_enforce"


@dataclass(frozen=True)
class Detectors:
    """The settings by their names. A kernel without a detector has no such file, which is the same as switched off;
    null is what could not be seen. `cpus` are the numbers of those that are online, empty when unseen."""

    evidence: Evidence
    cpus: frozenset[int]
    stall_seconds: int | None

    def value(self, key: str) -> int | None:
        """The number that a sysctl has now."""
        file = self.evidence.file("/proc/sys/" + key.replace(".", "/"))
        return 0 if file.absent else sysctl.integer((file.text or "").strip())


def read(evidence: Evidence) -> Detectors:
    """The settings of the running kernel; RCU's stall detector is always built in (null seconds: suppressed)."""
    timeout = sysctl.integer((evidence.text(STALL_TIMEOUT) or "").strip())
    suppressed = (evidence.text(STALL_SUPPRESS) or "").strip() not in ("", "0")
    return Detectors(evidence, _numbers(evidence.text(ONLINE) or ""), None if suppressed else timeout or STALL_SECONDS)


def loading_denied(evidence: Evidence) -> str:
    """Why the kernel loads no module without a signature; empty when it does."""
    if (evidence.text("/proc/sys/kernel/modules_disabled") or "").strip() == "1":
        return "no module can be loaded until the next boot (kernel.modules_disabled = 1)"
    if (evidence.text(SIGNATURES) or "").strip() == "Y":
        return f"the kernel loads signed modules only ({SIGNATURES} is Y)"
    return ""


def _numbers(text: str) -> frozenset[int]:
    """The numbers of a list such as 0-3,8 (cpu-lists of the kernel)."""
    found: set[int] = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        if first.isdigit() and (last or first).isdigit():
            found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)
