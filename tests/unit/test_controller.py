"""Whether the process that drives a run lives: only what is known counts as dead."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from ansible_collections.kdump.enabler.plugins.plugin_utils import controller


def of(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    return {**controller._place(), "pid": process.pid, "begun": controller._begun(process.pid)}


def test_a_process_while_it_lives_and_after() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    record = of(process)
    assert not controller.is_dead(record)
    process.kill()
    process.wait()
    assert controller.is_dead(record)


def test_another_process_with_its_number() -> None:
    record = {**controller._place(), "pid": os.getpid(), "begun": "1"}
    assert controller.is_dead(record)


def test_ourselves() -> None:
    assert controller.identity()["pid"] == os.getppid()
    assert not controller.is_dead(controller.identity())


@pytest.mark.parametrize("change", [{"boot_id": "elsewhere"}, {"processes": "pid:[1]"}])
def test_a_process_of_another_machine_is_not_known(change: dict[str, str]) -> None:
    assert not controller.is_dead({**controller._place(), "pid": 999999999, "begun": "1", **change})
    assert not controller.is_dead({})
