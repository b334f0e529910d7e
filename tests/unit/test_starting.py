"""What is started before the command line is understood, and what becomes of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kdump_enabler.fleet import starting


@pytest.fixture(autouse=True)
def nothing_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "_begun", [])


@pytest.mark.parametrize(
    "words",
    [
        ["check", "-i", "hosts.yml"],
        ["check", "--become", "--inventory=hosts.yml"],
        ["enable", "-ihosts.yml", "-y"],
    ],
    ids=" ".join,
)
def test_what_is_for_a_fleet_begins_at_once(words: list[str]) -> None:
    starting.begin(words)
    ((process, _),) = starting._begun
    begun = process.pid
    asked = starting.asking(["/bin/sh", "kdump.enabler.check", "--no-such-option"])
    assert asked.pid == begun
    output, _ = asked.communicate(timeout=60)
    assert "unrecognized arguments: --no-such-option" in output
    assert asked.returncode == 2


@pytest.mark.parametrize(
    "words",
    [[], ["check"], ["-h"], ["dumps", "list", "-i", "hosts.yml"], ["rollback", "-i", "hosts.yml"]],
    ids=" ".join,
)
def test_nothing_else_does(words: list[str]) -> None:
    starting.begin(words)
    assert starting._begun == []


def test_what_nobody_needed_ends_without_a_word() -> None:
    """Here its command was refused, and the process that began it is gone."""
    program = (
        "import sys; from kdump_enabler.fleet import starting; starting.begin(['check', '-i', 'x']);"
        "print(starting._begun[0][0].pid, flush=True); process, words = starting._begun.pop();"
        "import os; os.close(words); print(repr(process.communicate(timeout=60)[0]), process.returncode)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == "'' 0"


def test_a_usage_error_is_told_at_once() -> None:
    argv = [sys.executable, "-m", "kdump_enabler", "check", "-i", "nowhere.yml", "--no-such-option"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("kdump-enabler: No such option")
    assert done.stdout == ""
