"""Which hosts are not troubled, and what they are told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kdump_enabler import evidence
from kdump_enabler.audit import audit
from kdump_enabler.crash.rehearsal import note, objection, rehearse, unfinished
from kdump_enabler.facts import detectors, proofs
from kdump_enabler.policy import Policy
from kdump_enabler.trouble import Trouble
from tests.hosts import machines

KERNEL = "6.1.0-56-amd64"
NOTE: dict[str, Any] = {
    "schema": proofs.SCHEMA,
    "id": "5f1c0a9e",
    "begun_at": "2026-11-21T15:00:00Z",
    "boot_id": "another",
    "bindings": {},
    "directory": "/var/crash",
    "reserved_bytes": None,
    "dumps": [],
    "outcome": None,
}
TEXTS = {
    "/proc/sys/kernel/watchdog": "1\n",
    "/proc/sys/kernel/soft_watchdog": "1\n",
    "/proc/sys/kernel/nmi_watchdog": "0\n",
    "/proc/sys/kernel/watchdog_thresh": "10\n",
    "/proc/sys/kernel/softlockup_panic": "1\n",
    detectors.ONLINE: "0-1\n",
}


def machine(name: str = "debian12-ready", tools: bool = True, **texts: str) -> dict[str, Any]:
    """A recorded machine with detectors; keywords are texts of /proc/sys, with underscores for slashes at the front."""
    raw = machines.load(name)
    raw["euid"] = 0
    for path, text in {**TEXTS, **{f"/proc/sys/kernel/{key}": value for key, value in texts.items()}}.items():
        machines.write(raw, path, text)
    kernel = str(raw["files"]["/proc/sys/kernel/osrelease"].get("text", "")).strip()
    there = {"mode": 0o755, "size": 1, "mtime": 0} if tools else {"error": "ENOENT"}
    for path in (f"/lib/modules/{kernel}/build", "/usr/bin/make", "/usr/bin/gcc"):
        raw["files"][path] = there
    return raw


def refused(
    raw: dict[str, Any], kind: str = "soft-lockup", force: bool = False, container: bool = False
) -> Trouble | None:
    found = audit(evidence.from_raw(raw), Policy(), "simulate", container)
    assert found.facts
    return objection(found, rehearse(found.facts, found.captures_now, kind, {}), False, force)


def kind_of(found: Trouble | None) -> str:
    return found.kind if found else ""


def test_a_machine_that_is_ready_may_be() -> None:
    assert refused(machine()) is None


def test_a_machine_without_a_dump_only_by_force() -> None:
    assert kind_of(refused(machine("debian12-pending"))) == "not_ready"
    assert refused(machine("debian12-pending"), force=True) is None


def test_a_container_never() -> None:
    assert kind_of(refused(machine("debian12-container"), force=True)) == "unsupported"
    assert kind_of(refused(machine("debian12-container"), "sysrq", force=True, container=True)) == "unsupported"


def test_a_kernel_that_takes_no_unsigned_module() -> None:
    locked = machine()
    machines.write(locked, "/sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
    signed = machine()
    machines.write(signed, detectors.SIGNATURES, "Y\n")
    for raw, words in (
        (locked, "locked down (integrity)"),
        (signed, "sig_enforce is Y"),
        (machine(modules_disabled="1\n"), "modules_disabled = 1"),
    ):
        found = refused(raw, force=True)
        assert found is not None
        assert (found.kind, words in found.msg) == ("signature", True)
        assert refused(raw, "oom") is None, "it needs no module"


def test_the_kernels_own_module_is_signed() -> None:
    signed = machine()
    machines.write(signed, detectors.SIGNATURES, "Y\n")
    kernel = str(signed["files"]["/proc/sys/kernel/osrelease"]["text"]).strip()
    signed["files"][f"/lib/modules/{kernel}/kernel/lib/test_lockup.ko.xz"] = {"mode": 0o644, "size": 1, "mtime": 0}
    assert refused(signed) is None
    assert kind_of(refused(signed, "oops")) == "signature"


def test_what_builds_the_module_is_named() -> None:
    found = refused(machine(tools=False))
    assert found is not None
    assert found.kind == "no_build_tools"
    assert found.hint.startswith("Install linux-headers-6.1.0-")
    assert "make gcc (apt)" in found.hint
    assert refused(machine(tools=False), "memcg-oom") is None


@pytest.mark.parametrize(
    ("name", "headers"), [("rhel9-ready", "kernel-devel-5.14.0-"), ("oracle9-ready", "kernel-uek-devel-5.15.0-")]
)
def test_the_headers_of_the_red_hat_family_are_behind_a_link_that_is_always_there(name: str, headers: str) -> None:
    raw = machine(name)
    kernel = str(raw["files"]["/proc/sys/kernel/osrelease"]["text"]).strip()
    assert refused(raw) is None
    raw["files"][f"/lib/modules/{kernel}/build"] = {"link": f"/usr/src/kernels/{kernel}", "exists": False}
    found = refused(raw)
    assert found is not None
    assert found.kind == "no_build_tools"
    assert found.hint.startswith(f"Install {headers}")
    assert f"{kernel} (dnf)" in found.hint


def test_what_nobody_would_notice_only_by_force() -> None:
    found = refused(machine(), "hard-lockup")
    assert found is not None
    assert (found.kind, "kernel.nmi_watchdog = 0" in found.msg, "RCU stall" in found.msg) == ("no_detector", True, True)
    assert refused(machine(), "hard-lockup", force=True) is None
    assert kind_of(refused(machine(watchdog="0\n"))) == "no_detector"


def test_one_that_nobody_looked_at_comes_first() -> None:
    raw = machine("debian12-pending", tools=False)
    machines.write(raw, proofs.SIMULATION, json.dumps(NOTE))
    found = audit(evidence.from_raw(raw), Policy(), "simulate")
    assert found.facts
    assert unfinished(found.facts)
    assert refused(raw, "hard-lockup") is None
    machines.write(raw, proofs.SIMULATION, json.dumps({**NOTE, "outcome": {"kind": "no_panic", "ended_at": "x"}}))
    assert kind_of(refused(raw)) == "not_ready"


@pytest.mark.parametrize("kind", ["soft-lockup", "oom"])
def test_the_note_holds_what_was_said(kind: str) -> None:
    found = audit(evidence.from_raw(machine()), Policy(), "simulate")
    assert found.facts
    one = rehearse(found.facts, found.captures_now, kind, {})
    noted = note(found.facts, "5f1c0a9e", one)
    assert noted["id"] == "5f1c0a9e"
    assert noted["note"]["simulation"] == one.record()
    assert noted["note"]["bindings"]["kernel"] == found.facts.kernel
