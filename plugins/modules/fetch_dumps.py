#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the kdump.enabler.fetch_dumps action; it runs on the controller."""

DOCUMENTATION = r"""
module: fetch_dumps
short_description: Copies dumps of a host to the controller
version_added: "0.2.0"
description:
  - Copies each vmcore and the kernel log beside it to V(to/host/directory/name), readable for the user of the
    controller only. Verified by sha256, and under its name only then.
  - Goes on with what an earlier run had fetched, transfers nothing twice, and replaces no file.
  - Works over every connection and with become, without a copy on the host; the host needs no more than its Python.
attributes:
  check_mode:
    support: full
    description: Says what would be fetched.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  vmcores:
    description: The dumps as M(kdump.enabler.dumps) returns them.
    type: list
    elements: dict
    required: true
  to:
    description: The directory on the controller.
    type: path
    required: true
  unfinished:
    description: Also dumps that are not whole, or that may still be written.
    type: bool
    default: false
author: The kdump-enabler developers (@kdump-enabler)
"""

EXAMPLES = r"""
- name: Fetch dumps
  kdump.enabler.fetch_dumps:
    vmcores: "{{ kdump_dumps.vmcores }}"
    to: /srv/dumps
"""

RETURN = r"""
fetched:
  description: What became of each file, as in the result document.
  returned: always
  type: list
  elements: dict
"""
