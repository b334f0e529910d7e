#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the kdump.enabler.explain_failure action; it runs on the controller."""

DOCUMENTATION = r"""
module: explain_failure
short_description: Says in one sentence what a failed task means and what to do
version_added: "0.1.0"
description:
  - For a C(rescue) section.
attributes:
  check_mode:
    support: full
    description: It never changes anything.
  diff_mode:
    support: none
    description: It never changes anything.
options:
  task:
    description: Name of the failed task.
    type: str
    required: true
  result:
    description: Its result.
    type: dict
    required: true
  after:
    description: The trouble that came before, when putting the host back failed, too.
    type: str
author: The kdump-enabler developers (@kdump-enabler)
"""

EXAMPLES = r"""
- name: Say what happened
  kdump.enabler.explain_failure:
    task: "{{ ansible_failed_task.name }}"
    result: "{{ ansible_failed_result }}"
  register: kdump_trouble
"""

RETURN = r"""
sentence:
  description: What happened.
  returned: always
  type: str
hint:
  description: What to do about it.
  returned: always
  type: str
kind:
  description: A stable word for it.
  returned: always
  type: str
exit_code:
  description: The exit code it stands for.
  returned: always
  type: int
"""
