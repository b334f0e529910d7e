"""Kills ansible-playbook and its workers after the n-th task that touched a host, as a power cut of the controller."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: kill_after
type: aggregate
short_description: Kill the run after a number of tasks
description: KILL_AFTER says after how many, KILL_LOG is the file that gets the name of the last.
requirements: []
"""
ON_THE_CONTROLLER = ("explain_failure", "include_role", "include_tasks", "meta", "report", "validate_argument_spec")


class CallbackModule(CallbackBase):
    """Counts results of tasks that went to a host."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kill_after"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._left = int(os.environ["KILL_AFTER"])

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task is done."""
        if result._task.action.rpartition(".")[2] not in ON_THE_CONTROLLER:
            self._left -= 1
            if self._left == 0:
                Path(os.environ["KILL_LOG"]).write_text(result._task.get_name(), encoding="utf-8")
                os.killpg(0, signal.SIGKILL)
