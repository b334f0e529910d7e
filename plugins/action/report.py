# SPDX-License-Identifier: MIT
"""Puts the hosts of a run together; the documentation is in plugins/modules/report.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.kdump.enabler.plugins.plugin_utils.library import library

TROUBLE = "trouble"


class ActionModule(ActionBase):
    """Runs on the controller, once for all hosts."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset({"hosts", "path", "fail_on", "dumps"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The result document, written before a verdict can fail the play."""
        super().run(tmp, task_vars)
        fail_on, hostvars = self._fail_on(), (task_vars or {})["hostvars"]
        make = library("report.document")
        asked = {host: hostvars.raw_get(host) for host in self._task.args["hosts"]}
        limited = "ansible_limit" in (task_vars or {})
        dumps = boolean(self._task.args.get("dumps", False))
        stopped = next((found["kdump_rollout"]["reason"] for found in asked.values() if self._stops(found)), "")
        records = [
            make.from_play(host, found, dumps, stopped)
            for host, found in asked.items()
            if "kdump_audit" in found or not limited
        ]
        result = make.document(records)
        summary = {verdict: count for verdict, count in result["summary"].items() if count}
        unwritten = self._write(result)
        if unwritten:
            return {"failed": True, "msg": unwritten, "summary": summary}
        failing = [record["host"] for record in records if fail_on & {record["verdict"], *({TROUBLE} & record.keys())}]
        if failing:
            return {"failed": True, "msg": f"Not as wanted: {', '.join(failing)}", "summary": summary}
        return {"changed": False, "summary": summary, "result": result}

    def _write(self, result: dict[str, Any]) -> str:
        """Put the result where it was asked for; a sentence when that failed, which leaves what was there before."""
        path = self._task.args.get("path")
        try:
            if path:
                library("report.writing").write(Path(path), json.dumps(result, indent=1) + "\n")
        except OSError as error:
            return f"{path} could not be written: {error.strerror}. Make room there, or name another place."
        return ""

    @staticmethod
    def _stops(found: dict[str, Any]) -> bool:
        """Whether the rollout ended before this host."""
        return bool(found.get("kdump_rollout", {}).get("stop"))

    def _fail_on(self) -> set[str]:
        """The verdicts that fail the play. Raises AnsibleActionFail for a word that is none."""
        words = self._task.args.get("fail_on") or []
        words = words.replace(",", " ").split() if isinstance(words, str) else list(words)
        known = {verdict.value for verdict in library("verdict").Verdict} | {TROUBLE}
        unknown = [word for word in words if word not in known]
        if unknown:
            raise AnsibleActionFail(f"kdump_fail_on: {unknown[0]!r} is no verdict; known: {', '.join(sorted(known))}")
        return set(words)
