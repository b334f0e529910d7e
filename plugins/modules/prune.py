#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the kdump.enabler.prune action; it runs on the controller."""

DOCUMENTATION = r"""
module: prune
short_description: Decides which dumps of a host go
version_added: "0.2.0"
description:
  - Removes nothing; M(kdump.enabler.remove_dumps) does. A dump goes when it is over one of the limits.
  - The last complete dump of a machine stays, and so does one that may still be written, the one that the proof of the
    host is about, and what is not known to be a dump.
attributes:
  check_mode:
    support: full
    description: It never changes anything.
  diff_mode:
    support: none
    description: It never changes anything.
options:
  host:
    description: What M(kdump.enabler.audit) returned of the host.
    type: dict
    required: true
  vmcores:
    description: The dumps as M(kdump.enabler.dumps) returns them.
    type: list
    elements: dict
    required: true
  keep:
    description: How many dumps of each machine stay, the newest.
    type: int
  older_than_days:
    description: How old a dump may be, in days.
    type: int
  max_bytes:
    description: What all dumps together may take on the disk, in bytes, or such as V(20G).
    type: str
author: The kdump-enabler developers (@kdump-enabler)
"""

EXAMPLES = r"""
- name: Decide which dumps go
  kdump.enabler.prune:
    host: "{{ kdump_audit.record | from_json }}"
    vmcores: "{{ kdump_dumps.vmcores }}"
    keep: 3
"""

RETURN = r"""
pruned:
  description: A decision for each dump as in the result document, the newest first.
  returned: success
  type: list
  elements: dict
removals:
  description: What to hand to M(kdump.enabler.remove_dumps).
  returned: success
  type: list
  elements: dict
"""
