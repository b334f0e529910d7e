#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Sets values of the running kernel; says in check mode, and with --diff, which would change."""

DOCUMENTATION = r"""
module: live_settings
short_description: Set kernel settings until the next boot
version_added: 0.2.0
description:
  - Writes below C(/proc/sys), as C(sysctl -w) does, what differs from the running value.
  - Lasting values are files, see M(kdump.enabler.files).
options:
  values:
    description: The settings, by the names of sysctl(8), and their values.
    type: dict
    required: true
  backup_set:
    description: Name of the backup set that keeps what the kernel had; none is kept without it.
    type: str
    default: ""
  backup_root:
    description: Where the backup sets are.
    type: path
    default: /var/lib/kdump-enabler/backups
  root:
    description: Where the kernel's settings are.
    type: path
    default: /proc/sys
attributes:
  check_mode:
    description: Reads the running values, changes nothing and returns what would change.
    support: full
  diff_mode:
    description: One pair of lines for each value, under the path of its file.
    support: full
author:
  - The kdump-enabler developers
"""

EXAMPLES = r"""
- name: Let a panic reboot after ten seconds
  kdump.enabler.live_settings:
    values:
      kernel.panic: 10
"""

RETURN = r"""
before:
  description: The running values of what changed, or would change.
  returned: success
  type: dict
kind:
  description: Why it failed, one of V(read_only), V(io_error). What comes before it in the list is set.
  returned: failure
  type: str
hint:
  description: What to do about it.
  returned: failure
  type: str
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.backups import DEFAULT_ROOT, BackupSet, find_set
from ..module_utils.failures import ModuleError, run
from ..module_utils.journal import note
from ..module_utils.kernel import PROC_SYS, diff, path_of, running, set_value


def keep(module: AnsibleModule, key: str, old: str, new: str) -> None:
    """Note what the kernel had in a backup set, if one is named, before it has anything else."""
    if module.params["backup_set"]:
        backup = set_for(module.params["backup_root"], module.params["backup_set"])
        backup.remember("settings", {key: {"before": old, "after": new}})


def set_for(root: str, name: str) -> BackupSet:
    """Return the set of this run; of a run that changes no file the newest one that can be restored, as it puts into
    effect what that one prepared, and both are taken back together."""
    own = BackupSet(root, name)
    if own.manifest:
        return own
    try:
        return find_set(root, "latest")
    except ModuleError:
        return own


def work(module: AnsibleModule) -> Dict[str, Any]:
    """Do it and return the result."""
    before, diffs = {}, []
    for key, value in sorted(module.params["values"].items()):
        path = path_of(module.params["root"], key)
        old, new = running(path), str(value)
        if old == new:
            continue
        before[key] = old
        diffs.append(diff(path, old, new))
        if not module.check_mode:
            keep(module, key, old, new)
            set_value(path, new)
            note(["set now: {0} = {1} (was {2})".format(key, new, old)])
    return {"changed": bool(before), "before": before, "diff": diffs}


def main() -> None:
    """Run as a module."""
    arguments = {
        "values": {"type": "dict", "required": True},
        "root": {"type": "path", "default": PROC_SYS},
        "backup_set": {"type": "str", "default": ""},
        "backup_root": {"type": "path", "default": DEFAULT_ROOT},
    }
    run(AnsibleModule(argument_spec=arguments, supports_check_mode=True), work, list(arguments))


if __name__ == "__main__":
    main()
