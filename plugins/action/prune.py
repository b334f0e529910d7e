# SPDX-License-Identifier: MIT
"""Decides which dumps of a host go; the documentation is in plugins/modules/prune.py."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.kdump.enabler.plugins.plugin_utils.library import library
from ansible_collections.kdump.enabler.plugins.plugin_utils.looking import ask

with contextlib.suppress(AnsibleError):  # imported once, before a worker is forked for each host
    library("dumps.pruning")


class ActionModule(ActionBase):
    """One round trip, for the sizes and times of the files; removes nothing."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset({"host", "vmcores", "keep", "older_than_days", "max_bytes"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """A decision for each dump under `pruned`, and the `removals` that they amount to."""
        super().run(tmp, task_vars)
        pruning, arguments = library("dumps.pruning"), self._task.args
        try:
            limit = pruning.limits(*(arguments.get(name) for name in ("keep", "older_than_days", "max_bytes")))
        except library("errors").UserError as error:
            return _failed("limits", str(error), error.hint)
        if not arguments["host"]["facts"]["privileged"]:
            return _failed("no_root", "Removing dumps needs root", "Run it with sudo, or let Ansible become root.")
        paths = pruning.looked_at(arguments["vmcores"])
        found = json.loads(ask(self, task_vars or {}, "pieces", json.dumps({"do": "look", "paths": paths})))
        versions = dict(zip(paths, found["files"], strict=True))
        decided = pruning.decide(arguments["vmcores"], versions, found["now"], arguments["host"]["proof"], limit)
        return {
            "changed": False,
            "pruned": [one.as_dict() for one in decided],
            "removals": pruning.removals(decided, versions),
        }


def _failed(kind: str, sentence: str, hint: str) -> dict[str, Any]:
    return {"failed": True, "kind": kind, "msg": sentence, "hint": hint, "exit_code": 2}
