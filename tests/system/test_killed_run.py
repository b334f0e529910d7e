"""A run that is killed after any of its remote steps: the next check is truthful, rollback gives back the first bytes,
and so it does after a next enable, which ends what the killed one began."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.container.container import Container, unused_name

from .contained import COLLECTIONS, GRUB_CFG, OWN, Changes, Contained, Files, difference
from .driving import ids

pytestmark = pytest.mark.system
CALLBACKS = Path(__file__).with_name("callbacks")
UNIT = "kdump-tools.service"
DRIFT, REBOOT_PENDING = 1, 3


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contained]:
    """A container with the packages of kdump, which somebody switched off."""
    with Container(unused_name("killed"), "bookworm") as container:
        container.ssh(
            "export DEBIAN_FRONTEND=noninteractive; apt-get update -qq;"
            " apt-get install -qq --no-install-recommends kdump-tools makedumpfile > /dev/null 2>&1;"
            f" sed -i 's/^USE_KDUMP=.*/USE_KDUMP=0/' /etc/default/kdump-tools; systemctl disable -q {UNIT}",
            timeout=120,
        )
        container.kernel.set(kexec_crash_size=0)
        yield Contained(container, tmp_path_factory.mktemp("killed"))


def killed(host: Contained, after: int) -> str:
    """Run enable and kill it after so many remote steps; the name of the last, empty if it came to its end before."""
    log = host.folder / "last"
    log.unlink(missing_ok=True)
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "kdump.enabler.enable", "-i", host.inventory],
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "kill_after",
            "KILL_AFTER": str(after),
            "KILL_LOG": str(log),
        },
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stdout + done.stderr
    return log.read_text(encoding="utf-8") if log.exists() else ""


def authored(files: Files) -> Files:
    """What must come back: everything but our own notes; grub.cfg and the kernel's settings, too."""
    return {path: content for path, content in files.items() if not path.startswith(OWN)}


def looks_truthful(host: Contained, step: str) -> None:
    """The check says what others see, and the machine has a grub.cfg that boots."""
    host.container.ssh(f"grub-script-check {GRUB_CFG}")
    text = host.cat(GRUB_CFG)
    assert re.search(r"^\s+linux\s+\S*vmlinuz", text, re.MULTILINE), step
    record = host.check(expect=REBOOT_PENDING if is_complete(host) else DRIFT)
    found = ids(record)
    lines = [line for line in text.splitlines() if line.lstrip().startswith("linux") and " single" not in line]
    assert ("KD021" in found) is not all("crashkernel=1G-8G:256M" in line for line in lines), step
    noted = host.container.ssh(f"test -e {OWN}run.json", check=False).returncode == 0
    assert ("KD091" in found) is noted, step
    assert record["captures_now"] is False


def is_complete(host: Contained) -> bool:
    """Nothing but a reboot is missing, as others see it: our files, the unit, the running kernel's own word."""
    files = f"test -e {' -a -e '.join(host.ours())}"
    command = f"{files} && systemctl -q is-enabled {UNIT} && grep -qx 10 /proc/sys/kernel/panic"
    return host.container.ssh(command, check=False).returncode == 0


def same(host: Contained, first: Files, step: str) -> None:
    """Rollback gave back the first state: bytes, links and units."""
    left = difference(authored(first), authored(host.files()))
    assert left == {}, f"{step}: {_differing(left)}"
    assert host.unit(UNIT)["UnitFileState"] == "disabled", step


def _differing(left: Changes) -> str:
    """The lines of each file that differ."""
    texts = {path: [(one or b"").decode(errors="replace").splitlines() for one in pair] for path, pair in left.items()}
    diffs = (unified_diff(old, new, path, path, lineterm="", n=0) for path, (old, new) in texts.items())
    return "\n".join("\n".join(diff) for diff in diffs)


def undo(host: Contained) -> None:
    """Roll back what was begun; a run that was killed before it changed anything left nothing to go back to."""
    sets = host.container.ssh(f"grep -L restored_at {OWN}backups/*/manifest.json 2>/dev/null || true").stdout.split()
    noted = host.container.ssh(f"cat {OWN}run.json 2>/dev/null", check=False).stdout
    said = host.run("rollback", "-i", host.inventory, "-y", expect=0 if sets else 1, quiet=True)
    assert ("had been killed; this run ended it." in " ".join(said.split())) is bool(noted)


def try_point(host: Contained, first: Files, number: int) -> str:
    """Kill after that many steps, twice; the name of the last step, empty for none left."""
    step = killed(host, number)
    if not step:
        return ""
    print(f"killed after step {number}: {step}", flush=True)
    looks_truthful(host, step)
    undo(host)
    same(host, first, step)
    killed(host, number)
    noted = host.container.ssh(f"test -e {OWN}run.json", check=False).returncode == 0
    said = host.run("enable", "-i", host.inventory, "-y", expect=3, quiet=True)
    assert ("had been killed; this run went on with it." in " ".join(said.split())) is noted, step
    assert not {"KD091", "KD021"} & ids(host.check(expect=3)), step
    undo(host)
    same(host, first, step)
    return step


def test_killed_in_the_middle(host: Contained) -> None:
    """Once in the system tier: when the reservation is in its drop-in, and grub.cfg is not made from it yet."""
    first, number = host.files(), 1
    while not (step := killed(host, number)).endswith("Write the GRUB drop-in"):
        assert step, "the run came to its end without that step"
        undo(host)
        number += 1
    looks_truthful(host, step)
    undo(host)
    same(host, first, step)
    assert try_point(host, first, number) == step


@pytest.mark.long
def test_killed_after_each_step(host: Contained) -> None:
    """Every remote step of a run on a machine that has the packages."""
    first, number = host.files(), 0
    while try_point(host, first, number + 1):
        number += 1
    print(f"{number} kill points")
    assert number > 10
    undo(host)
    same(host, first, "the whole run")
