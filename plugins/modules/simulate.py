#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Makes kernel trouble on this host on purpose."""

DOCUMENTATION = r"""
module: simulate
short_description: Lockups, stalls, hung tasks, oopses and lack of memory on purpose
version_added: 0.2.0
description:
  - Three steps. V(prepared) makes a private directory in memory and, where the trigger is our module, builds it there
    from O(source); that fails before anything is touched.
  - V(begun) keeps O(note), puts O(id) into the kernel log as M(kdump.enabler.crash) does, and leaves a process behind
    that begins a few seconds after the module has ended, so that the answer reaches the controller. When the trouble
    is over without a panic that process writes C(ended) into the directory.
  - V(removed) removes the directory, after a panic there is none.
options:
  state:
    description: The step.
    type: str
    choices: [prepared, begun, removed]
    required: true
  trigger:
    description: What to run, as M(kdump.enabler.audit) gives it.
    type: dict
    default: {}
  source:
    description: The files of the module, by name; the action puts them there.
    type: dict
    default: {}
  directory:
    description: What V(prepared) made.
    type: str
    default: ""
  note:
    description: What to keep of it; it gets O(id).
    type: dict
    default: {}
  id:
    description: A word that nobody else puts into the kernel log.
    type: str
    default: ""
  root:
    description: Where the note is kept.
    type: path
    default: /var/lib/kdump-enabler
  place:
    description: Where the directory is made, in memory, so that a panic removes it.
    type: path
    default: /run
  kernel_log:
    description: The kernel's log.
    type: path
    default: /dev/kmsg
  sysrq_trigger:
    description: Where the crash key is pressed.
    type: path
    default: /proc/sysrq-trigger
attributes:
  check_mode:
    description: Does nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
author:
  - The kdump-enabler developers
"""

EXAMPLES = r"""
- name: Build what makes it
  kdump.enabler.simulate:
    state: prepared
    trigger: "{{ kdump_audit.trigger }}"
"""

RETURN = r"""
directory:
  description: The private directory.
  returned: state is prepared
  type: str
note:
  description: What is kept of it, with C(boot_id), the boot that it happens in.
  returned: state is begun
  type: dict
said:
  description: What the program said that loaded the module, or why memory could not be taken; empty for nothing.
  returned: state is removed
  type: str
kind:
  description: Why it failed, V(build), V(io_error), V(no_space) or V(bad_arguments).
  returned: failure
  type: str
hint:
  description: What to do about it.
  returned: failure
  type: str
"""

import ctypes
import mmap
import os
import re
import shutil
import subprocess
import tempfile
import time
from typing import Any, Dict, List

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.failures import ModuleError, run
from ..module_utils.proofs import keep_note
from ..module_utils.runs import DEFAULT_ROOT, boot_id

DELAY = 3  # seconds, for the answer to reach the controller
# KERN_ALERT, so that it is on the console whatever the log level there is. The first line is that of the module crash,
# by which dumps are known to be on purpose.
LOG_LINE = "<1>kdump-enabler: crash on purpose, {0}\n"
BEGINS = "<1>kdump-enabler: begins {0}, {1}\n"
ENDED = "ended"
PREFIX = "kdump-enabler-simulate-"
DIRECTORY = re.compile(re.escape(PREFIX) + r"\w+", re.ASCII)
BUILD_SECONDS = 600
MODULE = "kdump_simulate"
CHUNK = 16 << 20  # bytes taken at a time
LIMIT = 64 << 20  # bytes, of the cgroup that is to run out of memory
UNIFIED = "/sys/fs/cgroup"
MEMORY = "/sys/fs/cgroup/memory"  # the controller of version 1
MCL_CURRENT_FUTURE = 1 | 2  # mlockall(2)
ARGUMENTS = {
    "state": {"type": "str", "choices": ["prepared", "begun", "removed"], "required": True},
    "trigger": {"type": "dict", "default": {}},
    "source": {"type": "dict", "default": {}},
    "directory": {"type": "str", "default": ""},
    "note": {"type": "dict", "default": {}},
    "id": {"type": "str", "default": ""},
    "root": {"type": "path", "default": DEFAULT_ROOT},
    "place": {"type": "path", "default": "/run"},
    "kernel_log": {"type": "path", "default": "/dev/kmsg"},
    "sysrq_trigger": {"type": "path", "default": "/proc/sysrq-trigger"},
}


def write(path: str, text: str) -> None:
    """Write a small file, or into one of the kernel's."""
    with open(path, "w") as stream:
        stream.write(text)


def build(directory: str, source: Dict[str, str]) -> None:
    """Build our module in the directory, with the headers of the running kernel."""
    for name, text in source.items():
        write(os.path.join(directory, name), text)
    headers = "/lib/modules/{0}/build".format(os.uname().release)
    argv = ["make", "-C", headers, "M=" + directory, "modules"]
    try:
        ended = subprocess.run(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=BUILD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise ModuleError("build", "It was not built in {0} s.".format(BUILD_SECONDS), "Look at the load.") from late
    if ended.returncode != 0:
        lines = ended.stdout.decode("utf-8", "replace").splitlines()
        telling = [line for line in lines if re.search(r"error|No such file|not found|\*\*\*", line)] or lines[-1:]
        raise ModuleError(
            "build",
            "The module could not be built against {0}: {1}".format(headers, " ".join(telling[:1])),
            "Install the headers of the running kernel, make and its compiler.",
        )


def command(trigger: Dict[str, Any], directory: str) -> List[str]:
    """What loads the module."""
    if trigger["how"] == "test_lockup":
        loader = ["modprobe", "test_lockup"]
    else:
        loader = ["insmod", os.path.join(directory, MODULE + ".ko")]
    loader.extend(trigger["parameters"])
    return loader


def load(trigger: Dict[str, Any], directory: str) -> str:
    """Load the module, which returns when all is over; EAGAIN is how both modules end."""
    if trigger["cpu"] is not None:
        os.sched_setaffinity(0, {trigger["cpu"]})
    ended = subprocess.run(command(trigger, directory), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = ended.stdout.decode("utf-8", "replace").strip()
    return "" if os.strerror(11) in said else said


def leave_session(group: str) -> None:
    """Go into a cgroup: the root one has no limit, and no login's end reaches it."""
    for path in (os.path.join(UNIFIED, group), os.path.join(MEMORY, group)):
        try:
            write(os.path.join(path, "cgroup.procs"), "0")
        except OSError:
            continue


def make_cgroup(name: str) -> str:
    """A cgroup with little memory and no swap."""
    if os.path.exists(os.path.join(UNIFIED, "cgroup.controllers")):
        path = os.path.join(UNIFIED, name)
        write(os.path.join(UNIFIED, "cgroup.subtree_control"), "+memory")
        limits = {"memory.max": LIMIT, "memory.swap.max": 0}
    else:
        path = os.path.join(MEMORY, name)
        limits = {"memory.limit_in_bytes": LIMIT, "memory.swappiness": 0}
    os.mkdir(path)
    for limit, value in limits.items():
        # Without swap accounting there is no file for it.
        if os.path.exists(os.path.join(path, limit)):
            write(os.path.join(path, limit), str(value))
    return path


def take_memory(seconds: int) -> None:
    """Take memory until there is none, or until the time is over. Swap does not help: what is taken is locked."""
    write("/proc/self/oom_score_adj", "1000")  # if anybody is killed, then this process
    ctypes.CDLL(None).mlockall(MCL_CURRENT_FUTURE)
    taken, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        area = mmap.mmap(-1, CHUNK, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for page in range(0, CHUNK, mmap.PAGESIZE):
            area[page] = 1
        taken.append(area)


def run_out_of_memory(trigger: Dict[str, Any]) -> str:
    """Let a child take memory, in a cgroup of its own for memcg-oom; what it ended with."""
    own = "kdump-simulate-{0}".format(os.getpid()) if trigger["how"] == "memcg-oom" else ""
    path = make_cgroup(own) if own else ""
    child = os.fork()
    if child == 0:
        try:
            leave_session(own)
            take_memory(trigger["seconds"])
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    if path:
        time.sleep(1)  # until the kernel has taken it out of the cgroup
        os.rmdir(path)
    return "" if os.WIFSIGNALED(status) else "it could not take memory until there was none"


def make_trouble(asked: Dict[str, Any]) -> str:
    """What is asked for; returns when it is over, with what went wrong."""
    how = asked["trigger"]["how"]
    if how == "sysrq":
        write(asked["sysrq_trigger"], "c")
        return ""
    if how in ("oom", "memcg-oom"):
        return run_out_of_memory(asked["trigger"])
    return load(asked["trigger"], asked["directory"])


def begin_later(asked: Dict[str, Any]) -> None:
    """Leave a process behind that does it."""
    if os.fork():
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    leave_session("")
    time.sleep(DELAY)
    write(asked["kernel_log"], BEGINS.format(asked["trigger"]["how"], asked["id"]))
    try:
        said = make_trouble(asked)
    except OSError as error:
        said = str(error)
    end(asked["directory"], said)
    os._exit(0)


def end(directory: str, said: str) -> None:
    """Leave nothing but the word that it is over, also where nobody comes to remove the directory."""
    for entry in os.listdir(directory):
        path = os.path.join(directory, entry)
        if os.path.isdir(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    part = os.path.join(directory, "part")
    write(part, said)
    os.rename(part, os.path.join(directory, ENDED))


def prepare(asked: Dict[str, Any]) -> Dict[str, Any]:
    """The directory, with the module where that is needed."""
    directory = tempfile.mkdtemp(prefix=PREFIX, dir=asked["place"])
    try:
        if asked["trigger"]["how"] == "module":
            build(directory, asked["source"])
    except BaseException:
        shutil.rmtree(directory)
        raise
    return {"changed": False, "directory": directory}


def begin(asked: Dict[str, Any]) -> Dict[str, Any]:
    """Keep the note, mark the log, and leave the process behind."""
    note = dict(asked["note"], id=asked["id"], boot_id=boot_id(), outcome=None)
    keep_note(asked["root"], note, "simulation")
    write(asked["kernel_log"], LOG_LINE.format(asked["id"]))
    os.sync()
    begin_later(asked)
    return {"changed": True, "note": note}


def remove(asked: Dict[str, Any]) -> Dict[str, Any]:
    """The directory goes; what the process said comes back."""
    said = ""
    if os.path.exists(os.path.join(asked["directory"], ENDED)):
        with open(os.path.join(asked["directory"], ENDED)) as stream:
            said = stream.read()
    shutil.rmtree(asked["directory"], ignore_errors=True)
    return {"changed": False, "said": said}


def work(module: AnsibleModule) -> Dict[str, Any]:
    """Do it and return the result."""
    asked = module.params
    if module.check_mode:
        return {"changed": asked["state"] == "begun"}
    if asked["state"] == "prepared":
        return prepare(asked)
    above, name = os.path.split(asked["directory"])
    if above != asked["place"] or not DIRECTORY.fullmatch(name):
        raise ModuleError("bad_arguments", "The directory is none that was prepared.", "Prepare it first.")
    return begin(asked) if asked["state"] == "begun" else remove(asked)


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, work, ["state", "trigger", "directory"])


if __name__ == "__main__":
    main()
