#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the kdump.enabler.proof action; it runs on the controller."""

DOCUMENTATION = r"""
module: proof
short_description: Judges what came out of a crash on purpose
version_added: "0.2.0"
description:
  - Opens the dump that was not there before the crash. It is a proof when it is whole, of the kernel that ran, and when
    the pages in it hold the id that M(kdump.enabler.crash) put into the kernel log.
  - Where it is none, looks in the journal and on the console for the line that says why.
attributes:
  check_mode:
    support: full
    description: It never changes anything.
  diff_mode:
    support: none
    description: It never changes anything.
options:
  crashed:
    description: What M(kdump.enabler.crash) returned; empty for a crash of an earlier run.
    type: dict
    default: {}
  back:
    description: What M(kdump.enabler.comes_back) returned; empty for a crash of an earlier run.
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
  server:
    description: The host of the inventory that has the dumps; empty when it is this one.
    type: str
    default: ""
  console:
    description: The file on the controller that gets the host's console, if there is one.
    type: path
  console_begin:
    description: How much of it was there before the crash, in bytes.
    type: int
    default: 0
author: The kdump-enabler developers (@kdump-enabler)
"""

EXAMPLES = r"""
- name: Open the dump
  kdump.enabler.proof:
    crashed: "{{ kdump_crashed }}"
    back: "{{ kdump_back }}"
"""

RETURN = r"""
outcome:
  description: What came out.
  returned: always
  type: dict
returned:
  description: Whether the host came back.
  returned: always
  type: bool
note:
  description: What is to be kept of it on the host.
  returned: always
  type: dict
trouble:
  description: Why it is no proof; empty when it is one.
  returned: always
  type: dict
"""
