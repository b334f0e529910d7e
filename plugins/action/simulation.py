# SPDX-License-Identifier: MIT
"""Compares what a simulation led to with what was said; the documentation is in plugins/modules/simulation.py."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.kdump.enabler.plugins.action.proof import ActionModule as Proof
from ansible_collections.kdump.enabler.plugins.plugin_utils.library import library
from ansible_collections.kdump.enabler.plugins.plugin_utils.looking import look

# Through a pipe, because on a terminal it would get colours.
READ_LOG = "LC_ALL=C dmesg | cat"


class ActionModule(Proof):
    """Asks the host, where it is back."""

    _VALID_ARGS = Proof._VALID_ARGS | {"log", "said"}

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """`simulation` for the result document, `outcome`, `returned`, `note` to keep on the host, `trouble`."""
        super(Proof, self).run(tmp, task_vars)
        arguments, proofs = self._task.args, library("facts.proofs")
        returned = arguments["back"].get("boot_id") != ""
        seen = look(self, task_vars or {}) if returned else None
        text = seen.text(proofs.SIMULATION) if seen else json.dumps(arguments["crashed"].get("note"))
        note, kept = proofs.load(text or ""), json.loads(text or "{}")
        if note is None or "simulation" not in kept:
            raise AnsibleActionFail("The note of the simulation is gone from the host")
        found = self._seen(note, seen)
        survived = found.boot_id == note.boot_id
        outcome = library("crash.outcome").judge(note, found)
        log = self._own_log(note.id) if survived else arguments.get("log")
        record = library("crash.simulated").record(kept["simulation"], survived, outcome, log, note.id)
        ended = {**outcome.as_dict(), "ended_at": f"{datetime.now(timezone.utc):{library('crash.proof').STAMP}}"}
        return {
            "changed": False,
            "record": "simulation",
            "returned": returned,
            "simulation": record,
            "note": {**kept, "simulation": record, "outcome": ended},
            "trouble": library("crash.simulated").trouble(record, outcome, str(arguments.get("said") or "")),
        }

    def _own_log(self, identifier: str) -> list[str] | None:
        """The kernel log of the boot that goes on, since the trigger."""
        answer = self._low_level_execute_command(READ_LOG, sudoable=True)
        lines = list(answer["stdout_lines"]) if answer["rc"] == 0 else []
        return library("crash.simulated").since(lines, identifier) if lines else None
