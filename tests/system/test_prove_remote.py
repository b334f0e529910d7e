"""A dump that the capture kernel sends to another machine over SSH: nobody can see beforehand whether it would arrive.

The server is a container. QEMU's user network lets the machine reach whatever the one that runs it reaches.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.container.container import Container, unused_name
from tests.vm.machine import Machine
from tests.vm.patience import factor

from . import readers
from .driving import Driven, ids

pytestmark = [pytest.mark.system, pytest.mark.long]
PROOF = "/var/lib/kdump-enabler/proof.json"
CRASH_SECONDS = 300
KEY = "/root/.ssh/kdump_id_rsa"
SETTINGS = "/etc/default/kdump-tools"
PYTHON = "/usr/local/bin/python-of-the-machine"  # the server has none of this name


@dataclass(frozen=True)
class Pair:
    """A machine whose dumps go to a server, and the inventory that has both."""

    host: Driven
    machine: Machine
    server: Container

    def run(self, *words: str | Path, expect: int, quiet: bool = False) -> str:
        """Run kdump-enabler for the machine."""
        words = (words[0], "-i", self.host.inventory, "--limit", self.machine.name, *words[1:])
        return self.host.run(*words, expect=expect, quiet=quiet)

    def check(self, expect: int) -> dict[str, Any]:
        """The machine's record; the table is shown too."""
        self.run("check", expect=expect)
        return self.host.record(self.run("check", "--format", "json", expect=expect, quiet=True))

    def dumps(self) -> list[str]:
        """The dumps on the server, as others see them."""
        return self.server.ssh("find /var/crash -type f -name 'dump*'").stdout.split()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """A machine that is ready, and then told to send its dumps to the server, as its administrator would."""
    folder = tmp_path_factory.mktemp("remote")
    inventory = folder / "hosts"
    inventory.mkdir()
    with Container(unused_name("dump-server")) as server, Machine(unused_name("remote")) as machine:
        server.login.write_inventory(inventory / "server.yml", user="ops")
        machine.ssh(f"ln -s /usr/bin/python3 {PYTHON}")
        own = {"ansible_python_interpreter": PYTHON, "kdump_dump_server": server.name}
        machine.login.write_inventory(inventory / "machine.yml", **own)
        found = Pair(Driven(machine, inventory), machine, server)
        found.run("enable", "-y", "--reboot", "if-needed", expect=0, quiet=True)
        machine.wait_until_idle()
        send_to(server, machine)
        yield found


def send_to(server: Container, machine: Machine) -> None:
    """What `kdump-config propagate` does where the server takes a password, and the setting."""
    server.ssh("install -d -o ops -m 0700 /var/crash")
    address = server.login.address
    machine.ssh(f"ssh-keygen -q -t rsa -N '' -f {KEY} && ssh-keyscan {address} > /root/.ssh/known_hosts 2> /dev/null")
    public = machine.ssh(f"cat {KEY}.pub").stdout.strip()
    server.ssh(f"echo '{public}' >> ~ops/.ssh/authorized_keys")
    machine.ssh(f"echo 'SSH=\"ops@{address}\"' >> {SETTINGS}; ssh -o BatchMode=yes -i {KEY} ops@{address} true")


def test_dump_on_a_server_is_proven(pair: Pair, tmp_path: Path) -> None:
    """Unknown before, proven by a dump that others open on the server, and ready from then on."""
    before = pair.check(expect=2)
    assert (before["verdict"], before["captures_now"], ids(before)) == ("unknown", None, {"KD053"})
    consent = ("--yes-crash", pair.machine.name, "--timeout", str(int(CRASH_SECONDS * factor())))
    pair.run("prove", *consent, expect=2)
    nowhere = ("--", "-e", "kdump_dump_server=")
    assert "kdump_dump_server" in pair.run("prove", *consent, "--unknown-too", *nowhere, expect=2)
    assert pair.dumps() == []
    assert pair.check(expect=2)["proof"]["state"] == "never"
    pair.run("prove", *consent, "--unknown-too", expect=0)
    (dump,) = pair.dumps()
    pair.server.login.copy_from(dump, tmp_path / "vmcore")
    note, log = json.loads(pair.host.cat(PROOF)), readers.kernel_log(tmp_path / "vmcore")
    assert f"kdump-enabler: crash on purpose, {note['id']}" in log
    assert (note["outcome"]["kind"], note["outcome"]["dump"]["path"]) == ("proven", dump)
    assert pair.machine.ssh("find /var/crash -name 'dump*'").stdout == ""
    after = pair.check(expect=0)
    assert (after["verdict"], after["captures_now"], after["proof"]["state"]) == ("ready", True, "proven")


def test_list_shows_it_on_the_server(pair: Pair) -> None:
    """The machine's own list says where its dumps are, that of the server has it."""
    assert f"kept elsewhere: SSH=ops@{pair.server.login.address}" in pair.host.run(
        *("dumps", "list", "-i", pair.host.inventory, "--limit", pair.machine.name), expect=0
    )
    words = ("dumps", "list", "-i", pair.host.inventory, "--limit", pair.server.name, "--become")
    pair.host.run(*words, expect=0)
    (seen,) = pair.host.record(pair.host.run(*words, "--format", "json", expect=0, quiet=True))["vmcores"]
    assert [seen["path"]] == pair.dumps()
    assert (seen["complete"], seen["origin"]) == (True, "proof")
    assert seen["node"] == pair.host.cat("/proc/sys/kernel/hostname")
