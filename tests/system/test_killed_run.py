"""A run that is killed after any of its remote steps: the next check is truthful, rollback gives back the first bytes,
and so it does after a next enable, which ends what the killed one began."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.container.container import Container, unused_name

from .contained import COLLECTIONS, Contained
from .driving import Files
from .interrupted import REBOOT_PENDING, SWITCHED_OFF, go_on, looks_truthful, same, undo

pytestmark = pytest.mark.system
CALLBACKS = Path(__file__).with_name("callbacks")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contained]:
    """A container with the packages of kdump, which somebody switched off."""
    with Container(unused_name("killed"), "bookworm") as container:
        container.ssh(SWITCHED_OFF, timeout=120)
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
    go_on(host, step, expect=REBOOT_PENDING)
    undo(host)
    same(host, first, step)
    return step


def test_killed_in_the_middle(host: Contained) -> None:
    """Once in the system tier: when the reservation is in its drop-in, and grub.cfg is not made from it yet."""
    first, number = host.files(), 1
    while not (step := killed(host, number)).endswith("Write the boot loader's files"):
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
