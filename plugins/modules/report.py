#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the kdump.enabler.report action; it runs on the controller."""

DOCUMENTATION = r"""
module: report
short_description: Puts what was seen of all hosts into one result document
version_added: "0.1.0"
description:
  - Reads what the kdump.enabler roles registered for each host. Runs on the controller.
attributes:
  check_mode:
    support: full
    description: It writes the result document in check mode too.
  diff_mode:
    support: none
    description: The document is new each time.
options:
  hosts:
    description: The hosts to report on; those that this run did not ask are left out.
    type: list
    elements: str
    required: true
  path:
    description: Where to write the document as JSON, on the controller.
    type: path
  fail_on:
    description: Verdicts that fail the play, after the document was written; V(trouble) stands for a failed step.
    type: list
    elements: str
    default: []
  dumps:
    description: Whether the hosts were asked for their dumps, which the kdump.enabler.dumps role does.
    type: bool
    default: false
author: The kdump-enabler developers (@kdump-enabler)
"""

EXAMPLES = r"""
- name: Report
  kdump.enabler.report:
    hosts: "{{ groups['all'] }}"
    path: result.json
"""

RETURN = r"""
summary:
  description: How many hosts have each verdict.
  returned: always
  type: dict
result:
  description: The result document.
  returned: without O(path), unless the task fails
  type: dict
"""
