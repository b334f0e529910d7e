# SPDX-License-Identifier: MIT
"""Runs files of the library on a host: piped as text to its Python, in one round trip, also in check mode."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.kdump.enabler.plugins.plugin_utils.library import library

# RHEL 8's own Python is not on PATH; elsewhere python3 is.
FIND_PYTHON = "P=/usr/libexec/platform-python; [ -x $P ] || P=python3; exec $P -"


def look(action: ActionBase, task_vars: dict[str, Any]) -> Any:
    """The evidence of the action's host. Raises AnsibleActionFail with one sentence when there is none. It is kept in
    kdump_evidence_directory on the controller, if that is given, in a file with the host's name."""
    text = ask(action, task_vars, "probe")
    directory = action._templar.template(task_vars.get("kdump_evidence_directory", ""))
    if directory:
        library("recordings").keep(Path(directory), task_vars["inventory_hostname"], text)
    return library("evidence").load(text)


def ask(action: ActionBase, task_vars: dict[str, Any], name: str, *arguments: str) -> str:
    """What a module or a package of the library prints on the action's host: the line of JSON that begins with its
    schema. Raises AnsibleActionFail with one sentence when there is none."""
    source = library("piped").program(Path(str(library(name).__file__)))
    command = " ".join([_python(action, task_vars), *map(shlex.quote, arguments)])
    answer = action._low_level_execute_command(command, in_data=source, sudoable=True)
    output = next((line for line in answer["stdout_lines"] if line.startswith('{"schema"')), None)
    if output is None:
        lines = (answer["stderr"] or answer["stdout"]).strip().splitlines()
        raise AnsibleActionFail(f"The {name} did not run (exit status {answer['rc']}): {lines[-1] if lines else ''}")
    return str(output)


def _python(action: ActionBase, task_vars: dict[str, Any]) -> str:
    delegated = task_vars.get("ansible_delegated_vars", {}).get(action._task.delegate_to)
    interpreter = str(action._templar.template((delegated or task_vars).get("ansible_python_interpreter", "auto")))
    return FIND_PYTHON if interpreter.startswith("auto") else f"{interpreter} -"
