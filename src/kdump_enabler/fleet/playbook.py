"""Runs a playbook of the collection and turns what it prints into events and a result."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from ..errors import UserError
from ..report.document import LOST, LOST_AT, document
from ..report.packing import read
from . import partial, reaching, starting
from .looks import Looks

FAILED = "failed on "
REASONS = (FAILED, "[ERROR]:", "ERROR!", "ansible-playbook: error:")
CHANGING = ("enable", "reboot", "rollback", "disable")
# Whose first look and last one tell all that is to be told of a host.
TOLD_BY_LOOKS = ("check", *CHANGING)
# Ansible then leaves out what comes after the play, which is the report.
ALL_LOST = "The connections to all hosts that were worked on broke, so the run ended there"
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
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
    """What the events of a run tell: the hosts that it is for, whether it got to them, those that it changed, and those
    that could not be reached, with the step and the message."""

    names: list[str] = field(default_factory=list)
    played: bool = False
    changed: set[str] = field(default_factory=set)
    unreachable: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __call__(self, event: Mapping[str, Any]) -> None:
        """One event; the hosts are those of the first play, as the last one makes the report."""
        if event["event"] == "play":
            self.names, self.played = self.names or list(event.get("names", ())), True
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
        path, notes = Path(folder, "result.json"), Path(folder, "looks")
        given = {"kdump_result_path": str(path), "kdump_looks_path": str(notes)}
        what = replace(what, variables={**what.variables, **given})
        for number in ENDS:
            signal.signal(number, _interrupt)
        looks = Looks(what.playbook in CHANGING)
        try:
            output = _play(what, watching, seen, looks)
        except KeyboardInterrupt:
            if what.playbook not in TOLD_BY_LOOKS or not seen.names:
                raise
            return _cut_off(looks, notes, seen, "Interrupted")
        if what.verbose:
            sys.stderr.writelines(f"{line}\n" for line in output)
        if path.exists():
            return _with_reasons(partial.completed(read(path), seen.names, looks), seen)
        if seen.played and not looks.left(seen.names) and looks.knows(seen.names):
            return document(record for _, record in looks.taken(seen.names))
        error = UserError(_last_words(output), "" if what.verbose else "--verbose shows all that Ansible says.")
        if what.playbook not in TOLD_BY_LOOKS or not seen.names:
            raise error
        told = any(line.startswith(REASONS) for line in output)
        return _cut_off(looks, notes, seen, str(error).rstrip(".") if told or not seen.unreachable else ALL_LOST)


def _cut_off(looks: Looks, notes: Path, seen: Seen, why: str) -> dict[str, Any]:
    messages = {host: message for host, (_, message) in seen.unreachable.items()}
    known = dict(looks.taken(seen.names))
    return _with_reasons(partial.result(seen.names, partial.noted(notes), messages, why, known), seen)


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


def _play(what: Run, watching: Watching, seen: Seen, looks: Looks) -> list[str]:
    """Hand each event on until the end, return the other lines. A run that begins with a look at all hosts goes on with
    those that it left."""

    def told(process: subprocess.Popen[str], patience: int) -> list[str]:
        with _ended(process, patience) as interrupted, watching() as watch:

            def take(event: Mapping[str, Any]) -> None:
                seen(event)
                judged = looks(event)
                if not interrupted.is_set():
                    watch(judged)

            looks.prepare()
            return [line for line in _lines(process, take) if line]

    if not _begins_with_looks(what):
        return told(starting.started(_command(what)), MOMENT)
    output = told(starting.asking(_command(what)), 0)
    left = looks.left(seen.names)
    if left and looks.knows(seen.names):
        output += told(starting.started([*_command(what), "-e", f"@{_told_of(what, left)}"]), MOMENT)
    return output


@contextmanager
def _ended(process: subprocess.Popen[str], patience: int) -> Iterator[threading.Event]:
    """In a `with` statement, after which the process has ended. Ctrl-C and the like only ask it to end, and set the
    event; KeyboardInterrupt is raised afterwards, so that nothing that it still says is lost. Ctrl-C in a terminal has
    reached it already, and a second one would keep Ansible from ending what it started: hence `patience`, seconds."""
    interrupted = threading.Event()

    def end(*_: object) -> None:
        interrupted.set()
        timer = threading.Timer(patience, process.send_signal, [signal.SIGINT])
        timer.daemon = True
        timer.start()

    before = {number: signal.signal(number, end) for number in ENDS}
    try:
        yield interrupted
    finally:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        process.stdout.read()  # all of it is, unless something failed here: it would wait for that for ever
        process.wait()
        for number, handler in before.items():
            signal.signal(number, handler)
    if interrupted.is_set():
        raise KeyboardInterrupt


def _told_of(what: Run, hosts: Sequence[str]) -> Path:
    """A file with these hosts as those of the playbook: there may be more than a command line takes."""
    path = Path(what.variables["kdump_looks_path"]).with_name("left.json")
    path.write_text(json.dumps({"kdump_hosts": ",".join(hosts)}), encoding="utf-8")
    return path


def _interrupt(*_: object) -> None:
    """End as at Ctrl-C, so that Ansible does not go on behind our back. A package manager that it started on a host
    does; no run begins there until that has ended."""
    raise KeyboardInterrupt


def _lines(process: subprocess.Popen[str], take: Watcher) -> Iterator[str]:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    for line in process.stdout:
        event = _event(line)
        if event is None:
            yield line.strip()
            continue
        take(event)
        if event["event"] in ("failed", "error"):
            yield f"{FAILED}{event['host']}: {event['message']}"


def _event(line: str) -> dict[str, Any] | None:
    """The event that a line tells; null for any other line, also for one that Ansible's end cut off."""
    try:
        found: dict[str, Any] | None = json.loads(line) if line.startswith('{"event"') else None
    except ValueError:
        return None
    return found


def _command(what: Run) -> list[str]:
    here = ["-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]
    return [
        starting.executable(),
        f"kdump.enabler.{what.playbook}",
        *(["-i", what.inventory] if what.inventory else here),
        "-e",
        json.dumps(dict(what.variables)),
        *what.arguments,
    ]


def _begins_with_looks(what: Run) -> bool:
    """Whether the run is a look at all hosts, after which those that are as they should be are done."""
    looks = ("check", "enable") if what.variables.get("kdump_reboot", "never") == "never" else ("check",)
    return what.inventory is not None and what.playbook in looks and starting.is_part_of_this_python()


def hosts_of(inventory: str) -> list[str]:
    """The hosts of an inventory. Raises UserError where Ansible cannot read it."""
    command = [starting.executable("ansible-inventory"), "-i", inventory, "--list"]
    ended = subprocess.run(command, capture_output=True, text=True, env=starting.environment(), check=False)
    if ended.returncode or not (Path(inventory).exists() or "," in inventory):
        raise UserError(
            f"Ansible cannot read the inventory {inventory}", f"Type: ansible-inventory -i {inventory} --list"
        )
    groups = json.loads(ended.stdout)
    return list(dict.fromkeys(host for group in groups.values() for host in group.get("hosts", ())))


def _last_words(output: list[str]) -> str:
    """Ansible's own reason, without its prefix."""
    errors = [line for line in output if line.startswith(REASONS)]
    others = [line for line in output if not line.startswith("[WARNING]")]
    told = errors or others or output or ["it printed nothing"]
    line = told[-1] if told[0].startswith("Traceback") else told[0]
    for prefix in REASONS:
        line = line.removeprefix(prefix)
    return f"Ansible ended without a result: {line.strip()}"
