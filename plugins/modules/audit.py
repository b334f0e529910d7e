#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the kdump.enabler.audit action; it runs on the controller."""

DOCUMENTATION = r"""
module: audit
short_description: Tells whether a kernel panic on this host would leave a vmcore, and what it would take
version_added: "0.1.0"
description:
  - Looks at the host in one round trip, changes nothing, and needs no root (what cannot be read is reported as
    unknown).
  - The policy is read from the public C(kdump_*) variables of the host.
  - A container is unsupported, unless the host's variable C(kdump_test_container) is true; then every result carries
    a warning.
attributes:
  check_mode:
    support: full
    description: It never changes anything.
  diff_mode:
    support: none
    description: It never changes anything.
options:
  goal:
    description: Whether the plan sets the host up or takes the reservation away, or with V(purge) our packages, too.
    type: str
    choices: [enable, disable, purge, rollback, prove, simulate]
    default: enable
  judge:
    description: With V(false) only RV(evidence) and what belongs to it is returned, for a program that judges itself.
    type: bool
    default: true
  for_change:
    description: Fail with one sentence when the host must not be changed (no root, a configuration that no tool
      could read, no room).
    type: bool
    default: false
  for_proof:
    description: Fail with one sentence when the host must not be crashed, above all when that would leave no dump.
    type: bool
    default: false
  unknown_too:
    description: With O(for_proof), a host may be crashed where it cannot be seen whether that would leave a dump.
    type: bool
    default: false
  simulate:
    description: >-
      What trouble is about to be made, with C(kind) and C(options). Fail with one sentence when that makes no sense or
      must not be, and tell what it should lead to.
    type: dict
  force:
    description: With O(simulate), also where no dump would come out, or nobody would notice.
    type: bool
    default: false
  place_named:
    description: With O(for_proof), it was said where the dumps of the host come to lie.
    type: bool
    default: false
  for_reboot:
    description: Fail with one sentence when a reboot would skip the boot loader.
    type: bool
    default: false
  run:
    description: The stamp of this run, which names its backup set; a new one when omitted.
    type: str
  rebooted_from:
    description: The host's record before a reboot; fail when the boot or its command line is not the expected one.
    type: dict
  settle_seconds:
    description: How long to wait for the unit that loads the capture kernel, in seconds.
    type: int
    default: 0
author: The kdump-enabler developers (@kdump-enabler)
"""

EXAMPLES = r"""
- name: Look
  kdump.enabler.audit:
  register: kdump_audit
"""

RETURN = r"""
record:
  description: >-
    The host's record as in the result document, as JSON: C(from_json) reads it. As text it takes
    a tenth of the controller's memory, which has the records of all hosts.
  returned: always
  type: str
evidence:
  description: What the host's probe printed, JSON.
  returned: with O(judge=false)
  type: str
layers:
  description: What is wanted of the host, by whom, in the order in which it counts.
  returned: with O(judge=false)
  type: list
test_container:
  description: Whether a container is to be judged like a machine.
  returned: with O(judge=false)
  type: bool
evidence_not_kept:
  description: Why a file for the evidence could not be written here; empty where it was, or was not asked for.
  returned: with O(judge=false)
  type: str
dump_directory:
  description: Of the record, where the host's dumps come to lie.
  returned: always
  type: dict
plan:
  description: What the roles of this collection have to do; C(empty) when nothing.
  returned: with O(for_change)
  type: dict
needs_reboot:
  description: Whether only a reboot puts settings into effect that are already made.
  returned: always
  type: bool
next_boot_differs:
  description: Whether the next boot asks for another reservation than the running kernel was given.
  returned: always
  type: bool
tool_version:
  description: The version that judged, which backup sets note.
  returned: always
  type: str
open:
  description: Whether a change or a reboot follows, and another look after it.
  returned: always
  type: bool
instead_of:
  description: The run that is noted on the host; empty for none.
  returned: always
  type: str
controller:
  description: What identifies the process of this run; empty where it cannot be told.
  returned: always
  type: dict
trigger:
  description: What makes the trouble, for M(kdump.enabler.simulate).
  returned: with O(simulate)
  type: dict
unfinished:
  description: Whether an earlier simulation was begun and nobody looked at what came out.
  returned: with O(simulate)
  type: bool
run:
  description: The stamp of this run.
  returned: always
  type: str
"""
