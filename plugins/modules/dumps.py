#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the kdump.enabler.dumps action; it runs on the controller."""

DOCUMENTATION = r"""
module: dumps
short_description: Tells which dumps a host has, and whether they are complete
version_added: "0.1.0"
description:
  - Looks for vmcores in the layouts of all families, reads their headers and follows every page that they list, in one
    round trip. Changes nothing.
  - Needs no root; what cannot be read is null.
attributes:
  check_mode:
    support: full
    description: It never changes anything.
  diff_mode:
    support: none
    description: It never changes anything.
options:
  directories:
    description: Where to look.
    type: list
    elements: str
    required: true
  path:
    description:
      - The one dump to show with the end of its kernel log, by its path or that of its directory; V(latest) is the
        newest in O(directories). All are listed when omitted.
    type: str
  holding:
    description: A text that is searched for in the pages of the newest dumps, which are the memory of a kernel.
    type: str
  named:
    description: Somebody typed O(directories), so that one that is not there is unknown, and not without dumps.
    type: bool
    default: false
author: The kdump-enabler developers (@kdump-enabler)
"""

EXAMPLES = r"""
- name: Look for dumps
  kdump.enabler.dumps:
    directories: [/var/crash]
  register: kdump_dumps
"""

RETURN = r"""
vmcores:
  description: The dumps as in the result document, the newest first.
  returned: always
  type: list
  elements: dict
holder:
  description: The path of the dump that holds the text; empty for none, and when none was asked for.
  returned: always
  type: str
holder_log:
  description: The kernel log of that dump, from the text on; null when there is none, or none that can be read.
  returned: always
  type: list
  elements: str
"""
