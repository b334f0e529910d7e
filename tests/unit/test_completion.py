"""What a shell offers for completion: in a real bash with the script that the command prints, and for the others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kdump_enabler.cli import cli

COMMAND = Path(sys.executable).with_name("kdump-enabler")
# As bash does when somebody types these words and presses Tab after the last one.
BASH = """
eval "$(_KDUMP_ENABLER_COMPLETE=bash_source kdump-enabler)" || exit
complete -p kdump-enabler > /dev/null || exit
COMP_WORDS=(kdump-enabler "$@") COMP_CWORD=$#
_kdump_enabler_completion kdump-enabler
printf '%s\\n' "${COMPREPLY[@]}"
"""


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PATH": f"{COMMAND.parent}:{os.environ['PATH']}", **more}


def offered(*words: str) -> list[str]:
    """What bash offers for the last of these words."""
    argv = ["bash", "--norc", "-c", BASH, "bash", *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, env=environment())
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_offers_the_commands() -> None:
    assert sorted(offered("")) == sorted(cli.commands)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["en"], ["enable"]),
        (["check", "--fo"], ["--format"]),
        (["check", "--format", ""], ["table", "json", "html", "junit", "prometheus"]),
        (["enable", "--reboot", "if"], ["if-needed"]),
    ],
)
def test_bash_completes(words: list[str], wanted: list[str]) -> None:
    assert offered(*words) == wanted


@pytest.mark.parametrize(("shell", "mark"), [("zsh", "#compdef kdump-enabler"), ("fish", "function _kdump_enabler")])
def test_the_other_shells_have_a_script(shell: str, mark: str) -> None:
    done = subprocess.run([COMMAND], capture_output=True, text=True, check=True, env=asking(f"{shell}_source"))
    assert done.stdout.startswith(mark)


@pytest.mark.parametrize(
    ("shell", "last", "answer"),
    [("bash", "3", "file,"), ("zsh", "3", "file\n\n_"), ("fish", "", "file,")],
)
def test_a_file_is_completed_by_the_shell(shell: str, last: str, answer: str) -> None:
    """The answer names the kind; the script leaves the rest to the shell."""
    asked = asking(f"{shell}_complete", COMP_WORDS="kdump-enabler check -i ", COMP_CWORD=last)
    done = subprocess.run([COMMAND], capture_output=True, text=True, check=True, env=asked)
    assert done.stdout.startswith(answer)


def asking(instruction: str, **more: str) -> dict[str, str]:
    """The environment in which the command answers a shell instead of working."""
    return environment(_KDUMP_ENABLER_COMPLETE=instruction, **more)
