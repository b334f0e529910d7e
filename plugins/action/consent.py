# SPDX-License-Identifier: MIT
"""Refuses to take a host down; the documentation is in plugins/modules/consent.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.kdump.enabler.plugins.plugin_utils import groups
from ansible_collections.kdump.enabler.plugins.plugin_utils.library import library


class ActionModule(ActionBase):
    """Runs on the controller."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset({"state", "hosts", "window", "groups"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Nothing, or why not."""
        super().run(tmp, task_vars)
        host, wanted = str((task_vars or {})["inventory_hostname"]), list(self._task.args.get("groups") or [])
        if self._task.args["state"] == "ended":
            groups.release(host, wanted)
            return {"changed": False}
        trouble = library("crash.consent").objection(
            host, self._task.args.get("hosts") or [], str(self._task.args.get("window") or ""), datetime.now()
        )
        if trouble:
            return {"failed": True, **trouble.as_dict()}
        busy = groups.taken(host, wanted) if self._task.check_mode else groups.take(host, wanted)
        if busy:
            return {"failed": True, **library("crash.consent").busy(host, *busy).as_dict()}
        return {"changed": False}
