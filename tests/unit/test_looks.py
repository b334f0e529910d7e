"""What the command makes of the answers of a fleet's hosts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from kdump_enabler.fleet.looks import Looks
from kdump_enabler.report.document import document
from tests.hosts import machines
from tests.result_schema import keeps_to_the_schema

TASK = "kdump.enabler.audit : Look at the host"
KILLED = '{"schema": 1, "name": "20261121T101112Z", "goal": "enable", "started_at": "2026-11-21T10:11:12+00:00"}'


def answered(host: str, machine: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    look = {"evidence": json.dumps({"schema": 1, **machine}), "layers": [], "test_container": False}
    return {"event": "ok", "host": host, "task": TASK, "message": "", "look": {**look, "evidence_not_kept": "", **more}}


def lost(host: str, event: str, message: str) -> dict[str, Any]:
    return {"event": event, "host": host, "task": TASK, "message": message, "look": {event: True, "msg": message}}


def records(looks: Looks, *names: str) -> dict[str, dict[str, Any]]:
    found = dict(looks.taken(names))
    keeps_to_the_schema(document(found.values()))
    return found


def test_answers_become_records() -> None:
    looks = Looks(for_change=False)
    told = looks(answered("web1", machines.load("debian12-ready")))
    assert told == {"event": "ok", "host": "web1", "task": TASK, "message": ""}
    looks(answered("web2", machines.load("debian12-pending"), evidence_not_kept="No space left on device"))
    looks(lost("web3", "unreachable", "Failed to connect to the host via ssh: Connection refused"))
    looks(lost("web4", "failed", "The probe did not run (exit status 127): sh: python3: not found"))
    assert looks.knows(["web1", "web4"])
    assert not looks.knows(["web1", "web5"])
    found = records(looks, "web1", "web2", "web3", "web4", "web5")
    assert {name: one["verdict"] for name, one in found.items()} == {
        "web1": "ready",
        "web2": "reboot-pending",
        "web3": "unreachable",
        "web4": "unknown",
    }
    assert found["web2"]["evidence_not_kept"] == "No space left on device"
    assert found["web4"]["trouble"]["kind"] == "no_python"
    assert looks.left(["web1", "web4"]) == []


def test_a_policy_is_judged_by() -> None:
    looks = Looks(for_change=False)
    layer = {"source": "inventory", "values": {"kdump_crashkernel": "1G"}}
    looks(answered("web1", machines.load("debian12-ready"), layers=[layer]))
    assert records(looks, "web1")["web1"]["facts"]["crashkernel"]["wanted"] == "crashkernel=1G"


@pytest.mark.parametrize("text", ["", "{", '{"schema": 0}'])
def test_an_answer_that_is_no_evidence_is_trouble(text: str) -> None:
    looks = Looks(for_change=False)
    looks(answered("web1", {}, evidence=text))
    assert records(looks, "web1")["web1"]["trouble"]["sentence"].startswith("evidence is not")


def test_a_change_goes_on_with_what_is_not_done() -> None:
    ready = machines.load("debian12-ready")
    noted = {"/var/lib/kdump-enabler/run.json": {"text": KILLED, "mode": 0o600}}
    looks = Looks(for_change=True)
    looks(answered("ready", ready))
    looks(answered("killed", {**ready, "files": {**ready["files"], **noted}}))
    looks(answered("nobody", {**ready, "euid": 1000}))
    looks(answered("pristine", machines.load("debian12-pristine")))
    assert looks(lost("gone", "unreachable", "ssh: connect to host gone port 22"))["event"] == "skipped"
    names = ["gone", "pristine", "ready", "nobody", "killed"]
    assert looks.left(names) == ["gone", "pristine", "nobody", "killed"], "canaries are the first of the inventory"


def test_other_events_are_left_as_they_are() -> None:
    event = {"event": "ok", "host": "web1", "task": "Set SysRq", "changed": True}
    assert Looks(for_change=True)(event) is event
