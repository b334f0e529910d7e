"""Rollouts of many hosts: who goes first, and when it stops. The hosts are recorded machines; nothing is changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kdump_enabler.fleet import rollout
from tests.test_fleet_look import WITH_TASKS
from tests.test_result_schema import answering, play

BAD = {"kdump_crashkernel": "as much as you like"}
TWO = {"kdump_batch": 2, "kdump_max_failures": 1}
STOPPED = "it was not tried, because the rollout stopped: "


def hosts(folder: Path, number: int, failing: set[int]) -> dict[str, dict[str, Any]]:
    """So many machines of one kind; the failing ones ask for what cannot be meant."""
    python = answering(folder, "debian12-ready")
    own = {"ansible_connection": "local", "ansible_python_interpreter": python}
    return {f"web{at}": {**own, **(BAD if at in failing else {})} for at in range(1, number + 1)}


def fates(folder: Path, failing: set[int], pace: dict[str, Any]) -> list[str]:
    """What became of each of six hosts, all of them in the play, as ansible-playbook has them: the command leaves out
    those that are as they should be."""
    words = ["--check", "-e", json.dumps(pace), *WITH_TASKS]
    records = play("enable", folder / "hosts.json", hosts(folder, 6, failing), *words)
    return [_fate(records[f"web{at}"]) for at in range(1, 7)]


def _fate(record: dict[str, Any]) -> str:
    reason: str = record["reason"]
    if reason.startswith(STOPPED):
        return reason.removeprefix(STOPPED)
    return "failed" if "trouble" in record else "done"


@pytest.mark.parametrize(
    ("failing", "pace", "expected"),
    [
        ({1}, {}, ["failed", *["done"] * 5]),
        ({1}, {"kdump_canary": 2}, ["failed", "done", *["the canary web1 failed"] * 4]),
        ({3}, {"kdump_canary": 2}, ["done", "done", "failed", "done", "done", "done"]),
        (
            {2, 3},
            {"kdump_batch": 2, "kdump_max_failures": 1},
            ["done", *["failed"] * 2, "done", *["web2, web3 failed"] * 2],
        ),
        ({2}, {"kdump_batch": "50%", "kdump_max_failures": 0}, ["done", "failed", "done", *["web2 failed"] * 3]),
        ({2}, {"kdump_canary": 1, "kdump_batch": "50%", "kdump_max_failures": 3}, ["done", "failed", *["done"] * 4]),
    ],
)
def test_when_it_stops(tmp_path: Path, failing: set[int], pace: dict[str, Any], expected: list[str]) -> None:
    assert fates(tmp_path, failing, pace) == expected


def stops(hosts: dict[str, dict[str, Any]], limits: rollout.Limits) -> str:
    """Why it stops after these hosts, the first ones of the play."""
    names = list(hosts)
    return rollout.stop(names, rollout.course(names, names, len(names), hosts.__getitem__, limits).failed, limits)


def test_each_host_is_read_once() -> None:
    """Ansible makes the variables of a host anew each time; with 10,000 hosts one by one that would be for ever."""
    names = [f"web{at}" for at in range(50)]
    lost = {"kdump_audit": {"unreachable": True, "msg": "timed out"}}
    variables: dict[str, dict[str, Any]] = {name: dict(lost) if name == "web7" else {} for name in names}
    read: list[str] = []

    def ask(name: str) -> dict[str, Any]:
        read.append(name)
        return variables[name]

    for turn in range(0, 50, 5):
        found = rollout.course(names, names, turn, ask, rollout.Limits(failures=1))
        assert (found.judged, found.failed) == (turn, ("web7",) if turn > 7 else ())
        for name in names[turn : turn + 4]:  # nothing is registered for the last, which could not be reached
            variables[name]["kdump_rollout"] = {"judged": found.judged, "failures": list(found.failed)}
    assert len(read) <= 2 * len(names)


def test_what_an_earlier_play_left_on_a_lost_host_does_not_count() -> None:
    lost = {"kdump_audit": {"unreachable": True, "msg": "timed out"}}
    variables = {"web1": lost, "web2": {"kdump_rollout": {"judged": 2, "failures": []}}, "web3": {}}
    found = rollout.course(list(variables), {"web1", "web3"}, 2, variables.__getitem__, rollout.Limits(failures=0))
    assert found.failed == ("web1",)


def test_with_reboots_a_host_that_is_not_ready_stops_it() -> None:
    record = json.dumps({"verdict": "drift", "facts": {}, "exit_code": 1})
    seen = {"kdump_audit": {"record": record, "open": False}}
    assert stops({"web1": seen, "web2": {}}, rollout.Limits(failures=0)) == ""
    assert stops({"web1": seen, "web2": {}}, rollout.Limits(failures=0, reboots=True)) == "web1 failed"


def test_what_waits_for_a_person_does_not_stop_it() -> None:
    record = {"verdict": "drift", "facts": {"changed_by": "transactional-update"}, "exit_code": 1}
    seen = {"kdump_audit": {"record": json.dumps(record), "open": False}}
    assert stops({"micro1": seen}, rollout.Limits(failures=0, canaries=1, reboots=True)) == ""


def test_many_are_not_all_named() -> None:
    lost = {f"web{at}": {"kdump_audit": {"unreachable": True, "msg": "timed out"}} for at in range(5)}
    assert stops(lost, rollout.Limits(failures=5)) == ""
    assert stops(lost, rollout.Limits(failures=4)) == "web0, web1, web2 and 2 more failed"


def test_a_host_that_needs_no_reboot_is_left_alone(tmp_path: Path) -> None:
    """Without check mode: nothing happens to it, and it is told as what it is, so that a rollout goes on."""
    records = play("reboot", tmp_path / "hosts.json", hosts(tmp_path, 2, set()))
    assert {name: (found["verdict"], found["exit_code"]) for name, found in records.items()} == {
        "web1": ("ready", 0),
        "web2": ("ready", 0),
    }
