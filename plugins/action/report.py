# SPDX-License-Identifier: MIT
"""Puts the hosts of a run together; the documentation is in plugins/modules/report.py."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
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
        fail_on, packing = self._fail_on(), library("report.packing")
        path = self._task.args.get("path")
        # Packed one by one: as objects the records of a fleet would be ten times as large.
        rows = [
            (record["host"], record["verdict"], TROUBLE in record, packing.packed(record))
            for record in self._records(task_vars or {})
        ]
        beside = library("report.document").head(verdict for _, verdict, _, _ in rows)
        failing = [host for host, verdict, trouble, _ in rows if verdict in fail_on or (trouble and TROUBLE in fail_on)]
        lines = packing.lines(beside, (packed for *_, packed in rows))
        unwritten = self._write(path, lines) if path else ""
        summary = {verdict: count for verdict, count in beside["summary"].items() if count}
        if unwritten or failing:
            said = unwritten or f"Not as wanted: {', '.join(failing)}"
            return {"failed": True, "msg": said, "summary": summary}
        # Ansible copies what a task returns several times, and prints it where the task fails.
        whole = {} if path else {"result": beside | {"hosts": [json.loads(packed) for *_, packed in rows]}}
        return {"changed": False, "summary": summary, **whole}

    def _records(self, variables: dict[str, Any]) -> Iterator[dict[str, Any]]:
        asked = self._registered(variables)
        dumps = boolean(self._task.args.get("dumps", False))
        stopped = next((found["kdump_rollout"]["reason"] for found in asked.values() if self._stops(found)), "")
        for host, found in asked.items():
            yield library("report.document").from_play(host, found, dumps, stopped)

    def _registered(self, variables: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """What the roles registered for each host; a host that --limit left out is not there."""
        known = ((host, variables["hostvars"].raw_get(host)) for host in self._task.args["hosts"])
        found = {host: {name: of for name, of in all_.items() if name.startswith("kdump_")} for host, all_ in known}
        limited = "ansible_limit" in variables
        return {host: ours for host, ours in found.items() if "kdump_audit" in ours or not limited}

    @staticmethod
    def _write(path: str, lines: Iterable[str]) -> str:
        """Put the result where it was asked for; a sentence when that failed, which leaves what was there before."""
        try:
            library("report.writing").write(Path(path), lines)
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
