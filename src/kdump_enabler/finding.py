"""What a rule says about a machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

# Remedies that the tool itself carries out; reports turn them into what the user types.
ENABLE = "kdump-enabler enable"
REBOOT = "reboot"
THERE = "on that machine: "  # before what is typed for a recording, which is of a machine elsewhere
ENABLE_THERE = f"{THERE}sudo {ENABLE}"


def typed(remedy: str, command: str) -> str:
    """A remedy as the user types it; `command` is how they call `enable` for this host."""
    return command if remedy == ENABLE else remedy.replace(ENABLE, command.removeprefix(THERE))


def enables(host: Mapping[str, Any], command: str) -> str:
    """How `enable` is typed for a host of a result: `command` for one that was asked itself, as earlier results do not
    tell also for theirs; on the machine itself for one that was seen in a recording, an archive or an image."""
    seen = host.get("seen")
    return command if not seen or seen["how"] == "live" else ENABLE_THERE


class Severity(str, Enum):
    """Errors decide the verdict; warnings and infos never do."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Source:
    """Where a finding was seen: a file with its line (0: the whole file), or a command's answer."""

    source: str
    line: int = 0
    text: str = ""


@dataclass(frozen=True)
class Finding:
    """One fault, in a linter's shape.

    needs_reboot: a reboot alone mends it; blocks_capture: while it stands no dump comes out, and a reboot does not
    change that; unseen: it stands for something that could not be read; by_hand: `enable` leaves it to the
    administrator.
    """

    id: str
    severity: Severity
    title: str
    current: str
    wanted: str
    remedy: str
    evidence: tuple[Source, ...] = field(default=())
    needs_reboot: bool = False
    blocks_capture: bool = False
    unseen: bool = False
    by_hand: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The finding as the result document holds it."""
        record = asdict(self)
        return record | {
            "severity": self.severity.value,
            "evidence": [asdict(source) for source in self.evidence],
        }
