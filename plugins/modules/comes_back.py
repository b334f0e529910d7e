#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Documentation of the kdump.enabler.comes_back action; it runs on the controller."""

DOCUMENTATION = r"""
module: comes_back
short_description: Waits until a host that crashed is in another boot
version_added: "0.2.0"
description:
  - A host that still is in the old boot after O(stays) seconds has not crashed, and is not waited for.
attributes:
  check_mode:
    support: full
    description: It never changes anything.
  diff_mode:
    support: none
    description: It never changes anything.
options:
  boot_id:
    description: The boot in which the host crashed.
    type: str
    required: true
  timeout:
    description: How long to wait, in seconds.
    type: int
    required: true
  stays:
    description: After how many seconds a host in the old boot will not crash any more.
    type: int
    default: 90
  ended:
    description: A file on the host that says that nothing will crash any more; only root may see it.
    type: str
    default: ""
author: The kdump-enabler developers (@kdump-enabler)
"""

EXAMPLES = r"""
- name: Wait for the dump and the reboot
  kdump.enabler.comes_back:
    boot_id: 1ed3c8be-2c2f-4a35-9e0f-0f0a6c4a9f3c
    timeout: 1800
"""

RETURN = r"""
boot_id:
  description: The boot that the host is in; empty when it did not come back in time.
  returned: always
  type: str
seconds:
  description: How long that took; null when it did not come back.
  returned: always
  type: int
ended:
  description: Whether O(ended) was there.
  returned: always
  type: bool
seconds_to_down:
  description: How long the host could still be reached.
  returned: always
  type: int
"""
