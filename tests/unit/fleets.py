"""Fleets for tests of reports: recorded machines under many names."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import Any

from kdump_enabler.report import document
from tests.hosts import machines
from tests.unit.building import judge

MACHINES = ("debian12-ready", "debian12-pristine", "debian12-masked", "debian12-pending", "examplix")


def record(machine: str, name: str) -> dict[str, Any]:
    """What the audit says of a recorded machine, as the schema has it after JSON."""
    return judge(machines.load(machine)).as_dict(name)


def fleet(number: int) -> dict[str, Any]:
    """So many hosts, web1 and on, that are recorded machines in turn."""
    models = {machine: record(machine, "") for machine in MACHINES}
    kinds: Mapping[int, str] = dict(zip(range(1, number + 1), cycle(MACHINES)))
    return document.document({**models[kind], "host": f"web{at}"} for at, kind in kinds.items())
