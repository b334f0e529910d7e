"""Artefacts built from the tree, and virtual environments they are installed in."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.result_schema import keeps_to_the_schema

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ("-i", "localhost,", "-c", "local")
VERDICTS = {"ready", "reboot-pending", "drift", "broken", "unsupported", "unknown"}


def run(*argv: str | Path, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program; its output is in the report if the test fails."""
    words = [*map(str, argv)]
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    print(f"$ {shlex.join(words)} -> {done.returncode}", done.stdout, done.stderr, sep="\n")
    return done


def must(*argv: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a program that has to succeed and return what it printed."""
    done = run(*argv, cwd=cwd, env=env)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


def files_of_a_clone() -> list[str]:
    """What git has or would take: not what is ignored, and not what is removed but not yet committed."""
    argv = ["git", "-c", "safe.directory=*", "ls-files", "-coz", "--exclude-standard"]
    listed = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and os.path.lexists(ROOT / name)]


def copy_tree(target: Path) -> Path:
    """A clone of this tree as it is now, with its links."""
    for name in files_of_a_clone():
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy, follow_symlinks=False)
    return target


@dataclass(frozen=True)
class Environment:
    """A virtual environment that sees no Ansible collection but its own, used from a directory of no importance."""

    path: Path
    home: Path

    @classmethod
    def make(cls, path: Path, *requirements: str | Path, env: dict[str, str] | None = None) -> Environment:
        """A fresh one with these requirements, installed by the pip of the environment that runs the tests. Only
        what a test imports is compiled: that halves the time."""
        must(sys.executable, "-m", "venv", "--without-pip", path, cwd=path.parent)
        environment = cls(path, path.parent)
        pip = (sys.executable, "-m", "pip", "--python", path / "bin" / "python", "install", "--quiet", "--no-compile")
        must(*pip, *requirements, cwd=path.parent, env=env)
        return environment

    def variables(self) -> dict[str, str]:
        """The process environment."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
        path = f"{self.path / 'bin'}:{os.environ['PATH']}"
        return {**kept, "PATH": path, "ANSIBLE_HOME": str(self.home / "ansible-home"), "LC_ALL": "C.UTF-8"}

    def run(self, tool: str, *words: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
        """Run one of its programs."""
        return run(self.path / "bin" / tool, *words, cwd=cwd, env={**self.variables(), **more})

    def must(self, tool: str, *words: str | Path, cwd: Path, **more: str) -> str:
        """Run one of its programs, which has to succeed."""
        return must(self.path / "bin" / tool, *words, cwd=cwd, env={**self.variables(), **more})

    @property
    def result(self) -> Path:
        """Where its playbooks write the result document."""
        return self.home / "result.json"

    def play(self, cwd: Path, **more: str) -> str:
        """What Ansible prints when the check playbook looks at this machine from `cwd`."""
        self.result.unlink(missing_ok=True)
        words = (*LOCAL, "-e", f"kdump_result_path={self.result}")
        return self.must("ansible-playbook", "kdump.enabler.check", *words, cwd=cwd, **more)

    def check(self, cwd: Path, **more: str) -> dict[str, Any]:
        """The result document about this machine of the check playbook, when it is run in `cwd`."""
        self.play(cwd, **more)
        return judged(self.result)

    def command_checks(self, cwd: Path, **more: str) -> dict[str, Any]:
        """The result document about this machine of `kdump-enabler check`, with its own exit status."""
        done = self.run("kdump-enabler", "check", "--format", "json", "--output", self.result, cwd=cwd, **more)
        result = judged(self.result)
        assert done.returncode == result["hosts"][0]["exit_code"]
        return result


def judged(path: Path) -> dict[str, Any]:
    """A result document that keeps to the schema, about one machine that was really looked at."""
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    keeps_to_the_schema(result)
    [record] = result["hosts"]
    assert record["verdict"] in VERDICTS
    assert record["facts"] is not None
    return result
