#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the kdump.enabler.rollout action; it runs on the controller."""

DOCUMENTATION = r"""
module: rollout
short_description: Tells whether a rollout goes on with the next hosts
version_added: "0.1.0"
description:
  - Looks at what the kdump.enabler roles registered for the hosts of the play that had their turn. Runs on the
    controller, once before each batch, with C(run_once).
attributes:
  check_mode:
    support: full
    description: It changes nothing.
  diff_mode:
    support: none
    description: It changes nothing.
options:
  max_failures:
    description: How many hosts may fail before no further one is tried; empty for any number.
    type: raw
  canary:
    description: The first hosts of the play, none of which may fail.
    type: int
    default: 0
  reboots:
    description: Whether a host that is not ready in the end has failed, as after a reboot.
    type: bool
    default: false
author: The kdump-enabler developers (@kdump-enabler)
"""

EXAMPLES = r"""
- name: Look whether the rollout goes on
  kdump.enabler.rollout:
    max_failures: 0
    canary: 1
  register: kdump_rollout
  run_once: true
"""

RETURN = r"""
stop:
  description: Whether no further host should be tried.
  returned: always
  type: bool
judged:
  description: How many hosts had their turn, from the first of the play on.
  returned: always
  type: int
failures:
  description: Which of them failed; where any number may, those of the canaries.
  returned: always
  type: list
  elements: str
reason:
  description: Why, as a clause; empty when it goes on.
  returned: always
  type: str
"""
