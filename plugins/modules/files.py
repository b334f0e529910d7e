#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Changes a set of files together, with a backup set, or none of them."""

DOCUMENTATION = r"""
module: files
short_description: Change several files together, with a backup of each, or none
version_added: 0.1.0
description:
  - Checks first that every file still is what the plan was made from, then writes all new files to temporary
    names, keeps the old ones in a backup set, and renames. A failure on the way puts everything back.
  - Keeps mode, owner, access control list and SELinux context of a file that exists.
  - Symbolic links are refused.
  - For files below C(/boot) the file system is synced before the names change and after, because boot loaders read past
    its journal.
options:
  changes:
    description:
      - The files to change.
      - Each takes exactly one of O(changes[].text), O(changes[].lines), O(changes[].absent).
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Absolute path of the file. Missing parent directories are created with mode 0755.
        type: str
        required: true
      before:
        description: SHA-256 of the present content in hex; empty or left out if the file must not exist.
        type: str
      text:
        description: The whole new content.
        type: str
      lines:
        description:
          - Line numbers, counted from 1, and the new text of each, without its newline.
          - All other bytes stay, including carriage returns and a missing last newline.
        type: dict
      absent:
        description: Remove the file.
        type: bool
      mode:
        description:
          - Mode as a quoted octal string with a leading zero.
          - By default as it was, or 0644 for a new file.
        type: str
  backup_set:
    description:
      - Name of the backup set of this run.
      - Several calls may use one name; the first state of each file is kept.
    type: str
    required: true
  backup_root:
    description: Where the backup sets are.
    type: path
    default: /var/lib/kdump-enabler/backups
  packages:
    description: Packages that this run is going to install, noted in the set (even if no file changes).
    type: list
    elements: str
    default: []
  units:
    description: Units that this run is going to enable or disable, with C(before) and C(after), noted in the set.
    type: dict
    default: {}
  tool_version:
    description: Version of kdump-enabler, noted in the set.
    type: str
    default: ""
attributes:
  check_mode:
    description: Checks all preconditions, changes nothing and returns what would change.
    support: full
  diff_mode:
    description: Without context lines, so that no neighbouring secret is printed.
    support: full
author: The kdump-enabler developers (@kdump-enabler)
"""

EXAMPLES = r"""
- name: Set the crash kernel reservation in line 7
  kdump.enabler.files:
    backup_set: 20250131T120000Z
    changes:
      - path: /etc/default/grub
        before: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        lines:
          "7": GRUB_CMDLINE_LINUX="crashkernel=256M"
      - path: /etc/sysctl.d/99-kdump-enabler.conf
        text: |
          kernel.panic = 10
"""

RETURN = r"""
paths:
  description: The files that changed, or would change.
  returned: success
  type: list
  elements: str
backup:
  description: Directory of the backup set; null if nothing was written to one.
  returned: success
  type: str
kind:
  description:
    - Why it failed, one of V(bad_arguments), V(changed_since), V(symlink), V(not_a_file), V(not_writable),
      V(no_space), V(read_only), V(io_error), V(half_done), V(bad_backup), V(backup_closed).
    - All but V(half_done) mean that nothing was changed.
  returned: failure
  type: str
hint:
  description: What to do about it.
  returned: failure
  type: str
"""

import os
import re
from typing import Any, Callable, Dict, List, Optional

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.atomic import AS_CREATED, FileState, check_writable, read_state, sha256
from ..module_utils.backups import DEFAULT_ROOT, BackupSet
from ..module_utils.diffs import change_diff
from ..module_utils.failures import ModuleError, run
from ..module_utils.grub_generator import settle_boot
from ..module_utils.journal import note
from ..module_utils.transaction import Change, Transaction, name_files

ONE_CHANGE = {
    "path": {"type": "str", "required": True},
    "before": {"type": "str"},
    "text": {"type": "str"},
    "lines": {"type": "dict"},
    "absent": {"type": "bool"},
    "mode": {"type": "str"},
}
ARGUMENTS = {
    "changes": {"type": "list", "elements": "dict", "required": True, "options": ONE_CHANGE},
    "backup_set": {"type": "str", "required": True},
    "backup_root": {"type": "path", "default": DEFAULT_ROOT},
    "packages": {"type": "list", "elements": "str", "default": []},
    "units": {"type": "dict", "default": {}},
    "tool_version": {"type": "str", "default": ""},
}


def bad(path: str, what: str, hint: str) -> ModuleError:
    """Return the refusal of a change that is written wrongly."""
    return ModuleError("bad_arguments", "The change of {0} {1}.".format(path, what), hint, [path])


def check_arguments(wanted: List[Dict[str, Any]]) -> None:
    """Refuse what cannot be meant, before any file is looked at."""
    seen = set()
    for one in wanted:
        path = one["path"]
        if not os.path.isabs(path) or os.path.normpath(path) != path:
            raise bad(path, "has no plain absolute path", "Write it from the root, without `..` or double slashes.")
        if path in seen:
            raise bad(path, "is given twice", "Merge both into one.")
        seen.add(path)
        if [one["text"] is not None, one["lines"] is not None, bool(one["absent"])].count(True) != 1:
            raise bad(path, "needs exactly one of text, lines and absent", "Leave out the others.")
        # Unquoted 0644 arrives from YAML as 420, which is a valid octal number and a wrong mode.
        if one["mode"] is not None and not re.match(r"0[0-7]{3,4}\Z", one["mode"]):
            raise bad(path, "has the mode {0}".format(one["mode"]), 'Quote it, with a leading zero: "0644".')


def replace_lines(path: str, content: bytes, lines: Dict[str, Any]) -> bytes:
    """Return the content with these lines exchanged and every other byte as it was."""
    parts = content.split(b"\n")
    count = len(parts) - (1 if parts[-1] == b"" else 0)
    for number, text in lines.items():
        if not re.match(r"[1-9][0-9]*\Z", str(number)) or int(number) > count:
            raise bad(path, "names line {0} of {1}".format(number, count), "Count lines from 1.")
        if not isinstance(text, str) or "\n" in text or "\r" in text:
            raise bad(path, "has no single line as line {0}".format(number), "Give the text without its newline.")
        end = b"\r" if parts[int(number) - 1].endswith(b"\r") else b""
        parts[int(number) - 1] = text.encode("utf-8", "surrogateescape") + end
    return b"\n".join(parts)


def new_state(one: Dict[str, Any], old: Optional[FileState]) -> Optional[FileState]:
    """Return what the file shall be."""
    if one["absent"]:
        return None
    base = old or FileState(b"", 0o644, AS_CREATED, AS_CREATED, {})
    mode = base.mode if one["mode"] is None else int(one["mode"], 8)
    if one["lines"] is not None:
        content = replace_lines(one["path"], base.content, one["lines"])
    else:
        content = one["text"].encode("utf-8", "surrogateescape")
    return base._replace(content=content, mode=mode)


def read_all(wanted: List[Dict[str, Any]]) -> Dict[str, Optional[FileState]]:
    """Return the present files; refuses if any is not what the plan was made from, and names each."""
    present = {one["path"]: read_state(one["path"]) for one in wanted}
    moved = []
    for one in wanted:
        old = present[one["path"]]
        if (one["before"] or "").lower() != (sha256(old.content) if old else ""):
            moved.append(one["path"])
    if moved:
        raise ModuleError(
            "changed_since",
            "{0} not what the plan was made from; nothing was changed.".format(name_files(moved)),
            "Run it again: a new plan is made then, from the present files.",
            moved,
        )
    return present


def plan(wanted: List[Dict[str, Any]]) -> List[Change]:
    """Return the changes that really change something, all preconditions checked."""
    check_arguments(wanted)
    present = read_all(wanted)
    pairs = [(one, present[one["path"]]) for one in wanted]
    changes = [Change(one["path"], old, new_state(one, old)) for one, old in pairs]
    changes = [change for change in changes if change.old != change.new]
    for change in changes:
        check_writable(change.path)
    return changes


def labeller(module: AnsibleModule) -> Callable[[str, str], None]:
    """Return what gives a new file the SELinux context that the policy wants at its final path."""

    def label(temporary: str, path: str) -> None:
        if module.selinux_enabled():
            module.set_context_if_different(temporary, module.selinux_default_context(path), False)

    return label


def apply(module: AnsibleModule, backup: BackupSet, changes: List[Change]) -> None:
    """Keep the old files in the backup set, then replace them."""
    with backup, Transaction(changes, labeller(module)) as transaction:
        # The record comes first: whatever a kill leaves beside the files, restore knows where to look for it.
        backup.record(changes, module.params["packages"], module.params["tool_version"])
        backup.correct(transaction.stage())
        settle_boot([change.path for change in changes])
        transaction.commit()
        settle_boot([change.path for change in changes])
    note("{0} {1}, backup set {2}".format("wrote" if one.new else "removed", one.path, backup.name) for one in changes)


def work(module: AnsibleModule) -> Dict[str, Any]:
    """Do it and return the result."""
    backup = BackupSet(module.params["backup_root"], module.params["backup_set"])
    changes = plan(module.params["changes"])
    known = backup.manifest["packages"] if backup.manifest else []
    write = bool(changes or set(module.params["packages"]) - set(known)) and not module.check_mode
    if write:
        apply(module, backup, changes)
    if module.params["units"] and not module.check_mode:
        backup.remember("units", module.params["units"], module.params["tool_version"])
    return {
        "changed": bool(changes),
        "paths": [change.path for change in changes],
        "backup": backup.directory if write else None,
        "diff": [change_diff(change) for change in changes],
    }


def main() -> None:
    """Run as a module."""
    # no_log: the arguments hold whole files, and Ansible would copy them to the system log.
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True, no_log=True)
    run(module, work, ["backup_set", "backup_root", "packages", "tool_version"])


if __name__ == "__main__":
    main()
