#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Runs the tool that makes a boot loader's files, so that a machine that booted before boots after, whatever fails."""

DOCUMENTATION = r"""
module: boot_files
short_description: Let a boot loader's own tool make its files, or leave all as they were
version_added: 0.1.0
description:
  - Keeps a copy of each file that the tool makes, in the same directory, and then runs the tool.
  - Refuses the result if the tool fails or does not end in time, if a boot entry or a kernel would be lost, if an entry
    loads what is not there, if a unified kernel image lacks a part that it had, or if the entries do not ask for the
    wanted reservation.
  - Then all files are as before, byte for byte, and those that came are gone.
  - What a killed run left is put back first.
options:
  commands:
    description: The tool and its arguments; several are run one after the other.
    type: list
    elements: list
    required: true
  files:
    description:
      - Globs of all files that the tool makes or removes.
      - Each must fit a second time into its file system while the tool runs.
    type: list
    elements: path
    required: true
  entries:
    description: Globs of those of them that are boot entries, text or unified kernel images; by default all.
    type: list
    elements: path
    default: []
  holding:
    description:
      - Globs of the entries that must ask for O(words) and nothing else. Each must match a file.
      - By default all entries.
    type: list
    elements: path
    default: []
  words:
    description:
      - The C(crashkernel=) words of the command lines. An empty list means that there may be none.
      - Not looked at if left out.
    type: list
    elements: str
  timeout:
    description: Seconds after which each command is ended.
    type: int
    default: 900
  root:
    description: Where it is noted that copies are kept.
    type: path
    default: /var/lib/kdump-enabler
attributes:
  check_mode:
    description: Tells that it would run the tool, and changes nothing.
    support: partial
    details: Runs nothing, so it cannot know whether the files would differ.
  diff_mode:
    description: Of text files, without context lines.
    support: partial
    details: Not in check mode.
author: The kdump-enabler developers (@kdump-enabler)
"""

EXAMPLES = r"""
- name: Make extlinux.conf anew
  kdump.enabler.boot_files:
    commands: [[u-boot-update]]
    files: [/boot/extlinux/extlinux.conf]
    words: [crashkernel=256M]
"""

RETURN = r"""
paths:
  description: The files that came, went or differ. Empty in check mode.
  returned: success
  type: list
  elements: str
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
    - Why it failed, one of V(boot_tool_failed), V(boot_entry_lost), V(boot_entry_wrong), V(missing_tool), V(symlink),
      V(not_a_file), V(no_space), V(read_only), V(io_error), V(half_done).
    - All but V(half_done) mean that the files are as they were.
  returned: failure
  type: str
hint:
  description: What to do about it.
  returned: failure
  type: str
"""

import time
from typing import Any, Dict, List

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.boot_entries import PORTABLE_EXECUTABLE, loss, words
from ..module_utils.diffs import hunks
from ..module_utils.failures import ModuleError, run
from ..module_utils.grub_generator import UNTRANSLATED, last_words, run_command
from ..module_utils.journal import note
from ..module_utils.kept import Kept, matching
from ..module_utils.runs import DEFAULT_ROOT

ARGUMENTS = {
    "commands": {"type": "list", "elements": "list", "required": True},
    "files": {"type": "list", "elements": "path", "required": True},
    "entries": {"type": "list", "elements": "path", "default": []},
    "holding": {"type": "list", "elements": "path", "default": []},
    "words": {"type": "list", "elements": "str"},
    "timeout": {"type": "int", "default": 900},
    "root": {"type": "path", "default": DEFAULT_ROOT},
}


def find_tools(module: AnsibleModule) -> List[List[str]]:
    """Return the commands with full paths; a tool that is missing is found out before anything is done."""
    found = []
    for name, *arguments in module.params["commands"]:
        path = module.get_bin_path(name)
        if not path:
            hint = "Install it, or let the boot loader's packages bring it."
            raise ModuleError("missing_tool", "{0} is not installed.".format(name), hint)
        found.append([str(path), *map(str, arguments)])
    return found


def use(command: List[str], seconds: int) -> None:
    """Run one command to its good end."""
    ended = run_command(command, seconds, UNTRANSLATED)
    if ended.rc == 0:
        return
    how = "did not end within {0} s".format(seconds)
    if ended.rc is not None:
        how = "failed with exit code {0}: {1}".format(ended.rc, last_words(ended.stderr))
    shown = " ".join(command)
    raise ModuleError(
        "boot_tool_failed",
        "{0} {1}; the boot loader's files are as they were.".format(shown, how.rstrip(".")),
        "Run it by hand and repair what it complains about.",
    )


def contents(paths: List[str]) -> Dict[str, bytes]:
    """Return what files hold."""
    found = {}
    for path in paths:
        with open(path, "rb") as stream:
            found[path] = stream.read()
    return found


def check_entries(module: AnsibleModule, before: Dict[str, bytes]) -> None:
    """Refuse entries with which the machine could not boot as before, or would not reserve what is wanted."""
    tools = ", ".join(command[0] for command in module.params["commands"])
    lost = loss(before, contents(matching(module.params["entries"] or module.params["files"])))
    if lost:
        raise ModuleError(
            "boot_entry_lost",
            "{0} {1}; the boot loader's files are as they were.".format(tools, lost),
            "Run it by hand and read what it prints.",
        )
    wrong = wrong_words(module)
    if wrong:
        raise ModuleError(
            "boot_entry_wrong",
            "{0} left {1}; the boot loader's files are as they were.".format(tools, wrong),
            "Look for what else decides the command line there.",
        )


def wrong_words(module: AnsibleModule) -> str:
    """Return what entries ask for instead of what is wanted; empty if they all ask for that."""
    wanted = module.params["words"]
    if wanted is None:
        return ""
    for pattern in module.params["holding"] or module.params["entries"] or module.params["files"]:
        found = contents(matching([pattern]))
        if not found:
            return "no file {0}".format(pattern)
        for path, content in found.items():
            if words(content) != set(wanted):
                asked = " ".join(sorted(words(content))) or "no crashkernel="
                return "{0} with {1} and not {2}".format(path, asked, " ".join(wanted) or "none")
    return ""


def diff_of(kept: Kept, path: str) -> Dict[str, str]:
    """Return one file's change as `--diff` prints it."""
    before, after = kept.content(path), contents(matching([path])).get(path, b"")
    if before.startswith(PORTABLE_EXECUTABLE) or after.startswith(PORTABLE_EXECUTABLE):
        return {"prepared": "Binary files {0} differ\n".format(path)}
    old, new = [text.decode("utf-8", "backslashreplace").splitlines(True) for text in (before, after)]
    return {"prepared": "--- {0}\n+++ {0}\n{1}".format(path, "".join(hunks(old, new)))}


def make(module: AnsibleModule) -> Dict[str, Any]:
    """Run the tool with the files kept."""
    commands = find_tools(module)
    kept = Kept(module.params["root"], module.params["files"])
    kept.recover()
    kept.keep()
    try:
        before = contents(matching(module.params["entries"] or module.params["files"]))
        for command in commands:
            use(command, module.params["timeout"])
        check_entries(module, before)
        paths = kept.changed()
        shown = [diff_of(kept, path) for path in paths]
    except BaseException:
        kept.put_back()
        raise
    kept.forget()
    note("made {0} with {1}".format(path, commands[0][0]) for path in paths)
    return {"changed": bool(paths), "paths": paths, "diff": shown}


def work(module: AnsibleModule) -> Dict[str, Any]:
    """Do it and return the result."""
    started = time.time()
    if module.check_mode:
        shown = "; ".join(" ".join(map(str, command)) for command in module.params["commands"])
        text = "{0} would be run; check mode did not try it.".format(shown)
        return {"changed": True, "paths": [], "diff": [], "seconds": 0.0, "note": text}
    result = make(module)
    result["seconds"] = round(time.time() - started, 2)
    return result


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, work, list(ARGUMENTS))


if __name__ == "__main__":
    main()
