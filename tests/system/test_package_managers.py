"""Package managers of other families, the real ones: what a run does with each, over stand-ins of kdump's packages.

The container is a Debian with Debian's build of the tool, dressed as a reconstructed machine of that family (its
os-release, its boot files). So the package manager, systemd and our roles are real; kernel, kdumpctl and the boot
loader are not, and nothing here says that a dump would come out.
"""

from __future__ import annotations

import base64
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.container.container import Container, unused_name
from tests.hosts.machines import Raw

from .contained import Contained
from .driving import OWN, Files, difference, ids
from .families import FAMILIES, Family

pytestmark = [pytest.mark.system, pytest.mark.long]
# What of a reconstructed machine is files of its disk that the container itself does not need.
DRESS = ("/boot/", "/etc/os-release", "/usr/lib/os-release", "/etc/default/grub", "/etc/kernel/", "/usr/lib/sysctl.d/")


class Dressed(Contained):
    """A container that looks like a machine of another family."""

    places = "etc boot var/lib/kdump-enabler var/lib/pacman/sync proc/sys/kernel"

    def __init__(self, container: Container, folder: Path, family: Family) -> None:
        super().__init__(container, folder)
        self.family = family
        self._dress(family.machine())

    def _dress(self, raw: Raw) -> None:
        """Put the files of a reconstructed machine on it."""
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w:gz") as archive:
            for path, file in raw["files"].items():
                if path.startswith(DRESS) and file.get("error") is None and "link" not in file:
                    content = file.get("text", "").encode()
                    member = tarfile.TarInfo(path[1:])
                    member.size, member.mode = len(content), 0o644
                    archive.addfile(member, io.BytesIO(content))
        script = "rm -rf /etc/os-release /boot/*; base64 -d <<'END' | tar -xz -C /\n{}\nEND\n{}"
        self.container.ssh(script.format(base64.encodebytes(data.getvalue()).decode(), self.family.arrange))
        said = {name: raw["files"][path]["text"] for name, path in SAID.items() if path in raw["files"]}
        self.container.kernel.set(**{name: text.strip() for name, text in said.items()})

    def left(self, before: Files) -> set[str]:
        """The files that are not as they were, but our own backups."""
        return {path for path in difference(before, self.files()) if not path.startswith(OWN)}

    def packages(self) -> set[str]:
        """The packages that its package manager knows of."""
        return set(self.container.ssh(self.family.listing).stdout.split())

    def reboot(self) -> None:
        """Let its kernel say what it would after a restart."""
        said = self.container.kernel.get("cmdline")
        self.container.kernel.set(kexec_crash_size=512 << 20, cmdline=f"{said} crashkernel=512M")

    def refused(self, *words: str) -> str:
        """Run a command that must end before it changes anything; returns what it said, on one line."""
        before, packages = self.files(), self.packages()
        said = self.run(words[0], "-i", self.inventory, "-y", *words[1:], expect=1)
        assert (self.left(before), self.packages()) == (set(), packages)
        return " ".join(said.split())


LATER = "repo-add --quiet /opt/repository/test.db.tar.gz /opt/later/*; cp /opt/later/* /opt/repository;"
SAID = {
    "cmdline": "/proc/cmdline",
    "osrelease": "/proc/sys/kernel/osrelease",
    "version": "/proc/sys/kernel/version",
}


@pytest.fixture
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Dressed]:
    """A machine of a family, without kdump."""
    with Container(unused_name(request.param), request.param) as container:
        yield Dressed(container, tmp_path, FAMILIES[request.param])


@pytest.mark.parametrize("host", FAMILIES, indirect=True)
def test_install_again_and_purge(host: Dressed) -> None:
    """Packages come and go by the family's tool, unless somebody else's needs one; a second run changes nothing."""
    family = host.family
    assert {"KD010", "KD020"} <= ids(host.check(expect=1))
    before, had = host.files(), host.packages()
    host.run("enable", "-i", host.inventory, "-y", expect=3)
    assert host.packages() - had == family.packages
    assert host.unit(family.unit)["UnitFileState"] == family.started
    host.reboot()
    host.run("enable", "-i", host.inventory, "-y", expect=0)
    assert host.container.ssh(f"systemctl is-active {family.unit}").stdout.strip() == "active"
    assert host.container.kernel.get("kexec_crash_loaded") == "1"
    host.converged()
    host.container.ssh(family.need)
    assert family.needed in host.refused("disable", "--purge")
    assert host.container.kernel.get("kexec_crash_loaded") == "1"
    host.container.ssh(family.unneed)
    host.run("disable", "-i", host.inventory, "-y", "--purge", expect=0)
    assert host.packages() == had
    # What does no harm without a capture kernel stays set until the next boot.
    assert host.left(before) - {"/proc/sys/kernel/panic", "/proc/sys/kernel/sysrq"} == family.after_purge


@pytest.mark.parametrize("host", FAMILIES, indirect=True)
def test_a_lock_that_another_process_holds(host: Dressed) -> None:
    """The run waits for as long as it was told, and then says who is in the way."""
    host.container.ssh(host.family.hold)
    said = host.refused("enable", "--", "-e", "kdump_package_lock_timeout=3")
    assert host.family.held in said


@pytest.mark.parametrize("host", FAMILIES, indirect=True)
def test_a_repository_that_cannot_be_reached(host: Dressed) -> None:
    """Nothing listens at the other end of the container's only cable."""
    host.container.ssh(host.family.unreachable)
    assert host.family.said in host.refused("enable")


@pytest.mark.parametrize("host", FAMILIES, indirect=True)
def test_packages_that_the_repository_does_not_have(host: Dressed) -> None:
    """The repository is there and has something else."""
    host.container.ssh(host.family.missing)
    assert "in none of the host's package sources" in host.refused("enable")


@pytest.mark.parametrize("host", FAMILIES, indirect=True)
def test_back_to_the_first_state(host: Dressed) -> None:
    """Two runs are undone at once; the packages stay, as going back takes none away."""
    before = host.files()
    host.run("enable", "-i", host.inventory, "-y", expect=3, quiet=True)
    had = host.packages()
    host.reboot()
    host.run("enable", "-i", host.inventory, "-y", expect=0, quiet=True)
    host.run("rollback", "-i", host.inventory, "-y", "--to", "first", expect=0)
    assert host.packages() == had
    assert host.left(before) == host.family.after_rollback


@pytest.mark.parametrize("host", ["pacman"], indirect=True)
def test_a_partial_upgrade(host: Dressed) -> None:
    """Package lists are never renewed alone, not even where there are none; with newer ones than packages, or with a
    lock that an interrupted pacman left, nothing is installed."""
    ssh = host.container.ssh
    ssh("mv /var/lib/pacman/sync /var/lib/pacman/kept")
    assert "The host has no package lists of its repository test, so nothing was installed" in host.refused("enable")
    assert ssh("ls -A /var/lib/pacman/sync", check=False).stdout == ""
    ssh("rmdir /var/lib/pacman/sync; mv /var/lib/pacman/kept /var/lib/pacman/sync; : > /var/lib/pacman/db.lck")
    said = host.refused("enable", "--", "-e", "kdump_package_lock_timeout=3")
    assert "A package manager that was interrupted has left its lock" in said
    ssh(f"rm /var/lib/pacman/db.lck; {LATER} pacman -Sy")
    assert "not up to date with its package lists, so nothing was installed: linux" in host.refused("enable")
    ssh("pacman --noconfirm -Su")
    host.run("enable", "-i", host.inventory, "-y", expect=3)


@pytest.mark.parametrize("host", ["pacman"], indirect=True)
def test_a_kernel_that_was_upgraded(host: Dressed) -> None:
    """Its image, its initrd and its modules are another kernel's from then on: the copy is loaded, and without one
    nothing, rather than the wrong one."""
    host.run("enable", "-i", host.inventory, "-y", expect=3, quiet=True)
    host.reboot()
    host.run("enable", "-i", host.inventory, "-y", expect=0, quiet=True)
    host.container.ssh(f"{LATER} pacman --noconfirm -Syu")
    assert host.cat("/usr/lib/modules/*/pkgbase") == "linux"
    assert ids(host.check(expect=0)) == {"KD001"}
    host.container.ssh(f"systemctl restart {host.family.unit}")
    assert host.container.kernel.get("kexec_crash_loaded") == "1"
    host.container.ssh(f"rm -r {OWN}capture; systemctl restart {host.family.unit}", check=False)
    assert host.container.kernel.get("kexec_crash_loaded") == "0"
    assert {"KD030", "KD049"} <= ids(host.check(expect=3))
