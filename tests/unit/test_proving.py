"""The command `prove`: each machine is crashed only after its own name was typed."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from kdump_enabler import commands
from kdump_enabler.cli import cli
from kdump_enabler.crash.proving import NOTHING
from kdump_enabler.errors import UserError
from kdump_enabler.report import document
from tests.hosts import machines
from tests.unit.building import judge

MACHINES = {"web1": "debian12-ready", "web2": "debian12-ready", "db1": "debian12-pending"}
INVENTORY = ["-i", "web1,web2,db1,"]


class Played:
    """Stands for looking and for the run, and keeps what the run was asked for."""

    def __init__(self) -> None:
        records = [judge(machines.load(name)).as_dict(host) for host, name in MACHINES.items()]
        self.result = document.document(records)
        self.variables: dict[str, Any] = {}

    def look(self, _request: Any) -> dict[str, Any]:
        return self.result

    def play(self, playbook: str, _request: Any, variables: Any) -> dict[str, Any]:
        assert playbook == "prove"
        self.variables = dict(variables)
        return self.result


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    found = Played()
    monkeypatch.setattr(commands, "look", found.look)
    monkeypatch.setattr(commands, "play", found.play)
    return found


def prove(*words: str, typed: str | None = None, monkeypatch: pytest.MonkeyPatch) -> str:
    if typed is not None:
        monkeypatch.setattr("kdump_enabler.crash.proving.is_a_person_there", lambda: True)
    done = CliRunner().invoke(cli, ["prove", *INVENTORY, *words], input=typed)
    if isinstance(done.exception, UserError):
        raise done.exception
    return str(done.output)


def test_the_name_has_to_be_typed(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    output = prove(typed="web1\nyes\n", monkeypatch=monkeypatch)
    assert played.variables["kdump_prove_consent"] == ["web1"]
    assert "This crashes web1, web2, on purpose and now" in output
    assert "db1 to crash" not in output, "it would leave no dump, and is refused by the run"


def test_without_a_terminal_nothing_is_asked_and_nothing_crashed(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError) as refused:
        prove("--yes-crash", "web1", monkeypatch=monkeypatch)
    assert "--yes-crash web2" in refused.value.hint
    assert played.variables == {}


def test_every_host_named(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    prove("--yes-crash", "web1", "--yes-crash", "web2", "--window", "22:00-05:00", monkeypatch=monkeypatch)
    assert played.variables["kdump_prove_consent"] == ["web1", "web2"]
    assert played.variables["kdump_prove_window"] == "22:00-05:00"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--yes-crash", "web1", "--yes-crash", "web3"], "--yes-crash web3 is none of the hosts here"),
        (["--yes-crash", "web1", "--window", "25:00-26:00"], "--window 25:00-26:00 is no window"),
        (["--dry-run", "--window", "9-17"], "--window 9-17 is no window"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_crash(
    words: list[str], named: str, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=named):
        prove(*words, typed="web1\nweb2\n", monkeypatch=monkeypatch)
    assert played.variables == {}


def test_a_consent_to_the_crash_of_another_machine_is_none_for_this_one(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("kdump_enabler.crash.proving.is_a_person_there", lambda: True)
    done = CliRunner().invoke(cli, ["prove", "--yes-crash", "other"], input="\n\n\n")
    assert isinstance(done.exception, UserError)
    assert played.variables == {}


def test_whoever_leaves_at_the_question_hears_that_nothing_was_crashed(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="Nothing was crashed"):
        prove(typed="web1\n", monkeypatch=monkeypatch)  # and the end of the input, as at Ctrl-D
    assert played.variables == {}


def test_a_dry_run_asks_nothing(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    prove("--dry-run", monkeypatch=monkeypatch)
    assert played.variables["kdump_prove_consent"] == ["web1", "web2"]


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--yes-crash", "web1", "--limit", "web1"], "a crash may be under way on web1"), (["--dry-run"], NOTHING)],
)
def test_whoever_interrupts_it_hears_what_may_go_on(
    words: list[str], said: str, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    played.result["hosts"] = played.result["hosts"][:1]
    monkeypatch.setattr(commands, "play", interrupted)
    with pytest.raises(UserError, match=f"^Interrupted: {said}$") as told:
        prove(*words, monkeypatch=monkeypatch)
    assert "Run the same again" in told.value.hint


def interrupted(*_: object) -> dict[str, Any]:
    raise KeyboardInterrupt
