# SPDX-License-Identifier: MIT
"""Looks for the dumps of a host; the documentation is in plugins/modules/dumps.py."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.kdump.enabler.plugins.plugin_utils.library import library
from ansible_collections.kdump.enabler.plugins.plugin_utils.looking import ask

with contextlib.suppress(AnsibleError):  # imported once, before a worker is forked for each host
    library("dumps")


class ActionModule(ActionBase):
    """One round trip: vmcore.py on the host."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset({"directories", "path"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The host's dumps under `vmcores`, as in the result document."""
        super().run(tmp, task_vars)
        dumps = library("dumps")
        request = dumps.request(self._task.args["directories"], self._task.args.get("path") or "")
        answer = ask(self, task_vars or {}, "vmcore", json.dumps(request))
        return {"changed": False, "vmcores": dumps.as_records(dumps.load(answer))}
