"""The verdict of a machine, from its facts and findings, and whether a panic now would leave a dump."""

from __future__ import annotations

from collections.abc import Iterable

from .facts.machine import Facts
from .finding import Finding, Severity
from .rules.capture import missing_packages
from .rules.targets import is_saved
from .verdict import Verdict


def captures_now(facts: Facts) -> bool | None:
    """Whether a panic now would leave a dump, from the kernel's own word and the target; null when unseen."""
    if facts.capture_loaded is False:
        return False
    if facts.capture_loaded is None:
        return None
    return is_saved(facts)


def decide(facts: Facts, findings: Iterable[Finding]) -> Verdict:
    """The verdict; the first that matches, in the order of the words below."""
    found = list(findings)
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    lasting = any(finding.blocks_capture and not finding.needs_reboot for finding in errors)
    if facts.unsupported:
        return Verdict.UNSUPPORTED
    if _is_set_up(facts) and captures_now(facts) is False and lasting:
        return Verdict.BROKEN
    if errors and all(finding.needs_reboot for finding in errors):
        return Verdict.REBOOT_PENDING
    if errors:
        return Verdict.DRIFT
    return Verdict.UNKNOWN if any(finding.unseen for finding in found) else Verdict.READY


def _is_set_up(facts: Facts) -> bool:
    """Somebody meant this machine to be crash-ready: the tools are there, and memory or the service is set."""
    unit = facts.unit(facts.platform.unit) if facts.platform else None
    enabled = unit is not None and unit.unit_file_state.startswith("enabled")
    sizes = (facts.reserved_bytes, facts.next_boot.size_bytes if facts.next_boot else None)
    return facts.packages is not None and not missing_packages(facts) and (enabled or any(sizes))
