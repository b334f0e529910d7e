# SPDX-License-Identifier: MIT
"""Turns a failed task into one sentence with a hint; the documentation is in plugins/modules/explain_failure.py."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.kdump.enabler.plugins.plugin_utils.library import library
from ansible_collections.kdump.enabler.plugins.plugin_utils.looking import note


class ActionModule(ActionBase):
    """Runs on the controller."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset({"task", "result", "after"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """`sentence`, `hint`, `kind`, `exit_code` and `lines` of the trouble."""
        super().run(tmp, task_vars)
        trouble = library("trouble").of_result(self._task.args["task"], self._task.args["result"])
        after = self._task.args.get("after")
        told = trouble.told()
        if after is not None:
            told["sentence"] = f"{after}; and the host is not as it was: {trouble.msg}"
        note(task_vars or {}, kdump_trouble=told)
        return {"changed": False, **told}
