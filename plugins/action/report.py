# SPDX-License-Identifier: MIT
"""Puts the hosts of a run together; the documentation is in plugins/modules/report.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.kdump.enabler.plugins.plugin_utils.library import library

TROUBLE = {"trouble"}


class ActionModule(ActionBase):
    """Runs on the controller, once for all hosts."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset({"hosts", "path", "fail_on"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The result document, written before a verdict can fail the play."""
        super().run(tmp, task_vars)
        hostvars = (task_vars or {})["hostvars"]
        make = library("report.document")
        looked_at = {host: hostvars.raw_get(host) for host in self._task.args["hosts"]}
        records = [make.from_play(host, found) for host, found in looked_at.items() if "kdump_audit" in found]
        result = make.document(records)
        if self._task.args.get("path"):
            Path(self._task.args["path"]).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        summary = {verdict: count for verdict, count in result["summary"].items() if count}
        fail_on = set(self._task.args.get("fail_on", []))
        failing = [record["host"] for record in records if fail_on & {record["verdict"], *TROUBLE & record.keys()}]
        answer = {"changed": False, "summary": summary, "result": result}
        return answer | ({"failed": True, "msg": f"Not as wanted: {', '.join(failing)}"} if failing else {})
