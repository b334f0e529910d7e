"""`kdump-enabler dumps fetch` and `prune`: what can be typed, and what the playbooks are asked for then."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kdump_enabler import commands
from kdump_enabler.cli import cli
from kdump_enabler.errors import UserError
from kdump_enabler.report import document
from kdump_enabler.request import Request
from kdump_enabler.verdict import Verdict
from tests.unit.test_cli import complaint, run

HERE = str(Path.cwd())


@pytest.mark.parametrize("command", ["fetch", "prune"])
def test_help(command: str) -> None:
    found = run("dumps", command, "--help")
    assert (found.returncode, found.stderr) == (0, "")
    assert "Exit status: 0 done, 1 a dump was skipped, left or lost" in found.stdout


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["fetch"], "-i"),
        (["fetch", "-i", "/no/such/inventory"], "/no/such/inventory"),
        (["prune"], "--keep"),
        (["prune", "--max-bytes", "2X"], "2X"),
        (["prune", "--keep", "-1"], "-1"),
        (["prune", "--keep", "1", "-i", "web1,", "--directory", "crash"], "from / on"),
        (["fetch", "-i", "web1,", "--directory", "crash"], "from / on"),
    ],
)
def test_what_cannot_be_meant(words: list[str], named: str) -> None:
    assert named in complaint(run("dumps", *words))


def test_pruning_this_machine_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    found = CliRunner().invoke(cli, ["dumps", "prune", "--keep", "1"])
    assert "needs root" in str(found.exception)


@pytest.mark.parametrize(
    ("words", "variables", "ansible"),
    [
        (["fetch"], {"kdump_fetch_to": f"{HERE}/dumps", "kdump_fetch_unfinished": False}, ()),
        (
            ["fetch", "latest", "--to", "/x", "--unfinished-too", "--", "--check"],
            {"kdump_fetch_to": "/x", "kdump_fetch_unfinished": True, "kdump_dump": "latest"},
            ("--check",),
        ),
        (
            ["fetch", "--to", "/x", "--directory", "/srv", "--", "-e", "a=b"],
            {"kdump_fetch_to": "/x", "kdump_fetch_unfinished": False, "kdump_dump_directories": ["/srv"]},
            ("-e", "a=b"),
        ),
        (["prune", "--keep", "0"], {"kdump_prune_keep": 0, "kdump_prune_consent": False}, ()),
        (
            ["prune", "--older-than", "9", "--max-bytes", "2G", "-y"],
            {"kdump_prune_older_than_days": 9, "kdump_prune_max_bytes": "2G", "kdump_prune_consent": True},
            (),
        ),
    ],
)
def test_what_is_asked(
    words: list[str], variables: dict[str, Any], ansible: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []

    def play(playbook: str, request: Request, given: Mapping[str, Any]) -> dict[str, Any]:
        asked.append((playbook, given, tuple(request.ansible)))
        return document.document([document.nobody("web1", Verdict.UNREACHABLE, "ssh: no route")])

    monkeypatch.setattr(commands, "play", play)
    found = CliRunner().invoke(cli, ["dumps", words[0], "-i", "web1,", *words[1:]], standalone_mode=False)
    assert asked == [(f"{words[0]}_dumps", variables, ansible)]
    assert (found.return_value, found.output) == (2, " web1  ssh: no route\n")


def test_a_directory_of_this_machine_is_meant_from_here_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ansible works in another directory."""
    asked: list[Mapping[str, Any]] = []
    nobody = document.document([document.nobody("localhost", Verdict.UNKNOWN, "not asked")])

    def play(_playbook: str, _request: Request, given: Mapping[str, Any]) -> dict[str, Any]:
        asked.append(given)
        return nobody

    monkeypatch.setattr(commands, "play", play)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crash").mkdir()
    CliRunner().invoke(cli, ["dumps", "prune", "--keep", "1", "--directory", "crash"], catch_exceptions=False)
    assert asked[0]["kdump_dump_directories"] == [str(tmp_path / "crash")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["list"], "nothing was changed"),
        (["show", "latest"], "nothing was changed"),
        (["fetch", "--to", "/x"], "what was fetched whole stays in /x"),
        (["prune", "--keep", "1"], "nothing was removed"),
        (["prune", "--keep", "1", "--yes"], "some dumps may be gone already"),
    ],
)
def test_whoever_interrupts_it_hears_what_stays(words: list[str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "play", interrupted)
    told = CliRunner().invoke(cli, ["dumps", *words, "-i", "web1,"]).exception
    assert isinstance(told, UserError)
    assert (str(told), told.hint.split(":")[0].split(",")[0]) == (f"Interrupted: {said}", "Run the same again")
