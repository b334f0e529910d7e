"""A machine of a test, driven as users do: by the command, over its inventory, and asked by others what came out."""

from __future__ import annotations

import base64
import io
import json
import shlex
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

GRUB_CFG = "/boot/grub/grub.cfg"
CONFIG = "/etc/default/kdump-tools"  # gets a word for the capture kernel's command line
OWN = "/var/lib/kdump-enabler/"  # the backup sets, which every run keeps and no diff shows
Files = Mapping[str, bytes]
# A path with its content before and after; null for none.
Changes = dict[str, tuple[bytes | None, bytes | None]]


class Machine(Protocol):
    """A virtual machine or a container."""

    def ssh(
        self, command: str, user: str = "root", check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command in it."""


class Driven:
    """One machine with the inventory that reaches it; each method raises AssertionError with what it saw instead."""

    places = "etc boot/grub var/lib/kdump-enabler"  # what a run may change

    def __init__(self, machine: Machine, inventory: Path, say: Callable[[str], None] = print) -> None:
        self.machine = machine
        self.inventory = inventory
        self.say = say

    def run(self, *words: str | Path, expect: int, quiet: bool = False) -> str:
        """Run kdump-enabler as a user does; returns what it printed, and shows it unless quiet."""
        self.say(f"[$] kdump-enabler {shlex.join(str(word) for word in words)}")
        command = [Path(sys.executable).with_name("kdump-enabler"), *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if not quiet:
                self.say(line.rstrip("\n"))
        assert process.wait() == expect, f"exit status {process.returncode}, not {expect}:\n{''.join(lines)}"
        return "".join(lines)

    def check(self, expect: int) -> dict[str, Any]:
        """The machine's record; the table is shown too."""
        self.run("check", "-i", self.inventory, expect=expect)
        return self.record(self.run("check", "-i", self.inventory, "--format", "json", expect=expect, quiet=True))

    def record(self, output: str) -> dict[str, Any]:
        """The one host of a JSON result."""
        (host,) = json.loads(output)["hosts"]
        assert isinstance(host, dict)
        return host

    def converged(self) -> None:
        """A second enable changes no file and costs one remote execution."""
        before = self.tree()
        output = self.run("enable", "-i", self.inventory, "-y", "--verbose", "--", "-vvv", expect=0, quiet=True)
        assert self.tree() == before
        trips = output.count("SSH: EXEC")
        assert trips == 1, f"{trips} remote executions"
        self.say("second enable: no file changed, 1 remote execution")

    def cat(self, path: str) -> str:
        """The text of a file of the machine."""
        return self.machine.ssh(f"cat {path}").stdout.strip()

    def sourced(self, variable: str) -> str:
        """A GRUB default as the shell that grub-mkconfig is sees it."""
        script = f'. /etc/default/grub; for f in /etc/default/grub.d/*.cfg; do . "$f"; done; echo "${variable}"'
        return self.machine.ssh(script).stdout.strip()

    def files(self) -> Files:
        """Every file below `places` with its content; a link's is where it leads."""
        script = f"tar -C / -cz --ignore-failed-read {self.places} 2>/dev/null | base64 -w0"
        data = base64.b64decode(self.machine.ssh(script).stdout)
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            return dict(_entries(archive))

    def unit(self, name: str) -> dict[str, str]:
        """What systemd says of a unit: whether it runs at boot, and which start of it this is."""
        text = self.machine.ssh(f"systemctl show {name} -p UnitFileState -p InvocationID").stdout
        return dict(line.split("=", 1) for line in text.splitlines())

    def ours(self) -> Iterable[str]:
        """The files that enabling a plain machine writes."""
        return (
            "/etc/default/grub.d/zz-kdump-enabler.cfg",
            "/etc/sysctl.d/zz-kdump-enabler-sysrq.conf",
            "/etc/sysctl.d/zz-kdump-enabler.conf",
            "/etc/systemd/system/kdump-tools-dump.service.d/zz-kdump-enabler.conf",
        )

    def tree(self) -> str:
        """Mode, time and size of everything that a run could touch."""
        places = "/etc /boot /var/lib/kdump /var/lib/kdump-enabler /var/lib/dpkg/status"
        return self.machine.ssh(
            f"find {places} -type f -printf '%p %m %T@ %s\\n' 2>/dev/null | sort", timeout=60
        ).stdout


def ids(host: dict[str, Any]) -> set[str]:
    """The findings of a host."""
    return {finding["id"] for finding in host["findings"]}


def difference(before: Files, after: Files) -> Changes:
    """What changed between two looks."""
    paths = before.keys() | after.keys()
    return {path: (before.get(path), after.get(path)) for path in paths if before.get(path) != after.get(path)}


def _entries(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for entry in archive:
        if entry.issym():
            yield f"/{entry.name}", f"-> {entry.linkname}".encode()
        elif stream := archive.extractfile(entry):
            yield f"/{entry.name}", stream.read()
