#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Writes to the host's journal what other modules changed."""

DOCUMENTATION = r"""
module: journal
short_description: Note in the host's journal what was changed
version_added: 0.2.0
description:
  - For changes by modules that are not ours; ours note what they do by themselves.
  - The lines carry the name kdump-enabler, as in C(journalctl -t kdump-enabler).
options:
  lines:
    description: What was changed, a line each.
    type: list
    elements: str
    required: true
attributes:
  check_mode:
    description: Writes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
author: The kdump-enabler developers (@kdump-enabler)
"""

EXAMPLES = r"""
- name: Note it
  kdump.enabler.journal:
    lines: [enabled kdump-tools.service]
"""

RETURN = r"""
lines:
  description: What was written.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.journal import note


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(
        argument_spec={"lines": {"type": "list", "elements": "str", "required": True}}, supports_check_mode=True
    )
    if not module.check_mode:
        note(module.params["lines"])
    module.exit_json(changed=False, lines=module.params["lines"])


if __name__ == "__main__":
    main()
