#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Puts the files of a backup set back, all or none."""

DOCUMENTATION = r"""
module: restore
short_description: Put back the files of a backup set, all or none
version_added: 0.1.0
description:
  - Goes back to what the host was before the run of a set, so that the sets of later runs are put back with it, unless
    they have been already.
  - Restores content, mode, owner, access control list and SELinux context of every file in a set that
    M(kdump.enabler.files) wrote, and removes the files that did not exist before.
  - Gives the running kernel the settings it had, where they still are what the run made of them.
  - Looks at all files first. If one is neither what the run made of it nor what it was before,
    nothing is restored.
  - Leaves a boot entry (C(loader/entries)) that is gone by now, as its kernel is gone too.
  - Removes directories that the run created, if nothing else is in them by now.
options:
  backup_set:
    description:
      - Name of the set; V(latest) is the newest by name that has not been restored.
      - V(first) is the oldest, which leads to what the host was before the first run.
    type: str
    default: latest
  close:
    description:
      - Mark the sets as restored, so that V(latest) stands for the one before it from now on.
      - With V(false) the caller does that in a second call, once what is made from the files is made again.
    type: bool
    default: true
  force:
    description:
      - Restore files that somebody changed since, too.
      - What they hold now is kept in the set under C(displaced/).
    type: bool
    default: false
  backup_root:
    description: Where the backup sets are.
    type: path
    default: /var/lib/kdump-enabler/backups
  settings_root:
    description: Where the kernel's settings are.
    type: path
    default: /proc/sys
attributes:
  check_mode:
    description: Makes all checks, changes nothing and returns what would change.
    support: full
  diff_mode:
    description: Without context lines, so that no neighbouring secret is printed.
    support: full
author: The kdump-enabler developers (@kdump-enabler)
"""

EXAMPLES = r"""
- name: Undo the newest run
  kdump.enabler.restore:

- name: Undo a certain run, whatever happened to its files since
  kdump.enabler.restore:
    backup_set: 20250131T120000Z
    force: true
"""

RETURN = r"""
paths:
  description: The files that changed, or would change.
  returned: success
  type: list
  elements: str
removed:
  description: Those of RV(paths) that are removed, as they did not exist before.
  returned: success
  type: list
  elements: str
files:
  description: Every file of the set.
  returned: success
  type: list
  elements: str
backup_set:
  description: Name of the set.
  returned: success
  type: str
sets:
  description: Names of the sets that are put back, the newest first; the last is O(backup_set).
  returned: success
  type: list
  elements: str
packages:
  description: Packages that the runs installed; they are not removed.
  returned: success
  type: list
  elements: str
settings:
  description: Kernel settings that were given back, with their values.
  returned: success
  type: dict
units:
  description:
    - Units that the runs enabled or disabled, with what they were (C(before)) and became (C(after)).
    - It is for the caller to give that back.
  returned: success
  type: dict
diff:
  description:
    - What changed or would change.
    - Where RV(kind) is V(changed_since), what going back would change in the files that it is about.
  returned: in diff mode, and on failure
  type: raw
kind:
  description:
    - Why it failed, one of V(no_backup), V(bad_backup), V(changed_since), V(bad_arguments), V(symlink),
      V(not_a_file), V(not_writable), V(no_space), V(read_only), V(io_error), V(half_done).
    - All but V(half_done) mean that nothing was changed.
  returned: failure
  type: str
hint:
  description: What to do about it.
  returned: failure
  type: str
"""

import contextlib
import errno
import os
from typing import Any, Dict, List, NamedTuple, Optional

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.atomic import FileState, check_writable, read_state, sweep
from ..module_utils.backups import DEFAULT_ROOT, BackupSet, sets_since, utc_now
from ..module_utils.diffs import change_diff
from ..module_utils.failures import ModuleError, run
from ..module_utils.grub_generator import settle_boot
from ..module_utils.journal import note
from ..module_utils.kernel import PROC_SYS, path_of, running, set_value
from ..module_utils.past import BOOT_ENTRIES, is_ours, merged, name_now, past_of_files
from ..module_utils.transaction import Change, Transaction, name_files

ARGUMENTS = {
    "backup_set": {"type": "str", "default": "latest"},
    "close": {"type": "bool", "default": True},
    "force": {"type": "bool", "default": False},
    "backup_root": {"type": "path", "default": DEFAULT_ROOT},
    "settings_root": {"type": "path", "default": PROC_SYS},
}


class Plan(NamedTuple):
    """What to put back, and which of it somebody changed since."""

    changes: List[Change]
    foreign: List[Change]


def is_same(present: Optional[FileState], before: Optional[FileState]) -> bool:
    """Say whether the file is as it was, its context aside: a relabel is not an edit."""
    if present is None or before is None:
        return present is before
    return present[:4] == before[:4]


def plan(sets: List[BackupSet]) -> Plan:
    """Compare every file of the sets, of which the newest comes first, with the machine; verifies all stored copies.

    A boot entry that is gone went with its kernel: put back, it could boot nothing.
    """
    found = Plan([], [])
    for name, past in past_of_files(sets).items():
        path = name_now(name)
        before, present = past[-1].before, read_state(path)
        if is_same(present, before) or (present is None and before and BOOT_ENTRIES in path):
            continue
        change = Change(path, present, before)
        found.changes.append(change)
        if not is_ours(past, present):
            found.foreign.append(change)
    return found


def refuse_foreign(backup: BackupSet, foreign: List[Change]) -> None:
    """Refuse the whole set if somebody changed one of its files since."""
    if foreign:
        paths = [change.path for change in foreign]
        raise ModuleError(
            "changed_since",
            "{0} not as the backup set {1} left it; nothing was restored.".format(name_files(paths), backup.name),
            "Undo the later edits, or pass --force (kdump_rollback_force); what they hold now is kept in the set then.",
            paths,
            "".join(change_diff(change)["prepared"] for change in foreign),
        )


def keep_displaced(backup: BackupSet, manifest: Dict[str, Any], foreign: List[Change]) -> None:
    """Keep in the set what force is about to replace."""
    for change in foreign:
        now = backup.store("displaced", change.old) if change.old else None
        manifest.setdefault("displaced", []).append({"path": change.path, "now": now})


def apply(sets: List[BackupSet], found: Plan, close: bool) -> None:
    """Put all files back and, to close the sets, mark them as restored."""
    oldest = sets[-1]
    with Transaction(found.changes) as transaction:
        transaction.stage()
        if found.foreign:
            manifest = dict(oldest.manifest or {})
            keep_displaced(oldest, manifest, found.foreign)
            oldest.save(manifest)
        settle_boot([change.path for change in found.changes])
        transaction.commit()
        settle_boot([change.path for change in found.changes])
        for backup in sets if close else []:
            backup.save(dict(backup.manifest or {}, restored_at=utc_now()))
    note(
        "{0} {1} as in backup set {2}".format("put back" if one.new else "removed", one.path, oldest.name)
        for one in found.changes
    )


def changed_settings(known: Dict[str, Dict[str, str]], root: str) -> Dict[str, str]:
    """Return the kernel settings that still are what the runs made of them, with what they were before."""
    found = {}
    for key, value in sorted(known.items()):
        with contextlib.suppress(FileNotFoundError):  # another kernel, without that setting
            if running(path_of(root, key)) == value["after"] != value["before"]:
                found[key] = value["before"]
    return found


def put_settings_back(root: str, settings: Dict[str, str]) -> None:
    """Give the running kernel its values. One that it does not take (0 of max_rcu_stall_to_panic) comes by a boot."""
    for key, value in settings.items():
        try:
            set_value(path_of(root, key), value)
            when = "now"
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            when = "by the next boot"
        note(["put back {0}: {1} = {2}".format(when, key, value)])


def clean_up(sets: List[BackupSet]) -> None:
    """Remove what a killed run left beside the files, and the directories it made, unless somebody uses them."""
    for backup in sets:
        manifest = backup.manifest or {}
        for entry in manifest["files"]:
            sweep(entry["path"])
        for directory in reversed(manifest.get("directories", [])):
            with contextlib.suppress(OSError):
                os.rmdir(directory)


def work(module: AnsibleModule) -> Dict[str, Any]:
    """Do it and return the result."""
    asked = module.params
    sets = sets_since(asked["backup_root"], asked["backup_set"])
    found = plan(sets)
    if not asked["force"]:
        refuse_foreign(sets[-1], found.foreign)
    for change in found.changes:
        check_writable(change.path)
    settings = changed_settings(merged(sets, "settings"), asked["settings_root"])
    # A set whose files are all as before is done with, too: "latest" must not stop at it.
    is_open = any(not (backup.manifest or {}).get("restored_at") for backup in sets)
    if not module.check_mode and (found.changes or is_open):
        put_settings_back(asked["settings_root"], settings)
        apply(sets, found, asked["close"])
    if not module.check_mode:
        clean_up(sets)
    return {
        "changed": bool(found.changes or settings),
        "paths": [change.path for change in found.changes],
        "removed": [change.path for change in found.changes if not change.new],
        "files": list(past_of_files(sets)),
        "backup_set": sets[-1].name,
        "sets": [backup.name for backup in sets],
        "packages": sorted({name for backup in sets for name in (backup.manifest or {})["packages"]}),
        "settings": settings,
        "units": merged(sets, "units"),
        "diff": [change_diff(change) for change in found.changes],
    }


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, work, list(ARGUMENTS))


if __name__ == "__main__":
    main()
