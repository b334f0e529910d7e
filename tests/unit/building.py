"""Evidence made by hand: a machine of which only what a test is about is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kdump_enabler import evidence
from kdump_enabler.audit import Audit, audit
from kdump_enabler.evidence import Evidence
from kdump_enabler.policy import Policy, from_variables
from tests.hosts import machines

MIB = 1024 * 1024
GIB = 1024 * MIB


def raw(files: Mapping[str, str] | None = None, commands: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The probe's dictionary with these texts and nothing else."""
    made: dict[str, Any] = {
        "schema": 1,
        "root": "/",
        "live": True,
        "euid": 0,
        "machine": "x86_64",
        "collected_at": 0,
        "files": {},
        "directories": {},
        "mounts": {},
        "commands": list(commands),
        "kernel_log": {"lines": []},
    }
    for path, text in (files or {}).items():
        machines.write(made, path, text)
    return made


def seen(files: Mapping[str, str] | None = None, commands: Sequence[Mapping[str, Any]] = ()) -> Evidence:
    """Evidence with these texts and nothing else."""
    return evidence.from_raw(raw(files, commands))


def judge(made: Mapping[str, Any], **variables: Any) -> Audit:
    """A machine judged; variables are policy variables without their prefix."""
    return audit(evidence.from_raw(made), policy(**variables))


def policy(**variables: Any) -> Policy:
    """The policy of these variables, given without their prefix."""
    return from_variables({f"kdump_{name}": value for name, value in variables.items()})


def identifiers(found: Audit) -> list[str]:
    """The findings as `KD020 error`, sorted."""
    return sorted(f"{finding.id} {finding.severity.value}" for finding in found.findings)
