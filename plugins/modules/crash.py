#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Crashes this host on purpose."""

DOCUMENTATION = r"""
module: crash
short_description: Make the kernel of this host panic, after a note that says why
version_added: 0.2.0
description:
  - B(This takes the host down.) It asks for no consent; M(kdump.enabler.consent) does.
  - Keeps a note of the crash on the host, puts its id into the kernel log, writes everything to disk, and lets the
    kernel panic two seconds after the module has ended.
options:
  note:
    description: What to keep of the crash; it gets O(id).
    type: dict
    required: true
  id:
    description: A word that nobody else puts into the kernel log.
    type: str
    required: true
  watch:
    description:
      - The unit that writes the dump in the capture kernel, whose memory is watched meanwhile by a unit of ours, until
        M(kdump.enabler.keep_proof) removes it; nothing is watched when it is left out.
    type: str
    default: ""
  trigger:
    description: V(sysrq) panics by the SysRq crash key; with V(none) somebody else does, for example by an NMI.
    type: str
    choices: [sysrq, none]
    default: sysrq
  cpu:
    description: The number of the CPU that panics; any when it is left out.
    type: int
  root:
    description: Where the note is kept.
    type: path
    default: /var/lib/kdump-enabler
  units:
    description: Where units are kept.
    type: path
    default: /etc/systemd/system
  kernel_log:
    description: The kernel's log.
    type: path
    default: /dev/kmsg
  sysrq_trigger:
    description: Where the crash key is pressed.
    type: path
    default: /proc/sysrq-trigger
attributes:
  check_mode:
    description: Does nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
author:
  - The kdump-enabler developers
"""

EXAMPLES = r"""
- name: Crash
  kdump.enabler.crash:
    id: 5f1c0a9e
    note: {}
"""

RETURN = r"""
note:
  description: What is kept of the crash, with C(boot_id), the boot that is about to end.
  returned: success
  type: dict
kind:
  description: Why it failed, V(io_error), V(no_space) or V(bad_arguments).
  returned: failure
  type: str
hint:
  description: What to do about it.
  returned: failure
  type: str
"""

import os
import time
from typing import Any, Dict, Optional

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.failures import ModuleError, run
from ..module_utils.proofs import keep_note
from ..module_utils.runs import DEFAULT_ROOT, boot_id
from ..module_utils.watching import UNITS, watch

DELAY = 2  # seconds, for the answer to reach the controller
# KERN_ALERT, so that it is on the console whatever the log level there is.
LOG_LINE = "<1>kdump-enabler: crash on purpose, {0}\n"
ARGUMENTS = {
    "note": {"type": "dict", "required": True},
    "id": {"type": "str", "required": True},
    "watch": {"type": "str", "default": ""},
    "trigger": {"type": "str", "choices": ["sysrq", "none"], "default": "sysrq"},
    "cpu": {"type": "int"},
    "root": {"type": "path", "default": DEFAULT_ROOT},
    "units": {"type": "path", "default": UNITS},
    "kernel_log": {"type": "path", "default": "/dev/kmsg"},
    "sysrq_trigger": {"type": "path", "default": "/proc/sysrq-trigger"},
}


def check_cpu(cpu: Optional[int]) -> None:
    """Refuse a CPU that this process may not run on."""
    if cpu is not None and cpu not in os.sched_getaffinity(0):
        raise ModuleError("bad_arguments", "This host has no CPU {0} to panic on.".format(cpu), "Count from 0.")


def press_later(trigger: str, cpu: Optional[int]) -> None:
    """Leave a process behind that presses the crash key. Root needs no kernel.sysrq (admin-guide/sysrq.rst)."""
    if os.fork():
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    time.sleep(DELAY)
    with open(trigger, "w") as key:
        key.write("c")
    os._exit(0)


def work(module: AnsibleModule) -> Dict[str, Any]:
    """Do it and return the result."""
    asked = module.params
    check_cpu(asked["cpu"])
    note = dict(asked["note"], id=asked["id"], boot_id=boot_id(), outcome=None)
    if module.check_mode:
        return {"changed": True, "note": note}
    keep_note(asked["root"], note)
    if asked["watch"]:
        watch(asked["units"], asked["root"], asked["watch"], asked["id"])
    with open(asked["kernel_log"], "w") as log:
        log.write(LOG_LINE.format(asked["id"]))
    os.sync()
    if asked["trigger"] == "sysrq":
        press_later(asked["sysrq_trigger"], asked["cpu"])
    return {"changed": True, "note": note}


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, work, [name for name in ARGUMENTS if name != "note"])


if __name__ == "__main__":
    main()
