# SPDX-License-Identifier: MIT
"""Gives the host the source of the module; the documentation is in plugins/modules/simulate.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.kdump.enabler.plugins.plugin_utils.library import library

FILES = ("Kbuild", "kdump_simulate.c")


class ActionModule(ActionBase):
    """Runs the module of the same name on the host."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """What the module returns."""
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        if arguments["state"] == "prepared":
            folder = Path(str(library("crash.simulation").__file__)).parents[1] / "data" / "module"
            arguments["source"] = {name: (folder / name).read_text(encoding="utf-8") for name in FILES}
        found: dict[str, Any] = self._execute_module(
            module_name="kdump.enabler.simulate", module_args=arguments, task_vars=task_vars
        )
        return found
