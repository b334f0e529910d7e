"""The real kernel-install, on directories of its own: a kernel that comes later asks for what was written into the
template, and is the entry that boots next."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kdump_enabler import evidence
from kdump_enabler.facts import systemd_boot
from kdump_enabler.facts.systemd_boot import command_line
from tests.hosts import machines
from tests.hosts.systemd_boot import ESP, ID, TEMPLATE
from tests.unit.building import judge
from tests.unit.converging import apply

pytestmark = pytest.mark.system
PLUGIN = Path("/usr/lib/kernel/install.d/90-loaderentry.install")  # nothing else of this machine runs
LATER = "6.1.0-999-amd64"


def installed(root: Path, template: str) -> str:
    """The entry's file that kernel-install writes for a later kernel."""
    settings, esp, entry_directory = root / "kernel", root / "esp", root / "esp" / ID / LATER
    for directory in (settings, esp / "loader" / "entries", entry_directory):
        directory.mkdir(parents=True)
    (settings / "cmdline").write_text(template)
    (esp / "loader" / "entries.srel").write_text("type1\n")
    kernel = root / "vmlinuz"
    kernel.write_text("a kernel")
    names = {"KERNEL_INSTALL_CONF_ROOT": settings, "BOOT_ROOT": esp, "MACHINE_ID": ID, "KERNEL_INSTALL_PLUGINS": PLUGIN}
    subprocess.run(
        ["kernel-install", "add", LATER, kernel],
        env={**os.environ, **{name: str(value) for name, value in names.items()}},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (found,) = (esp / "loader" / "entries").glob("*.conf")
    assert found.name == f"{ID}-{LATER}.conf"
    return found.read_text()


@pytest.mark.parametrize("value", ["300M", "1G-8G:256M,8G-16G:384M,16G-:512M"])
def test_a_later_kernel_reserves_what_the_template_says(value: str, tmp_path: Path) -> None:
    """And so it does where there was no template."""
    assert shutil.which("kernel-install"), "systemd's kernel-install is not here"
    for template in (True, False):
        raw = machines.load("debian12-systemd-boot")
        if not template:
            machines.remove(raw, TEMPLATE)
        apply(raw, judge(raw, crashkernel=value).plan)
        written = installed(tmp_path / str(template), raw["files"][TEMPLATE]["text"])
        machines.write(raw, f"{ESP}/loader/entries/{ID}-{LATER}.conf", written)
        seen = systemd_boot.read(evidence.from_raw(raw))
        assert seen.next_entry is not None
        assert seen.next_entry.release == LATER
        assert seen.next_entry.command_line.split().count(f"crashkernel={value}") == 1
        words = {frozenset(command_line(one).split()) for one in seen.fragments}
        assert len(words) == 1, "the later entry says what ours say, word for word"
