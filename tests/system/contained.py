"""What a run does to a container, seen from outside: its files, units, packages and settings before and after."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.container.container import Container

from .driving import GRUB_CFG, OWN, Changes, Driven, Files

COLLECTIONS = Path(__file__).resolve().parents[2] / "ansible" / "collections"
OF_UNITS = re.compile(r"/etc/systemd/system/\S+\.wants/|/etc/rc\d\.d/")  # systemctl enable calls update-rc.d, too


@dataclass(frozen=True)
class Played:
    """A run of the enable playbook: the tasks that changed something, their diffs, and the host's record."""

    tasks: frozenset[str]
    diffs: tuple[str, ...]
    record: dict[str, Any]


class Contained(Driven):
    """A container that is driven and looked at."""

    # The kernel's settings are plain files in a container.
    places = f"{Driven.places} var/lib/kdump proc/sys/kernel"

    def __init__(self, container: Container, folder: Path) -> None:
        super().__init__(container, container.inventory(folder / f"{container.name}.yml"))
        self.container = container
        self.folder = folder

    def play(self, *words: str) -> Played:
        """Run ansible-playbook kdump.enabler.enable with these words."""
        result = self.folder / "result.json"
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "kdump.enabler.enable"]
        command += ["-i", str(self.inventory), "-e", f"kdump_result_path={result}", *words]
        self.say(f"[$] ansible-playbook {' '.join(command[1:])}")
        settings = {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_STDOUT_CALLBACK": "kdump.enabler.events"}
        ended = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
        failures = [line for line in ended.stdout.splitlines() if line.startswith('{"event": "failed"')]
        assert ended.returncode == 0, "\n".join([*failures, ended.stderr])
        events = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith('{"event": "ok"')]
        changed = [event for event in events if event["changed"]]
        diffs = [one["prepared"] for event in changed for one in _listed(event["diff"]) if one.get("prepared")]
        return Played(frozenset(event["task"] for event in changed), tuple(diffs), self.record(result.read_text()))

    def packages(self) -> set[str]:
        """The packages that somebody asked for."""
        return set(self.container.ssh("apt-mark showmanual").stdout.split())

    def digest(self) -> str:
        """Every file of the system by its digest, every link, and the kernel's settings."""
        places = "/etc /boot /var/lib /proc/sys/kernel"
        script = f"find {places} -type f -exec sha256sum {{}} + -o -type l -printf '%p %l\\n' | sort"
        return self.container.ssh(script, timeout=120).stdout


def authored(changes: Changes) -> Changes:
    """The changes that a diff must show: not our own backups, not what is generated, not what enabling a unit links."""
    return {
        path: change
        for path, change in changes.items()
        if path != GRUB_CFG and not path.startswith(OWN) and not OF_UNITS.match(path)
    }


def predicted(diffs: Sequence[str], before: Files) -> Changes:
    """What the printed diffs say, carried out on the files from before by patch(1)."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path in (path for path in before if any(f"--- {path}\n" in diff for diff in diffs)):
            (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
            (root / path[1:]).write_bytes(before[path])
        subprocess.run(
            ["patch", "--strip=1", "--quiet", "--fuzz=0", f"--directory={folder}"],
            input="".join(diffs).encode(),
            check=True,
        )
        after = {f"/{path.relative_to(root)}": path.read_bytes() for path in root.rglob("*") if path.is_file()}
    names = after.keys() | {path for path in before if any(f"--- {path}\n" in diff for diff in diffs)}
    return {path: (before.get(path), after.get(path)) for path in names}


def steps(host: Contained, changes: Changes, units: Mapping[str, Mapping[str, str]]) -> set[str]:
    """The plan's steps that these changes amount to; `units` are from before."""
    found = {f"write file {path}" for path in authored(changes) if not path.startswith("/proc/")}
    found |= {"regenerate grub.cfg"} if GRUB_CFG in changes else set()
    for path, (_, after) in changes.items():
        if path.startswith("/proc/sys/"):
            key = path.removeprefix("/proc/sys/").replace("/", ".")
            found.add(f"set now {key} = {(after or b'').decode().strip()}")
    for name, old in units.items():
        new = host.unit(name)
        found |= {f"enable unit {name}"} if new["UnitFileState"] != old["UnitFileState"] else set()
        found |= {f"restart unit {name}"} if new["InvocationID"] != old["InvocationID"] else set()
    return found


def _listed(diff: Any) -> list[dict[str, str]]:
    return diff if isinstance(diff, list) else [diff or {}]
