#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Regenerates grub.cfg so that a machine that booted before boots after, whatever fails on the way."""

DOCUMENTATION = r"""
module: grub_config
short_description: Regenerate grub.cfg without ever leaving a broken one
version_added: 0.1.0
description:
  - Generates to a temporary file in the same directory, lets grub-script-check read it, and refuses it if it
    would lose a kernel that the present file boots and that is still on disk.
  - Only then is it synced and renamed. The file system is synced before and after, because GRUB reads past its journal
    (not enough on XFS, where GRUB may read an older state after a power cut).
  - Mode, owner and SELinux context of the present file are kept.
  - A file whose menu comes from boot loader entries (C(blscfg)) may hold no kernel, if the present one has
    C(blscfg) too.
options:
  path:
    description: The grub.cfg. If it is a symbolic link, the file that it leads to is replaced.
    type: path
    default: /boot/grub/grub.cfg
  command:
    description: The generator. The module appends C(-o) and the temporary file.
    type: list
    elements: str
    default: [grub-mkconfig]
  script_check:
    description:
      - The syntax check. By default the generator's name with C(script-check) for C(mkconfig),
        else C(grub-script-check) or C(grub2-script-check).
    type: str
  install:
    description: With V(false) generate, check and delete only. Nothing changes.
    type: bool
    default: true
  timeout:
    description: Seconds after which the generator is ended, and so are the syntax check and sync.
    type: int
    default: 300
attributes:
  check_mode:
    description: Tells that it would regenerate, and changes nothing.
    support: partial
    details:
      - Runs nothing, so it cannot know whether the new file would differ.
      - Says changed if it would install.
  diff_mode:
    description: Shows what changes for the boot.
    support: partial
    details: Only lines that load a kernel.
author: The kdump-enabler developers (@kdump-enabler)
"""

EXAMPLES = r"""
- name: Would grub-mkconfig give a good file?
  kdump.enabler.grub_config:
    install: false

- name: Regenerate on EL
  kdump.enabler.grub_config:
    path: /boot/grub2/grub.cfg
    command: [grub2-mkconfig]
"""

RETURN = r"""
kernels:
  description: The kernels that the new file boots, as GRUB sees their paths. Empty in check mode.
  returned: success
  type: list
  elements: str
differs:
  description: Whether the new file differs from the present one; null in check mode.
  returned: success
  type: bool
seconds:
  description: How long it took.
  returned: success
  type: float
note:
  description: In check mode, that nothing was tried.
  returned: in check mode
  type: str
kind:
  description:
    - Why it failed, one of V(grub_mkconfig_failed), V(grub_syntax), V(grub_empty), V(missing_tool),
      V(no_space), V(read_only), V(not_a_file), V(not_writable), V(changed_since), V(io_error).
    - Nothing was changed then.
  returned: failure
  type: str
hint:
  description: What to do about it.
  returned: failure
  type: str
"""

import contextlib
import os
import time
from typing import Any, Dict, List, Optional

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.atomic import (
    FileState,
    check_writable,
    make_temporary,
    read_state,
    remove_if_there,
)
from ..module_utils.diffs import hunks
from ..module_utils.failures import ModuleError, run
from ..module_utils.grub_generator import check_syntax, generate, settle
from ..module_utils.grub_menu import check_menu, kernels, linux_lines
from ..module_utils.journal import note
from ..module_utils.transaction import Change, Transaction

ARGUMENTS = {
    "path": {"type": "path", "default": "/boot/grub/grub.cfg"},
    "command": {"type": "list", "elements": "str", "default": ["grub-mkconfig"]},
    "script_check": {"type": "str"},
    "install": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 300},
}


def find_tool(module: AnsibleModule, names: List[str]) -> str:
    """Return the full path of the first of these tools that is there."""
    for name in names:
        # Also looks into the sbin directories, which an SSH login may lack.
        found = module.get_bin_path(name)
        if found:
            return str(found)
    raise ModuleError(
        "missing_tool",
        "{0} is not installed.".format(names[0]),
        "Install the GRUB tools of this distribution.",
    )


def find_check(module: AnsibleModule) -> str:
    """Return the syntax check that belongs to the generator."""
    if module.params["script_check"]:
        return find_tool(module, [module.params["script_check"]])
    beside = module.params["command"][0].replace("mkconfig", "script-check")
    names = [beside] if beside != module.params["command"][0] else []
    return find_tool(module, [*names, "grub-script-check", "grub2-script-check"])


def text_of(state: Optional[FileState]) -> Optional[str]:
    """Return the configuration as text, for looking at only."""
    return state.content.decode("utf-8", "replace") if state else None


def try_out(module: AnsibleModule, path: str, temporary: str, old: Optional[FileState]) -> FileState:
    """Generate into the temporary file and return it, checked."""
    command = [find_tool(module, module.params["command"][:1]), *module.params["command"][1:]]
    check = find_check(module)
    generate(command, temporary, module.params["timeout"])
    check_syntax([check], temporary, module.params["timeout"])
    new = read_state(temporary)
    if new is None:
        raise ModuleError(
            "grub_mkconfig_failed",
            "{0} wrote no file.".format(command[0]),
            "Check that it takes the option -o.",
            [path],
        )
    check_menu(path, text_of(old), text_of(new) or "")
    return new


def install(path: str, old: Optional[FileState], new: FileState, seconds: int) -> None:
    """Put the checked text in place, with the mode, owner and context of the old one.

    GRUB reads past the journal. What it finds after a power cut is whole, because the new file is in its place
    before the name leads to it, and the old one's blocks are given up only when the name no longer leads to them.
    """
    dressed = old._replace(content=new.content) if old else new
    directory = os.path.dirname(path)
    with Transaction([Change(path, old, dressed)]) as transaction:
        transaction.stage()
        settle(directory, seconds)
        transaction.commit()
        settle(directory, seconds)


def remove_temporaries(temporary: str) -> None:
    """Remove our file and the one that grub-mkconfig writes first and leaves behind on a syntax error."""
    for name in (temporary, temporary + ".new"):
        with contextlib.suppress(OSError):
            remove_if_there(name)


def regenerate(module: AnsibleModule, path: str) -> Dict[str, Any]:
    """Generate, check and, if wanted and different, install."""
    check_writable(path)
    old = read_state(path)
    # GRUB reads grub.cfg, custom.cfg, user.cfg and grubenv here, never a name with a leading dot.
    fd, temporary = make_temporary(path)
    os.close(fd)
    try:
        new = try_out(module, path, temporary, old)
        differs = old is None or old.content != new.content
        if differs and module.params["install"]:
            install(path, old, new, module.params["timeout"])
            note(["regenerated {0}".format(path)])
    finally:
        remove_temporaries(temporary)
    result = describe(path, text_of(old) or "", text_of(new) or "")
    result.update(changed=differs and module.params["install"], differs=differs)
    return result


def describe(path: str, old: str, new: str) -> Dict[str, Any]:
    """Return the kernels and a diff of only what loads them: grub.cfg may hold password hashes."""
    before, after = [[line + "\n" for line in linux_lines(text)] for text in (old, new)]
    shown = "".join(hunks(before, after))
    return {
        "kernels": kernels(new),
        "diff": [{"prepared": "--- {0}\n+++ {0}\n{1}".format(path, shown)}] if shown else [],
    }


def work(module: AnsibleModule) -> Dict[str, Any]:
    """Do it and return the result."""
    started = time.time()
    if module.check_mode:
        return {
            "changed": module.params["install"],
            "differs": None,
            "kernels": [],
            "diff": [],
            "seconds": 0.0,
            "note": "{0} would be regenerated; check mode did not try it.".format(module.params["path"]),
        }
    result = regenerate(module, os.path.realpath(module.params["path"]))
    result["seconds"] = round(time.time() - started, 2)
    return result


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, work, list(ARGUMENTS))


if __name__ == "__main__":
    main()
