# SPDX-License-Identifier: MIT
"""Waits for a host that crashed; the documentation is in plugins/modules/comes_back.py."""

from __future__ import annotations

import contextlib
import shlex
import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.kdump.enabler.plugins.plugin_utils.looking import notice_a_dead_host

POLL = 5  # seconds between two tries
STAYED = 90  # seconds in the old boot after which nothing will crash any more
READ_BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
IF_ENDED = " && if test -e {0}; then echo ended; fi"
# A host that dies in the middle of an answer never ends the connection.
KEEP_ALIVE = "-o ServerAliveInterval=10 -o ServerAliveCountMax=3"


class ActionModule(ActionBase):
    """Asks for the boot until it is another one."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset({"boot_id", "timeout", "stays", "ended"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """`boot_id`, empty when the host did not come back in time, and `seconds` from the crash until then."""
        super().run(tmp, task_vars)
        arguments, begun, down = self._task.args, time.monotonic(), 0.0
        old, stays = arguments["boot_id"], int(arguments.get("stays") or STAYED)
        notice_a_dead_host(self, KEEP_ALIVE)
        while time.monotonic() - begun < int(arguments["timeout"]):
            time.sleep(POLL)
            found, ended = self._ask(arguments.get("ended") or "")
            passed = time.monotonic() - begun
            if found == "":
                down = down or passed
            elif found != old or ended or passed > stays:
                return self._result(found, passed, down) | {"ended": ended}
        return self._result("", None, down) | {"ended": False}

    def _result(self, boot_id: str, seconds: float | None, down: float) -> dict[str, Any]:
        took = None if seconds is None else round(seconds)
        return {"changed": False, "boot_id": boot_id, "seconds": took, "seconds_to_down": round(down)}

    def _ask(self, file: str) -> tuple[str, bool]:
        """The boot that the host is in, empty while it cannot be asked; and whether the file is there."""
        try:
            # What is left of a connection to the machine that crashed would wait for it in vain.
            with contextlib.suppress(AttributeError):
                self._connection.reset()
            command = READ_BOOT_ID + (IF_ENDED.format(shlex.quote(file)) if file else "")
            # Only root reads the directory of the file.
            answer = self._low_level_execute_command(command, sudoable=bool(file))
        except (AnsibleConnectionFailure, AnsibleError):
            return "", False
        words = answer["stdout"].split() if answer["rc"] == 0 else []
        return (words[0] if words else ""), "ended" in words
