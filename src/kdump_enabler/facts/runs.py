"""The run that is changing a machine, or that was killed while it did (plugins/module_utils/runs.py notes it)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..evidence import Evidence

RECORD = "/var/lib/kdump-enabler/run.json"


@dataclass(frozen=True)
class Run:
    """`over`: it cannot be alive any more, because the machine booted since or its time has run out; where it is
    not, only who drives it (`controller`) can tell. `started_at` is UTC in ISO 8601."""

    name: str
    goal: str
    started_at: str
    over: bool
    controller: Mapping[str, Any]


def read(evidence: Evidence, boot_id: str | None) -> Run | None:
    """The run that is noted on the machine; null when there is none. A note that nobody can read is of a dead one."""
    text = evidence.text(RECORD)
    if text is None:
        return None
    try:
        noted = json.loads(text)
        over = noted["boot_id"] != boot_id or evidence.collected_at > noted["until"]
        return Run(noted["run"], noted["goal"], noted["started_at"], over, noted["controller"])
    except (ValueError, KeyError, TypeError):
        return Run("", "", "", True, {})
