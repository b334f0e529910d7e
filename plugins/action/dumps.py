# SPDX-License-Identifier: MIT
"""Looks for the dumps of a host; the documentation is in plugins/modules/dumps.py."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.kdump.enabler.plugins.plugin_utils.library import library
from ansible_collections.kdump.enabler.plugins.plugin_utils.looking import ask

with contextlib.suppress(AnsibleError):  # imported once, before a worker is forked for each host
    library("dumps")
NEWEST = 5  # dumps that are searched: of a server, to which other hosts send theirs
SEARCH_SECONDS = 300


class ActionModule(ActionBase):
    """One round trip: the reader of dumps on the host."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset({"directories", "path", "holding", "named"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The host's dumps under `vmcores`, as in the result document, and the one that holds a text under `holder`."""
        super().run(tmp, task_vars)
        dumps = library("dumps")
        arguments = self._task.args
        named = boolean(arguments.get("named", False))
        request = dumps.request(arguments["directories"], arguments.get("path") or "", named)
        found = dumps.as_records(dumps.load(ask(self, task_vars or {}, "vmcore", json.dumps(request))))
        text = arguments.get("holding")
        holder = self._holder(found, text, task_vars or {}) if text else ""
        log = next((one["log"] for one in found if holder and one["path"] == holder), None)
        return {
            "changed": False,
            "vmcores": found,
            "holder": holder,
            "holder_log": self._log(log, str(text), task_vars or {}) if log else None,
        }

    def _log(self, path: str, text: str, variables: dict[str, Any]) -> list[str] | None:
        """The kernel log from the text on; null when it cannot be read."""
        asked = {"do": "log", "path": path, "after": text}
        lines: list[str] | None = json.loads(ask(self, variables, "vmcore", json.dumps(asked)))["lines"]
        return lines

    def _holder(self, vmcores: list[dict[str, Any]], text: str, variables: dict[str, Any]) -> str:
        """The path of the dump that has the text in its log, of the newest ones; empty for none."""
        for one in [one for one in vmcores if one["complete"]][:NEWEST]:
            asked = {"do": "contains", "path": one["path"], "text": text, "seconds": SEARCH_SECONDS}
            if json.loads(ask(self, variables, "vmcore", json.dumps(asked)))["found"]:
                return str(one["path"])
        return ""
