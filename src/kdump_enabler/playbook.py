"""Runs a playbook of the collection and turns what it prints into events and a result."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from . import partial, reaching
from .errors import UserError
from .report.document import LOST, LOST_AT

FAILED = "failed on "
ANSIBLE_DEFAULT = "~/.ansible/collections:/usr/share/ansible/collections"
REASONS = (FAILED, "[ERROR]:", "ERROR!", "ansible-playbook: error:")
CHANGING = ("enable", "reboot", "rollback", "disable")
# Whose first look and last one tell all that is to be told of a host.
TOLD_BY_LOOKS = ("check", *CHANGING)
# Ansible then leaves out what comes after the play, which is the report.
ALL_LOST = "The connections to all hosts that were worked on broke, so the run ended there"
MOMENT = 3  # seconds in which Ansible ends by itself when Ctrl-C in the terminal reached it, too


class Watcher(Protocol):
    """Who shows the progress of a run."""

    def __call__(self, event: Mapping[str, Any]) -> None:
        """One event of the `kdump.enabler.events` callback."""


Watching = Callable[[], AbstractContextManager[Watcher]]


@dataclass(frozen=True)
class Run:
    """What to run: `inventory` null stands for this machine; `arguments` are further words for ansible-playbook;
    verbose prints what Ansible says beside its events."""

    playbook: str
    inventory: str | None
    variables: Mapping[str, Any]
    arguments: Sequence[str] = ()
    verbose: bool = False


@dataclass
class Seen:
    """What the events of a run tell: the hosts that it is for, those that it changed, and those that could not be
    reached, with the step and the message."""

    names: list[str] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    unreachable: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __call__(self, event: Mapping[str, Any]) -> None:
        """One event; the hosts are those of the first play, as the last one makes the report."""
        if event["event"] == "play":
            self.names = self.names or list(event.get("names", ()))
        elif event["event"] == "ok" and event.get("changed"):
            self.changed.add(event["host"])
        elif event["event"] == "unreachable":
            self.unreachable[event["host"]] = event["task"].rpartition(" : ")[2], event["message"]


def run(what: Run, watching: Watching) -> dict[str, Any]:
    """The result document of a run; of one that was cut off (Ctrl-C, Ansible's end) what it had found, with a mark.
    `watching` is called once Ansible is starting, which takes it a while. Raises UserError when Ansible ended without
    anything."""
    seen = Seen()
    return _with_changes(_run(what, watching, seen), what, seen.changed)


def _run(what: Run, watching: Watching, seen: Seen) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="kdump-enabler-") as folder:
        path, looks = Path(folder, "result.json"), Path(folder, "looks")
        try:
            output = _play(what, {"kdump_result_path": str(path), "kdump_looks_path": str(looks)}, watching, seen)
        except KeyboardInterrupt:
            if what.playbook not in TOLD_BY_LOOKS or not seen.names:
                raise
            return _cut_off(looks, seen, "Interrupted")
        if what.verbose:
            sys.stderr.writelines(f"{line}\n" for line in output)
        if not path.exists():
            error = UserError(_last_words(output), "Run it again with --verbose to see what Ansible says.")
            if what.playbook not in TOLD_BY_LOOKS or not looks.exists():
                raise error
            told = any(line.startswith(REASONS) for line in output)
            return _cut_off(looks, seen, str(error).rstrip(".") if told or not seen.unreachable else ALL_LOST)
        result = partial.completed(json.loads(path.read_text(encoding="utf-8")), seen.names, looks)
        return _with_reasons(result, seen)


def _cut_off(looks: Path, seen: Seen, why: str) -> dict[str, Any]:
    messages = {host: message for host, (_, message) in seen.unreachable.items()}
    return _with_reasons(partial.result(seen.names, partial.noted(looks), messages, why), seen)


def _with_changes(result: dict[str, Any], what: Run, changed: Collection[str]) -> dict[str, Any]:
    """The result, which says of a run that was to change hosts which of them it has changed."""
    if what.playbook in CHANGING and "--check" not in what.arguments:
        result["changed"] = [host["host"] for host in result["hosts"] if host["host"] in changed]
    return result


def _with_reasons(result: dict[str, Any], seen: Seen) -> dict[str, Any]:
    """The result, in which a host that was lost on the way has the step and what its connection said."""
    for host in result["hosts"]:
        if host["reason"] in (LOST, partial.IN_THE_MIDDLE) and host["host"] in seen.unreachable:
            step, message = seen.unreachable[host["host"]]
            host["reason"] = LOST_AT.format(step=step, why=reaching.reason(message).partition("; ")[0])
    return result


def _play(what: Run, variables: Mapping[str, str], watching: Watching, seen: Seen) -> list[str]:
    """Run to the end, hand each event on, return the other lines."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    process = subprocess.Popen(
        _command(what, variables), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=_environment()
    )
    try:
        with watching() as watch:

            def tell(event: Mapping[str, Any]) -> None:
                seen(event)
                watch(event)

            return [line for line in _lines(process, tell) if line]
    except KeyboardInterrupt:
        _end(process, seen, 0 if _begins_with_looks(what) else MOMENT)
        raise
    finally:
        process.wait()


def _end(process: subprocess.Popen[str], watch: Watcher, seconds: int) -> None:
    """Let Ansible end. Ctrl-C in a terminal has reached it already, and a second one would keep it from ending what it
    started, so it has some seconds. What it still says is read, as it would wait for that."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    for _ in _lines(process, watch):
        pass


def _interrupt(*_: object) -> None:
    """End as at Ctrl-C, so that Ansible does not go on behind our back. A package manager that it started on a host
    does; no run begins there until that has ended."""
    raise KeyboardInterrupt


def _lines(process: subprocess.Popen[str], watch: Watcher) -> Iterator[str]:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    for line in process.stdout:
        event = _event(line)
        if event is None:
            yield line.strip()
            continue
        watch(event)
        if event["event"] in ("failed", "error"):
            yield f"{FAILED}{event['host']}: {event['message']}"


def _event(line: str) -> dict[str, Any] | None:
    """The event that a line tells; null for any other line, also for one that Ansible's end cut off."""
    try:
        found: dict[str, Any] | None = json.loads(line) if line.startswith('{"event"') else None
    except ValueError:
        return None
    return found


def _command(what: Run, given: Mapping[str, str]) -> list[str]:
    variables = {**what.variables, **given}
    here = ["-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]
    return [
        *_program(what),
        f"kdump.enabler.{what.playbook}",
        *(["-i", what.inventory] if what.inventory else here),
        "-e",
        json.dumps(variables),
        *what.arguments,
    ]


def _program(what: Run) -> list[str]:
    """What takes the playbook: fleet_look.py, where Ansible is part of this Python."""
    found = _executable()
    ours = _begins_with_looks(what) and Path(found).parent == Path(sys.executable).parent
    return [sys.executable, "-m", f"{__package__}.fleet_look", found] if ours else [found]


def _begins_with_looks(what: Run) -> bool:
    """Whether the run is a look at all hosts, after which those that are as they should be are done."""
    looks = ("check", "enable") if what.variables.get("kdump_reboot", "never") == "never" else ("check",)
    return what.inventory is not None and what.playbook in looks


def hosts_of(inventory: str) -> list[str]:
    """The hosts of an inventory. Raises UserError where Ansible cannot read it."""
    command = [_executable("ansible-inventory"), "-i", inventory, "--list"]
    ended = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False)
    if ended.returncode or not (Path(inventory).exists() or "," in inventory):
        raise UserError(
            f"Ansible cannot read the inventory {inventory}", f"Type: ansible-inventory -i {inventory} --list"
        )
    groups = json.loads(ended.stdout)
    return list(dict.fromkeys(host for group in groups.values() for host in group.get("hosts", ())))


def _executable(name: str = "ansible-playbook") -> str:
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        raise UserError(f"{name} could not be started: it is not installed", "pip install ansible-core")
    return found


def _environment() -> dict[str, str]:
    elsewhere = os.environ.get("ANSIBLE_COLLECTIONS_PATH", ANSIBLE_DEFAULT)
    return os.environ | {
        "ANSIBLE_COLLECTIONS_PATH": f"{_own_collections()}:{elsewhere}",
        "ANSIBLE_STDOUT_CALLBACK": "kdump.enabler.events",
        "ANSIBLE_NOCOLOR": "1",
        # Hosts that are left out without a word would count as looked at.
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
        "ANSIBLE_PIPELINING": os.environ.get("ANSIBLE_PIPELINING", "1"),
        "PYTHONWARNINGS": "ignore",
    }


def _own_collections() -> Path:
    """The folder of the collection that belongs to this package, installed beside it or in the clone: another
    version in the user's home must not carry out what this one decides."""
    package = Path(__file__).resolve().parent
    places = (package.parent, package.parents[1] / "ansible" / "collections")
    found = next((place for place in places if (place / "ansible_collections/kdump/enabler").is_dir()), None)
    if found is None:
        raise UserError("The Ansible collection of this package is missing", "Install kdump-enabler again with pip.")
    return found


def _last_words(output: list[str]) -> str:
    """Ansible's own reason, without its prefix."""
    errors = [line for line in output if line.startswith(REASONS)]
    line = (errors or output or ["it printed nothing"])[0]
    for prefix in REASONS:
        line = line.removeprefix(prefix)
    return f"Ansible ended without a result: {line.strip()}"
