# SPDX-License-Identifier: MIT
"""Prints what a run does as JSON lines, for the kdump-enabler command to show."""

from __future__ import annotations

DOCUMENTATION = r"""
name: events
type: stdout
short_description: One JSON line for each task that starts and ends
version_added: "0.1.0"
description:
  - For programs that show the progress of a run.
"""

import json
import sys
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Each line: event (play, start, ok, skipped, failed, unreachable, error), host, task, changed, message; a play
    says how many hosts it has, the first one also which."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "kdump.enabler.events"

    def __init__(self) -> None:
        super().__init__()
        self.set_options()
        self._named = False

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """A play begins."""
        known = play.get_variable_manager().get_vars(play=play, include_hostvars=False)
        names = list(known.get("ansible_play_hosts_all", ()))
        more = {} if self._named else {"names": names}  # not again for each batch of hosts
        self._named = True
        self._emit("play", "", play.get_name(), hosts=len(names), **more)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """A host begins a task."""
        self._emit("start", host.get_name(), task.get_name())

    def v2_runner_on_ok(self, result: Any) -> None:
        """A host has done a task."""
        self._ended("ok", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """A task did not apply to a host."""
        self._ended("skipped", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: ARG002 - Ansible passes it by name
        """A task failed on a host."""
        self._ended("failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host could not be reached."""
        self._ended("unreachable", result)

    def v2_playbook_on_no_hosts_matched(self) -> None:
        """A play has nobody to work on."""
        self._emit("error", "", "", message="no host matches")

    def _ended(self, event: str, result: Any) -> None:
        record = result._result
        self._emit(
            event,
            result._host.get_name(),
            result._task.get_name(),
            changed=bool(record.get("changed")),
            message=str(record.get("msg", "")),
            diff=record.get("diff") if record.get("changed") else None,
        )

    def _emit(self, event: str, host: str, task: str, **more: Any) -> None:
        line = json.dumps({"event": event, "host": host, "task": task, **more}, default=str)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
