#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the kdump.enabler.consent action; it runs on the controller."""

DOCUMENTATION = r"""
module: consent
short_description: Refuses what takes a host down, unless somebody agreed to it, now, and to no other of its groups
version_added: "0.2.0"
description:
  - Fails with one sentence when this host is not named in O(hosts), when the time is outside O(window), or when another
    host of O(groups) is down at the wish of this or another run on this controller.
  - From then on its groups are taken, until O(state=ended) or until the run on this controller has ended.
attributes:
  check_mode:
    support: full
    description: Says the same, and takes nothing.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  state:
    description: Whether the host is about to go down or is back.
    type: str
    choices: [begun, ended]
    required: true
  hosts:
    description: The hosts that somebody agreed to by name.
    type: list
    elements: str
    default: []
  window:
    description: When hosts may go down, by this controller's clock, such as V(22:00-05:00); empty for always.
    type: str
    default: ""
  groups:
    description: Of which groups only one host may be down at a time.
    type: list
    elements: str
    default: []
author: The kdump-enabler developers (@kdump-enabler)
"""

EXAMPLES = r"""
- name: May this host go down
  kdump.enabler.consent:
    state: begun
    hosts: [web1]
    window: 22:00-05:00
    groups: [web]
"""

RETURN = r"""
kind:
  description: Why it failed, V(no_consent), V(outside_window), V(group_busy) or V(bad_window).
  returned: failure
  type: str
hint:
  description: What to do about it.
  returned: failure
  type: str
"""
