"""Every recorded machine leads to what its facts must lead to: tests/hosts/<machine>/{evidence,expected}.json."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kdump_enabler import evidence
from kdump_enabler.audit import Audit, audit
from kdump_enabler.policy.policy_file import in_effect
from tests.hosts import faults, machines, reconstruct


def summary(found: Audit) -> dict[str, Any]:
    record = found.as_dict("machine")
    sizes = record["facts"]["crashkernel"]
    return {
        "verdict": record["verdict"],
        "exit_code": record["exit_code"],
        "captures_now": record["captures_now"],
        "reason": record["reason"],
        "findings": sorted(f"{finding['id']} {finding['severity']}" for finding in record["findings"]),
        "running_bytes": sizes["running_bytes"],
        "next_boot_bytes": sizes["next_boot_bytes"],
        "wanted_bytes": sizes["wanted_bytes"],
        "plan": sorted(f"{step['step']} {step['changes']}" for step in record["plan"]),
    }


@pytest.mark.parametrize("name", machines.names())
def test_machine(name: str) -> None:
    want = machines.expected(name)
    origin, refusal = want.pop("origin"), want.pop("refusal")
    seen = evidence.from_raw(machines.load(name))
    found = audit(seen, in_effect(seen, []))
    got = summary(found)
    different = {key: {"got": got[key], "want": want[key]} for key in want if got[key] != want[key]}
    assert not different, f"{name} ({origin})\n{json.dumps(different, indent=1)}"
    assert refusal in found.plan.refusal
    assert bool(refusal) == bool(found.plan.refusal)


@pytest.mark.parametrize("name", sorted(faults.MACHINES))
def test_a_reconstructed_machine_is_its_change_and_nothing_else(name: str) -> None:
    assert reconstruct.make(name) == machines.load(name)
    assert machines.expected(name)["origin"].startswith("reconstructed: ")


def test_every_machine_says_where_it_comes_from() -> None:
    recorded = [name for name in machines.names() if machines.expected(name)["origin"].startswith("recorded")]
    assert sorted([*recorded, *faults.MACHINES]) == machines.names()
