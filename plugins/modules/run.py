#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Begins and ends a run on this host."""

DOCUMENTATION = r"""
module: run
short_description: Begin or end a run, of which there is one at a time on a host
version_added: 0.2.0
description:
  - A run that begins is noted on the host until it ends, so that no second one changes the host meanwhile, and so
    that the next one knows of a run that was killed.
  - A run is over when the host booted since, when its lease has run out, or when the caller names it in O(instead_of).
  - Beginning removes what a killed run left beside the files of its backup set and beside grub.cfg.
  - Ending removes old backup sets; the first one, which holds what the host was before us, always stays.
options:
  state:
    description: V(begun) or V(ended).
    type: str
    choices: [begun, ended]
    required: true
  run:
    description: Name of the run, which is that of its backup set.
    type: str
    required: true
  goal:
    description: What the run is for.
    type: str
    default: enable
  instead_of:
    description: Name of a run that is known to be dead.
    type: str
    default: ""
  lease:
    description: After how many seconds the run counts as dead.
    type: int
    default: 7200
  controller:
    description: What identifies the process that drives the run.
    type: dict
    default: {}
  keep:
    description: How many backup sets are kept beside the first; 0 keeps all.
    type: int
    default: 20
  forget:
    description: At the end, remove the backup set of the run too, if it holds nothing to give back but packages.
    type: bool
    default: false
  root:
    description: Where the note and the backup sets are.
    type: path
    default: /var/lib/kdump-enabler
  grub_cfg:
    description: The grub.cfg, which is made from files of the set and is in none.
    type: path
    default: /boot/grub/grub.cfg
  package_lock_timeout:
    description: For how many seconds a run waits with its beginning while packages are being installed.
    type: int
    default: 60
  package_locks:
    description: Files that a process has locked while it installs packages; a run does not begin meanwhile.
    type: list
    elements: path
    default:
      - /var/lib/dpkg/lock-frontend
      - /var/lib/dpkg/lock
      - /var/lib/rpm/.rpm.lock
      - /usr/lib/sysimage/rpm/.rpm.lock
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
- name: Begin
  kdump.enabler.run:
    state: begun
    run: 20250131T120000Z
"""

RETURN = r"""
killed:
  description: The run that had not ended, C(run), C(goal) and C(started_at); empty when there was none.
  returned: success
  type: dict
removed:
  description: Backup sets that were removed.
  returned: success
  type: list
  elements: str
kind:
  description: Why it failed, V(running), V(packages_busy) or V(io_error).
  returned: failure
  type: str
hint:
  description: What to do about it.
  returned: failure
  type: str
"""

import os
from typing import Any, Dict, List

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.atomic import sweep
from ..module_utils.backups import BackupSet, forget, remove_old
from ..module_utils.failures import run
from ..module_utils.kept import Kept
from ..module_utils.package_locks import LOCKS, wait_until_free
from ..module_utils.runs import DEFAULT_ROOT, begin, end

ARGUMENTS = {
    "state": {"type": "str", "choices": ["begun", "ended"], "required": True},
    "run": {"type": "str", "required": True},
    "goal": {"type": "str", "default": "enable"},
    "instead_of": {"type": "str", "default": ""},
    "lease": {"type": "int", "default": 7200},
    "controller": {"type": "dict", "default": {}},
    "keep": {"type": "int", "default": 20},
    "forget": {"type": "bool", "default": False},
    "root": {"type": "path", "default": DEFAULT_ROOT},
    "grub_cfg": {"type": "path", "default": "/boot/grub/grub.cfg"},
    "package_lock_timeout": {"type": "int", "default": 60},
    "package_locks": {"type": "list", "elements": "path", "default": list(LOCKS)},
}


def clean_up(backups: str, name: str, grub_cfg: str) -> None:
    """Remove what a killed run left beside the files of its set and beside grub.cfg, wherever a link leads."""
    files = (BackupSet(backups, name).manifest or {"files": []})["files"]
    for path in [*(entry["path"] for entry in files), os.path.realpath(grub_cfg)]:
        sweep(path)


def work(module: AnsibleModule) -> Dict[str, Any]:
    """Do it and return the result."""
    asked = module.params
    backups = os.path.join(asked["root"], "backups")
    removed: List[str] = []
    killed: Dict[str, Any] = {}
    if module.check_mode:
        return {"changed": False, "removed": removed, "killed": killed}
    if asked["state"] == "begun":
        wait_until_free(asked["package_locks"], asked["package_lock_timeout"])
        note = {name: asked[name] for name in ("run", "goal", "controller")}
        found = begin(asked["root"], note, asked["instead_of"], asked["lease"])
        killed = {name: found[name] for name in ("run", "goal", "started_at") if name in found}
        Kept(asked["root"], []).recover()
        if asked["instead_of"]:
            clean_up(backups, asked["instead_of"], asked["grub_cfg"])
    else:
        removed = remove_old(backups, asked["keep"])
        if asked["forget"] and forget(backups, asked["run"]):
            removed.append(asked["run"])
        end(asked["root"], asked["run"])
    # Book-keeping of our own, not a change of the host.
    return {"changed": False, "removed": removed, "killed": killed}


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, work, list(ARGUMENTS))


if __name__ == "__main__":
    main()
