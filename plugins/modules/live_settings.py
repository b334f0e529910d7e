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
    description: The settings, by the names of sysctl(8), and their whole numbers.
    type: dict
    required: true
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

import os
from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.diffs import hunks
from ..module_utils.failures import run
from ..module_utils.journal import note


def running(path: str) -> str:
    """Return the value that the kernel has now."""
    with open(path, encoding="ascii") as stream:
        return stream.read().strip()


def set_value(path: str, value: str) -> None:
    """Give the kernel another value; one that it refuses is an OSError."""
    with open(path, "w", encoding="ascii") as stream:
        stream.write(value + "\n")


def diff(path: str, before: str, after: str) -> Dict[str, str]:
    """Return one change as `--diff` prints it."""
    lines = "".join(hunks([before + "\n"], [after + "\n"]))
    return {"prepared": "--- {0}\n+++ {0}\n{1}".format(path, lines)}


def work(module: AnsibleModule) -> Dict[str, Any]:
    """Do it and return the result."""
    before, diffs = {}, []
    for key, value in sorted(module.params["values"].items()):
        path = os.path.join(module.params["root"], *key.split("."))
        old, new = running(path), str(value)
        if old == new:
            continue
        before[key] = old
        diffs.append(diff(path, old, new))
        if not module.check_mode:
            set_value(path, new)
            note(["set now: {0} = {1} (was {2})".format(key, new, old)])
    return {"changed": bool(before), "before": before, "diff": diffs}


def main() -> None:
    """Run as a module."""
    arguments = {"values": {"type": "dict", "required": True}, "root": {"type": "path", "default": "/proc/sys"}}
    run(AnsibleModule(argument_spec=arguments, supports_check_mode=True), work, list(arguments))


if __name__ == "__main__":
    main()
