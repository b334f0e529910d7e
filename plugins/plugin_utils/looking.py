# SPDX-License-Identifier: MIT
"""Runs files of the library on a host: piped as text to its Python, in one round trip, also in check mode."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.path import unfrackpath
from ansible_collections.kdump.enabler.plugins.plugin_utils.library import library

# RHEL 8's own Python is not on PATH; elsewhere python3 is.
FIND_PYTHON = "P=/usr/libexec/platform-python; [ -x $P ] || P=python3; exec $P"
# With nothing but its standard library: not what the host's environment or working directory has. Byte code that root's
# Python keeps would be a change.
ALONE = "-BIS -"
TIMEOUT = 120  # seconds; an emulated machine beside others takes 20
# The connection that a look makes is shared by the tasks after it: one that its host has left ends after two minutes.
KEEP_ALIVE = "-o ServerAliveInterval=15 -o ServerAliveCountMax=8"
# What surrounds the wait for a host: where looks share a process, others have their turn (fleet/asking.py).
waiting: Callable[[], AbstractContextManager[None]] = nullcontext

VIA_SSH = "Failed to connect to the host via ssh:"  # as Ansible says it, so that reaching.py knows it


class _TimedOutError(BaseException):
    """No Exception, which the ssh connection would take for a reason to try again."""


def look(action: ActionBase, task_vars: dict[str, Any]) -> Any:
    """The evidence of the action's host, see answer()."""
    return library("evidence").load(answer(action, task_vars))


def answer(action: ActionBase, task_vars: dict[str, Any]) -> str:
    """What the probe says on the action's host. Raises AnsibleActionFail with one sentence when it says nothing. A host
    that has not answered after kdump_host_timeout seconds is given up; 0 waits for ever."""
    seconds = _seconds(action._templar.template(task_vars.get("kdump_host_timeout", TIMEOUT)))
    notice_a_dead_host(action, KEEP_ALIVE)
    try:
        with _at_most(seconds):
            return ask(action, task_vars, "probe")
    except _TimedOutError:
        answered = _has_answered(action)
        _end_children()
        if not answered:
            raise AnsibleConnectionFailure(f"{VIA_SSH} it did not answer within {seconds} seconds") from None
        raise AnsibleActionFail(f"Timed out after {seconds} second(s)") from None


def _seconds(value: Any) -> int:
    try:
        seconds = int(value)
    except (TypeError, ValueError):
        seconds = -1
    if seconds < 0:
        said = f"kdump_host_timeout: {value!r} is no number of seconds"
        raise library("errors").UserError(said, "Give a whole number; 0 waits for ever.")
    return seconds


def _has_answered(action: ActionBase) -> bool:
    """Whether the host let ssh in: the connection that tasks share has its socket then (ControlPath of ssh_config(5)).
    Of other connections nobody can tell."""
    path, folder = (getattr(action._connection, name, None) for name in ("control_path", "control_path_dir"))
    return not path or Path(str(path) % {"directory": unfrackpath(folder)}).exists()


def note(task_vars: dict[str, Any], **registered: Any) -> None:
    """Keep what a task is about to register, for a run that is cut off; only where the command asks for it."""
    path = task_vars.get("kdump_looks_path")
    if path:
        library("fleet.partial").note(str(path), task_vars["inventory_hostname"], **registered)


def notice_a_dead_host(action: ActionBase, options: str) -> None:
    """Let ssh give up on a connection that the host has left; other connections have no such option."""
    with contextlib.suppress(KeyError, AnsibleError):
        given = action._connection.get_option("ssh_extra_args") or ""
        action._connection.set_option("ssh_extra_args", f"{given} {options}".strip())


@contextlib.contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    """Raise _TimedOutError when the block takes longer. A time-out that the task has of its own stays the only one."""
    if seconds and threading.current_thread() is not threading.main_thread():
        with _ended_after(seconds):
            yield
        return
    if not seconds or signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return

    def give_up(*_: object) -> None:
        raise _TimedOutError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _ended_after(seconds: int) -> Iterator[None]:
    """The same for a thread, which no signal interrupts: its ssh is ended, and what follows is the time-out."""
    late, here = threading.Event(), threading.get_native_id()

    def give_up() -> None:
        late.set()
        _end_children(here)

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception:
        if late.is_set():
            raise _TimedOutError from None
        raise
    finally:
        timer.cancel()


def _end_children(thread: int | None = None) -> None:
    """End the ssh of this worker, which still waits for the host; without a /proc it stays until the host lets go."""
    for child in _children(os.getpid(), thread or os.getpid()):
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGTERM)


def _children(process: int, thread: int) -> list[int]:
    """The processes that a thread started, and what these did: any of them may hold the pipe that is read."""
    with contextlib.suppress(OSError):
        first = Path(f"/proc/{process}/task/{thread}/children").read_text(encoding="ascii").split()
        return [one for child in map(int, first) for one in (child, *_children(child, child))]
    return []


def ask(action: ActionBase, task_vars: dict[str, Any], name: str, *arguments: str) -> str:
    """What a module or a package of the library prints on the action's host: the line of JSON that begins with its
    schema. Raises AnsibleActionFail with one sentence when there is none."""
    source = library("piped").program(Path(str(library(name).__file__)))
    command = " ".join([_python(action, task_vars), *map(shlex.quote, arguments)])
    with _others_work(action._connection):
        answer = action._low_level_execute_command(command, in_data=source, sudoable=True)
    output = next((line for line in answer["stdout_lines"] if line.startswith('{"schema"')), None)
    if output is None:
        lines = (answer["stderr"] or answer["stdout"]).strip().splitlines()
        said = f": {lines[-1]}" if lines else ""
        raise AnsibleActionFail(f"The {name} did not run (exit status {answer['rc']}){said}")
    return str(output)


@contextlib.contextmanager
def _others_work(connection: Any) -> Iterator[None]:
    """While the connection waits for its host, and not before or after that."""
    execute = connection.exec_command

    def patiently(*arguments: Any, **options: Any) -> Any:
        with waiting():
            return execute(*arguments, **options)

    connection.exec_command = patiently
    try:
        yield
    finally:
        connection.exec_command = execute


def _python(action: ActionBase, task_vars: dict[str, Any]) -> str:
    delegated = task_vars.get("ansible_delegated_vars", {}).get(action._task.delegate_to)
    interpreter = str(action._templar.template((delegated or task_vars).get("ansible_python_interpreter", "auto")))
    return f"{FIND_PYTHON if interpreter.startswith('auto') else interpreter} {ALONE}"
