# SPDX-License-Identifier: MIT
"""Waits for a host that crashed; the documentation is in plugins/modules/comes_back.py."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

POLL = 5  # seconds between two tries
STAYED = 90  # seconds in the old boot after which nothing will crash any more
READ_BOOT_ID = "cat /proc/sys/kernel/random/boot_id"


class ActionModule(ActionBase):
    """Asks for the boot until it is another one."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset({"boot_id", "timeout"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """`boot_id`, empty when the host did not come back in time, and `seconds` from the crash until then."""
        super().run(tmp, task_vars)
        old, begun = self._task.args["boot_id"], time.monotonic()
        down = 0.0
        while time.monotonic() - begun < int(self._task.args["timeout"]):
            time.sleep(POLL)
            found, passed = self._boot_id(), time.monotonic() - begun
            if found == "":
                down = down or passed
            elif found != old or passed > STAYED:
                return {"changed": False, "boot_id": found, "seconds": round(passed), "seconds_to_down": round(down)}
        return {"changed": False, "boot_id": "", "seconds": None, "seconds_to_down": round(down)}

    def _boot_id(self) -> str:
        """The boot that the host is in; empty while it cannot be asked."""
        try:
            # What is left of a connection to the machine that crashed would wait for it in vain.
            with contextlib.suppress(AttributeError):
                self._connection.reset()
            answer = self._low_level_execute_command(READ_BOOT_ID, sudoable=False)
        except (AnsibleConnectionFailure, AnsibleError):
            return ""
        return answer["stdout"].strip() if answer["rc"] == 0 else ""
