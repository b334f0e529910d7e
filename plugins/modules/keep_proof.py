#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Keeps what came out of a crash on purpose on this host."""

DOCUMENTATION = r"""
module: keep_proof
short_description: Keep the note of a crash on purpose, with what came out of it
version_added: 0.2.0
description:
  - Removes what M(kdump.enabler.crash) left to watch the memory of the capture kernel.
  - Replaces C(proof.json) as a whole. What is on the host decides what a later look says of the proof.
options:
  name:
    description: V(simulation) keeps it as C(simulation.json), which leaves the proof as it is.
    type: str
    choices: [proof, simulation]
    default: proof
  note:
    description: The note.
    type: dict
    required: true
  root:
    description: Where it is kept.
    type: path
    default: /var/lib/kdump-enabler
  units:
    description: Where units are kept.
    type: path
    default: /etc/systemd/system
attributes:
  check_mode:
    description: Changes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
author:
  - The kdump-enabler developers
"""

EXAMPLES = r"""
- name: Keep it
  kdump.enabler.keep_proof:
    note: "{{ kdump_proof.note }}"
"""

RETURN = r"""
kind:
  description: Why it failed, V(no_space), V(read_only) or V(io_error).
  returned: failure
  type: str
hint:
  description: What to do about it.
  returned: failure
  type: str
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.atomic import remove_if_there
from ..module_utils.failures import run
from ..module_utils.proofs import keep_note
from ..module_utils.runs import DEFAULT_ROOT
from ..module_utils.watching import UNITS, record_path, unwatch

ARGUMENTS = {
    "name": {"type": "str", "choices": ["proof", "simulation"], "default": "proof"},
    "note": {"type": "dict", "required": True},
    "root": {"type": "path", "default": DEFAULT_ROOT},
    "units": {"type": "path", "default": UNITS},
}


def work(module: AnsibleModule) -> Dict[str, Any]:
    """Do it and return the result."""
    if not module.check_mode:
        proof = module.params["name"] == "proof"
        # First: as long as any of it is left, the note says that the proof was not finished. What it wrote goes last:
        # where the note finds no room, somebody looks again.
        if proof:
            unwatch(module.params["units"])
        keep_note(module.params["root"], module.params["note"], module.params["name"])
        if proof:
            remove_if_there(record_path(module.params["root"]))
    # Book-keeping of our own, not a change of the host.
    return {"changed": False}


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, work, ["root"])


if __name__ == "__main__":
    main()
