"""Fixtures for the module tests: a directory to change, and the modules to call."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.modules.module_runner import Call, Host, argv_of, environment, stdin_of


@pytest.fixture
def call() -> Call:
    """Run a module and return its result; a traceback fails the test."""

    def run(
        module: str, *, check: bool = False, prelude: str = "", path_first: str = "", **args: Any
    ) -> dict[str, Any]:
        done = subprocess.run(
            argv_of(module, prelude),
            input=stdin_of(args, check),
            env=environment(path_first),
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        result: dict[str, Any] = json.loads(done.stdout) if done.stdout else {"died": done.returncode}
        result["stdout"] = done.stdout
        return result

    return run


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """Return a directory to change files in."""
    directory = tmp_path / "etc"
    directory.mkdir()
    return directory


@pytest.fixture
def host(call: Call, etc: Path) -> Host:
    """Return an empty host."""
    return Host(call, etc)
