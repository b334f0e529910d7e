"""Settings that our own unit gives the kernel at boot, once a capture kernel is loaded."""

from __future__ import annotations

from ..evidence import Evidence
from .sysctl import Assignment

VALUES = "/etc/kdump-enabler/late-arming.conf"
UNIT = "/etc/systemd/system/kdump-enabler-late-arming.service"


def starter(unit: str) -> str:
    """The drop-in of the unit that loads the capture kernel, which starts ours after it."""
    return f"/etc/systemd/system/{unit}.d/zz-kdump-enabler-late-arming.conf"


def read(evidence: Evidence, unit: str) -> dict[str, Assignment]:
    """The settings by key; none where the unit is not there or masked, or where nothing starts it."""
    parts = [evidence.file(path) for path in (UNIT, starter(unit))]
    if any(part.text is None or part.link for part in parts):
        return {}
    lines = (evidence.text(VALUES) or "").splitlines()
    found = ((*line.partition(" = ")[::2], number) for number, line in enumerate(lines, 1))
    return {key: Assignment(value, VALUES, number) for key, value, number in found if value}
