"""Unified kernel images by the real kernel-install and ukify of a Debian 13, with its kernel and its initrd.

The partition that they are on is a directory of the container, so that no machine as a whole is judged: what has to be
run is planned for a reconstructed machine with the container's kernel, and the probe reads what came out.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kdump_enabler import probe
from tests.container.container import Container, unused_name
from tests.hosts import machines
from tests.hosts.systemd_boot import ID, TEMPLATE, image_of, unify
from tests.unit.building import judge
from tests.unit.converging import apply

from .contained import COLLECTIONS

pytestmark = [pytest.mark.system, pytest.mark.long]
# What is wrong before a run, in turn; how it is mended; and what the run says. At first the template has no word.
SPOILED = (
    ("true", "true", "with no crashkernel= and not crashkernel=300M"),
    (
        "mv {initrd} /root/initrd",
        "mv /root/initrd {initrd}",
        "without .initrd; the boot loader's files are as they were",
    ),
    ("mv /usr/bin/ukify /root/ukify", "mv /root/ukify /usr/bin/ukify", "60-ukify.install failed with exit status 1"),
)
READ = "import sys, probe; print(probe.unified_of(open(sys.argv[1], 'rb')), end='')"


def put(container: Container, path: str, text: str) -> None:
    """Write a file of the container."""
    container.ssh(f"printf %s {shlex.quote(text)} > {path}")


def of(container: Container, image: str) -> list[str]:
    """What the probe, run in the container, reads from an image."""
    return container.ssh(f"cd /root && python3 -c {shlex.quote(READ)} {image}").stdout.splitlines()


def digest(container: Container) -> str:
    """All that is on the partition with the images."""
    return container.ssh("find /boot/efi -type f -exec sha256sum {} +").stdout


def make(container: Container, arguments: Mapping[str, Any], inventory: Path) -> dict[str, Any]:
    """Let the module make the images, as the role does; returns its result."""
    command = [str(Path(sys.executable).with_name("ansible")), "all", "-i", str(inventory), "-m"]
    command += ["kdump.enabler.boot_files", "-a", json.dumps(arguments)]
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)}
    done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout.partition("=>")[2])
    print(found)
    assert isinstance(found, dict)
    return found


def test_the_image_is_built_anew(tmp_path: Path) -> None:
    """With the word of the template and every part that it had, as the reconstructed machines have it; where one would
    be missing, or the tool fails, it stays as it was."""
    with Container(unused_name("unified"), "unified") as container:
        release, inventory = container.kernel.release, container.inventory(tmp_path / "inventory.yml")
        image, initrd = image_of(release), f"/boot/initrd.img-{release}"
        raw = machines.load("debian13-pristine")
        machines.write(raw, "/proc/sys/kernel/osrelease", f"{release}\n")
        unify(raw, (release,), release=container.ssh("cat /etc/os-release").stdout)
        put(container, TEMPLATE, raw["files"][TEMPLATE]["text"])
        put(container, "/etc/machine-id", f"{ID}\n")
        put(container, "/root/probe.py", Path(probe.__file__).read_text(encoding="utf-8"))
        container.ssh(f"kernel-install add {release} /boot/vmlinuz-{release}", timeout=180)
        assert of(container, image) == raw["files"][image]["text"].splitlines()
        plan = judge(raw, crashkernel="300M").plan
        apply(raw, plan)
        assert plan.boot_files is not None
        arguments = {name: plan.boot_files[name] for name in ("commands", "files", "entries", "holding", "words")}
        sizes, before = container.ssh(f"stat -c %s /boot/efi/EFI/Linux/* {initrd}").stdout.split(), digest(container)
        assert int(sizes[0]) > int(sizes[1]), "the initrd is in it"
        for spoil, mend, said in SPOILED:
            container.ssh(spoil.format(initrd=initrd))
            assert said in make(container, arguments, inventory)["msg"]
            assert digest(container) == before
            container.ssh(mend.format(initrd=initrd))
            put(container, TEMPLATE, raw["files"][TEMPLATE]["text"])
        assert make(container, arguments, inventory)["changed"]
        assert of(container, image) == raw["files"][image]["text"].splitlines()
        assert "crashkernel=300M" in raw["files"][image]["text"]
