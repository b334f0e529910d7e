# SPDX-License-Identifier: MIT
"""Judges what came out of a crash on purpose; the documentation is in plugins/modules/proof.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.kdump.enabler.plugins.plugin_utils.library import library
from ansible_collections.kdump.enabler.plugins.plugin_utils.looking import look

MOST_LINES = 5000
# Every boot since the crash but the one that crashed and the present one: that of the capture kernel, where the journal
# is kept on disk and its file system came up there.
# A terminal, which Ansible may give it, would get colours.
JOURNAL = (
    "SYSTEMD_COLORS=0 journalctl --no-pager --quiet --output json --output-fields MESSAGE,_BOOT_ID"
    " --since @{0} --lines {1}"
)


class ActionModule(ActionBase):
    """Asks the host, where it is back, and the console."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset({"crashed", "back", "vmcores", "holder", "server", "console", "console_begin"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """`outcome`, `returned`, `note` to keep on the host, and `trouble` where it is no proof."""
        super().run(tmp, task_vars)
        arguments, variables = self._task.args, task_vars or {}
        returned = arguments["back"].get("boot_id") != ""
        seen = look(self, variables) if returned else None
        text = seen.text(library("facts.proofs").RECORD) if seen else json.dumps(arguments["crashed"].get("note"))
        note = library("facts.proofs").load(text or "")
        if note is None:
            raise AnsibleActionFail("The note of the crash is gone from the host")
        found = self._seen(note, seen)
        outcome = library("crash.outcome").judge(note, found).as_dict()
        outcome["ended_at"] = f"{datetime.now(timezone.utc):{library('crash.proof').STAMP}}"
        here = not arguments.get("server")
        outcome["seconds"] = library("crash.outcome").phases(outcome["dump"], arguments["back"].get("seconds"), here)
        outcome["capture_memory"] = library("facts.proofs").capture_memory(seen, note.id) if seen else None
        return {
            "changed": False,
            "returned": returned,
            "outcome": outcome,
            "note": {**json.loads(text or "{}"), "outcome": outcome},
            "trouble": library("crash.outcome").trouble(outcome),
        }

    def _seen(self, note: Any, evidence: Any) -> Any:
        make, lines = library("crash.outcome").Seen, list(self._console(note.id))
        if evidence is None:
            return make(None, lines=lines)
        boot_id = (evidence.text("/proc/sys/kernel/random/boot_id") or "").strip()
        new = [one for one in self._task.args["vmcores"] if one["path"] not in note.dumps]
        lines += self._journal(note, boot_id)
        return make(boot_id, new, self._task.args["holder"], lines, self._task.args.get("server") or "")

    def _journal(self, note: Any, boot_id: str) -> Iterator[str]:
        """What the boots between said, the capture kernel and its programs."""
        begun = datetime.strptime(note.begun_at, library("crash.proof").STAMP).replace(tzinfo=timezone.utc)
        command = JOURNAL.format(int(begun.timestamp()), MOST_LINES)
        others = {note.boot_id.replace("-", ""), boot_id.replace("-", "")}
        for line in self._low_level_execute_command(command, sudoable=True)["stdout_lines"]:
            entry = _entry(line)
            if entry.get("_BOOT_ID", "") not in {"", *others} and isinstance(entry.get("MESSAGE"), str):
                yield entry["MESSAGE"]

    def _console(self, identifier: str) -> list[str]:
        """What the capture kernel wrote to the console, where there is a file of it."""
        path = str(self._task.args.get("console") or "")
        if not path:
            return []
        with Path(path).open("rb") as stream:
            stream.seek(int(self._task.args.get("console_begin") or 0))
            text = stream.read().decode("utf-8", "replace")
        found: list[str] = library("crash.outcome").capture_lines(text.splitlines(), identifier)
        return found


def _entry(line: str) -> dict[str, Any]:
    """One entry of the journal; empty for a line that is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
