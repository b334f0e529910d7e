"""The command `simulate`: what it says before, whom it asks, and its exit status."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from kdump_enabler import commands, evidence
from kdump_enabler.audit import audit
from kdump_enabler.cli import cli
from kdump_enabler.crash.outcome import Outcome
from kdump_enabler.crash.rehearsal import objection, rehearse
from kdump_enabler.crash.simulated import record
from kdump_enabler.errors import UserError
from kdump_enabler.policy import Policy
from kdump_enabler.report import document, packing
from tests.result_schema import keeps_to_the_schema
from tests.unit.test_rehearsal import machine
from tests.unit.test_simulated import BEGINS, DUMP, ID, PANIC, SPOKEN, WHOLE

INVENTORY = ["-i", "web1,db1,"]
LATE = Outcome("no_panic", "The host is still in the boot that was to crash")


def rehearsed(host: str, raw: dict[str, Any], kind: str = "soft-lockup") -> dict[str, Any]:
    """The record of a host, as a run in check mode gives it."""
    found = audit(evidence.from_raw(raw), Policy(), "simulate")
    assert found.facts
    one = rehearse(found.facts, found.captures_now, kind, {"cpu": 1} if kind == "soft-lockup" else {})
    refused = objection(found, one, False, False)
    record = packing.packed({**found.as_dict(host), "simulation": one.record()})
    variables: dict[str, Any] = {"kdump_audit": {"record": record}}
    if refused:
        told = {"kind": refused.kind, "sentence": refused.msg, "hint": refused.hint, "exit_code": refused.exit_code}
        variables["kdump_trouble"] = told
    return document.from_play(host, variables)


class Played:
    """Stands for the playbook: in check mode what should happen, else what happened."""

    def __init__(self) -> None:
        self.before = document.document([rehearsed("web1", machine()), rehearsed("db1", machine("debian12-pending"))])
        self.outcome, self.log = WHOLE, [BEGINS, SPOKEN[0][1], PANIC]
        self.variables: list[tuple[bool, dict[str, Any]]] = []

    def play(self, playbook: str, request: Any, variables: Any) -> dict[str, Any]:
        assert playbook == "simulate"
        self.variables.append((request.dry_run, dict(variables)))
        if request.dry_run:
            return self.before
        web1 = dict(self.before["hosts"][0])
        web1["simulation"] = record(web1["simulation"], self.outcome is LATE, self.outcome, self.log, ID)
        if web1["simulation"]["difference"]:
            web1["trouble"] = {"kind": "not_as_said", "sentence": "x", "hint": "y"}
        return document.document([web1])


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    found = Played()
    monkeypatch.setattr(commands, "play", found.play)
    monkeypatch.setenv("COLUMNS", "200")
    return found


def simulate(*words: str, typed: str | None = None, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    if typed is not None:
        monkeypatch.setattr("kdump_enabler.crash.proving.is_a_person_there", lambda: True)
    done = CliRunner().invoke(cli, ["simulate", *words, *INVENTORY], input=typed, standalone_mode=False)
    if isinstance(done.exception, UserError):
        raise done.exception
    return int(done.return_value or 0), str(done.output)


def test_a_dry_run_says_it_and_asks_nothing(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = simulate("soft-lockup", "--dry-run", monkeypatch=monkeypatch)
    assert [dry for dry, _ in played.variables] == [True]
    assert "soft-lockup for 60 s with preemption off on CPU 1, by our module" in output
    assert "soft lockup noticed after 20 s (25 s at most), which panics (kernel.softlockup_panic = 1)" in output
    assert "comes out: a capture kernel is loaded" in output
    assert code == 1, "db1 would be refused"


def test_the_name_has_to_be_typed(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = simulate("soft-lockup", typed="web1\n", monkeypatch=monkeypatch)
    assert played.variables[-1][1]["kdump_prove_consent"] == ["web1"]
    assert output.index("which panics") < output.index("Type web1 to do it")
    assert "db1 to do it" not in output, "it would leave no dump, and is refused by the run"
    assert (code, DUMP in output) == (0, True)


def test_a_wrong_name_is_no_consent(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    simulate("soft-lockup", typed="yes\n", monkeypatch=monkeypatch)
    assert played.variables[-1][1]["kdump_prove_consent"] == []


def test_without_a_terminal_nothing_is_made(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError) as refused:
        simulate("soft-lockup", monkeypatch=monkeypatch)
    assert refused.value.hint == "Pass --yes-crash web1"
    assert [dry for dry, _ in played.variables] == [True]


def test_what_was_other_than_said_is_1(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    played.outcome, played.log = LATE, [BEGINS]
    code, output = simulate("soft-lockup", "--yes-crash", "web1", monkeypatch=monkeypatch)
    assert code == 1
    assert "as said    no: The host did not panic, and it was to panic" in output


def test_what_makes_no_sense_is_refused_before_anything(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="--cpu makes no sense for oops"):
        simulate("oops", "--cpu", "1", monkeypatch=monkeypatch)
    assert played.variables == []


def test_the_result_keeps_to_the_schema(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    keeps_to_the_schema(played.before)
    _, output = simulate("soft-lockup", "--yes-crash", "web1", "--format", "json", monkeypatch=monkeypatch)
    result = json.loads(output)
    keeps_to_the_schema(result)
    assert result["hosts"][0]["simulation"]["seen"]["detectors"][0]["name"] == "soft lockup"


@pytest.mark.parametrize("kind", ["hard-lockup", "hung-task", "rcu-stall", "oops", "bug", "oom", "memcg-oom", "sysrq"])
def test_every_kind_keeps_to_the_schema(kind: str) -> None:
    keeps_to_the_schema(document.document([rehearsed("web1", machine(), kind)]))


def test_whoever_interrupts_it_hears_what_may_go_on(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    def play(playbook: str, request: Any, variables: Any) -> dict[str, Any]:
        if not request.dry_run:
            raise KeyboardInterrupt
        return played.play(playbook, request, variables)

    monkeypatch.setattr(commands, "play", play)
    with pytest.raises(UserError, match="Interrupted: soft-lockup may go on until it ends by itself, or panic on web1"):
        simulate("soft-lockup", "--yes-crash", "web1", monkeypatch=monkeypatch)
