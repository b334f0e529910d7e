#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the kdump.enabler.simulation action; it runs on the controller."""

DOCUMENTATION = r"""
module: simulation
short_description: Compares what trouble on purpose led to with what was said before
version_added: "0.2.0"
description:
  - In the boot that M(kdump.enabler.simulate) noted, the host survived, and its kernel log says who noticed. In another
    boot it panicked, and the kernel log beside the dump says so. The dump is opened as by M(kdump.enabler.proof).
attributes:
  check_mode:
    support: full
    description: It never changes anything.
  diff_mode:
    support: none
    description: It never changes anything.
options:
  crashed:
    description: What M(kdump.enabler.simulate) returned; empty for an earlier run.
    type: dict
    default: {}
  back:
    description: What M(kdump.enabler.comes_back) returned; empty for an earlier run.
    type: dict
    default: {}
  vmcores:
    description: The dumps that are there now, where this host's dumps go.
    type: list
    elements: dict
    default: []
  holder:
    description: The path of the one that holds the id; empty for none.
    type: str
    default: ""
  log:
    description: The kernel log of that one, from the id on; null for none.
    type: list
    elements: str
  said:
    description: What the program said that made the trouble.
    type: str
    default: ""
  console:
    description: The file on the controller that gets the host's console, if there is one.
    type: path
  console_begin:
    description: How much of it was there before, in bytes.
    type: int
    default: 0
author: The kdump-enabler developers (@kdump-enabler)
"""

EXAMPLES = r"""
- name: Compare
  kdump.enabler.simulation:
    crashed: "{{ kdump_crashed }}"
    back: "{{ kdump_back }}"
"""

RETURN = r"""
simulation:
  description: What happened, as in the result document.
  returned: always
  type: dict
returned:
  description: Whether the host can be asked.
  returned: always
  type: bool
note:
  description: What is to be kept of it on the host, under the name in RV(record).
  returned: always
  type: dict
record:
  description: The name of the note.
  returned: always
  type: str
trouble:
  description: What was other than said; empty for nothing.
  returned: always
  type: dict
"""
