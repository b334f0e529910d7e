# SPDX-License-Identifier: MIT
"""Tells whether a rollout goes on; the documentation is in plugins/modules/rollout.py."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.kdump.enabler.plugins.plugin_utils.library import library


class ActionModule(ActionBase):
    """Runs on the controller, once for each batch of hosts."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset({"max_failures", "canary", "reboots"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Why the rollout stops, as `reason`; empty when it goes on."""
        super().run(tmp, task_vars)
        variables, arguments = task_vars or {}, self._task.args
        rollout, most = library("fleet.rollout"), arguments.get("max_failures")
        limits = rollout.Limits(
            failures=None if most in (None, "") else int(most),
            canaries=int(arguments.get("canary") or 0),
            # What would be rebooted is not ready afterwards in check mode.
            reboots=boolean(arguments.get("reboots", False)) and not self._task.check_mode,
        )
        names = variables["ansible_play_hosts_all"]
        turn = names.index(variables["ansible_play_batch"][0])
        active = set(variables["ansible_play_hosts"])
        found = rollout.course(names, active, turn, variables["hostvars"].raw_get, limits)
        reason = rollout.stop(names, found.failed, limits)
        return {
            "changed": False,
            "stop": bool(reason),
            "reason": reason,
            "judged": found.judged,
            "failures": list(found.failed),
        }
