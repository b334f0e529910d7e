# SPDX-License-Identifier: MIT
"""Runs the probe on a host: piped as text to its Python, in one round trip, also in check mode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.kdump.enabler.plugins.plugin_utils.library import library

# RHEL 8's own Python is not on PATH; elsewhere python3 is.
FIND_PYTHON = "P=/usr/libexec/platform-python; [ -x $P ] || P=python3; exec $P -"


def look(action: ActionBase, task_vars: dict[str, Any]) -> Any:
    """The evidence of the action's host. Raises AnsibleActionFail with one sentence when there is none."""
    probe = library("probe")
    evidence = library("evidence")
    source = Path(str(probe.__file__)).read_bytes()
    answer = action._low_level_execute_command(_command(action, task_vars), in_data=source, sudoable=True)
    output = next((line for line in answer["stdout_lines"] if line.startswith('{"schema"')), None)
    if output is None:
        lines = (answer["stderr"] or answer["stdout"]).strip().splitlines()
        raise AnsibleActionFail(f"The probe did not run (exit status {answer['rc']}): {lines[-1] if lines else ''}")
    return evidence.load(output)


def _command(action: ActionBase, task_vars: dict[str, Any]) -> str:
    interpreter = str(action._templar.template(task_vars.get("ansible_python_interpreter", "auto")))
    return FIND_PYTHON if interpreter.startswith("auto") else f"{interpreter} -"
