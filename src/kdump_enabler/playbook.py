"""Runs a playbook of the collection and turns what it prints into events and a result."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .errors import UserError

FAILED = "failed on "
ANSIBLE_DEFAULT = "~/.ansible/collections:/usr/share/ansible/collections"
REASONS = (FAILED, "[ERROR]:", "ERROR!", "ansible-playbook: error:")


class Watcher(Protocol):
    """Who shows the progress of a run."""

    def __call__(self, event: Mapping[str, Any]) -> None:
        """One event of the `kdump.enabler.events` callback."""


@dataclass(frozen=True)
class Run:
    """What to run: `inventory` null stands for this machine; `arguments` are further words for ansible-playbook;
    verbose prints what Ansible says beside its events."""

    playbook: str
    inventory: str | None
    variables: Mapping[str, Any]
    arguments: Sequence[str] = ()
    verbose: bool = False


def run(what: Run, watch: Watcher) -> dict[str, Any]:
    """The result document of a run. Raises UserError when Ansible ended without one."""
    with tempfile.TemporaryDirectory(prefix="kdump-enabler-") as folder:
        path = Path(folder, "result.json")
        output = _play(what, path, watch)
        if what.verbose:
            sys.stderr.writelines(f"{line}\n" for line in output)
        if not path.exists():
            raise UserError(_last_words(output), "Run it again with --verbose to see what Ansible says.")
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return result


def _play(what: Run, path: Path, watch: Watcher) -> list[str]:
    """Run to the end, hand each event on, return the other lines. Ctrl-C reaches Ansible first, then us."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    process = subprocess.Popen(
        _command(what, path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=_environment()
    )
    try:
        return [line for line in _lines(process, watch) if line]
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        raise
    finally:
        process.wait()


def _interrupt(*_: object) -> None:
    """End as at Ctrl-C, so that Ansible does not go on behind our back. A package manager that it started on a host
    does; no run begins there until that has ended."""
    raise KeyboardInterrupt


def _lines(process: subprocess.Popen[str], watch: Watcher) -> Iterator[str]:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    for line in process.stdout:
        if line.startswith('{"event"'):
            event = json.loads(line)
            watch(event)
            if event["event"] in ("failed", "error"):
                yield f"{FAILED}{event['host']}: {event['message']}"
        else:
            yield line.strip()


def _command(what: Run, path: Path) -> list[str]:
    variables = {**what.variables, "kdump_result_path": str(path)}
    here = ["-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]
    return [
        _executable(),
        f"kdump.enabler.{what.playbook}",
        *(["-i", what.inventory] if what.inventory else here),
        "-e",
        json.dumps(variables),
        *what.arguments,
    ]


def _executable() -> str:
    beside = Path(sys.executable).with_name("ansible-playbook")
    found = str(beside) if beside.exists() else shutil.which("ansible-playbook")
    if not found:
        raise UserError("ansible-playbook could not be started: it is not installed", "pip install ansible-core")
    return found


def _environment() -> dict[str, str]:
    elsewhere = os.environ.get("ANSIBLE_COLLECTIONS_PATH", ANSIBLE_DEFAULT)
    return os.environ | {
        "ANSIBLE_COLLECTIONS_PATH": f"{_own_collections()}:{elsewhere}",
        "ANSIBLE_STDOUT_CALLBACK": "kdump.enabler.events",
        "ANSIBLE_NOCOLOR": "1",
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
