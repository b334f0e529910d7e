"""Package managers of other families, the real ones: what a run does with dnf, over packages that stand in for kdump's.

The container is a Debian with Debian's build of the tool, dressed as a reconstructed machine of that family (its
os-release, its boot files). So dnf, rpm, systemd and our roles are real; kernel, kdumpctl and the boot loader are not,
and nothing here says that a dump would come out.
"""

from __future__ import annotations

import base64
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.container.container import Container, unused_name
from tests.hosts import red_hat
from tests.hosts.machines import Raw

from .contained import Contained
from .driving import OWN, difference, ids

pytestmark = pytest.mark.system
UNIT = "kdump.service"
OURS = {"kdump-utils", "kexec-tools", "makedumpfile"}
# What of a reconstructed machine is files of its disk that the container itself does not need.
DRESS = ("/boot/", "/etc/os-release", "/usr/lib/os-release", "/etc/default/grub", "/etc/kernel/", "/usr/lib/sysctl.d/")
# dnf's own lock, held by its own library.
HOLD = """systemd-run --quiet python3 -c '
import dnf, time
with dnf.lock.build_metadata_lock(dnf.Base().conf.cachedir, True):
    open("/run/held", "w")
    time.sleep(600)
'
until [ -e /run/held ]; do sleep 0.1; done"""


class Dressed(Contained):
    """A container that looks like a machine of another family."""

    places = "etc boot var/lib/kdump-enabler proc/sys/kernel"

    def dress(self, raw: Raw) -> None:
        """Put the files of a reconstructed machine on it."""
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w:gz") as archive:
            for path, file in raw["files"].items():
                if path.startswith(DRESS) and "text" in file:
                    content = file["text"].encode()
                    member = tarfile.TarInfo(path[1:])
                    member.size, member.mode = len(content), 0o644
                    archive.addfile(member, io.BytesIO(content))
        script = "rm -f /etc/os-release; base64 -d <<'END' | tar -xz -C /\n{}\nEND"
        self.container.ssh(script.format(base64.encodebytes(data.getvalue()).decode()))
        self.container.kernel.set(cmdline=raw["files"]["/proc/cmdline"]["text"].strip())

    def packages(self) -> set[str]:
        """The packages that rpm knows of."""
        return set(self.container.ssh("rpm -qa --qf '%{NAME}\\n'").stdout.split())


@pytest.fixture
def fedora(tmp_path: Path) -> Iterator[Dressed]:
    """A Fedora without kdump."""
    with Container(unused_name("dnf"), "dnf") as container:
        host = Dressed(container, tmp_path)
        host.dress(red_hat.stock(red_hat.FEDORA)())
        # By these Ansible tells which dnf it has to do with (module_utils/facts/system/distribution.py, pkg_mgr.py).
        container.ssh(
            "echo 'Fedora release 44 (Forty Four)' > /etc/fedora-release;"
            " ln -sf fedora-release /etc/redhat-release; ln -sf fedora-release /etc/system-release"
        )
        yield host


def enabled(host: Dressed) -> None:
    """Bring it to where only a reboot is missing, and let its kernel say that this was done."""
    host.run("enable", "-i", host.inventory, "-y", expect=3)
    host.container.kernel.set(kexec_crash_size=256 << 20)
    host.run("enable", "-i", host.inventory, "-y", expect=0)


def refused(host: Dressed, *words: str) -> str:
    """Run a command that must end before it changes anything; returns what it said, on one line."""
    before, packages = host.files(), host.packages()
    said = host.run(words[0], "-i", host.inventory, "-y", *words[1:], expect=1)
    changed = {path for path in difference(before, host.files()) if not path.startswith(OWN)}
    assert (changed, host.packages()) == (set(), packages)
    return " ".join(said.split())


def test_install_again_and_purge(fedora: Dressed) -> None:
    """Packages come by dnf and go by it, but for one that somebody else's needs; a second run changes nothing."""
    assert {"KD010", "KD020", "KD021"} <= ids(fedora.check(expect=1))
    before = fedora.files()
    enabled(fedora)
    assert fedora.packages() == OURS
    assert fedora.unit(UNIT)["UnitFileState"] == "enabled"
    assert fedora.container.ssh(f"systemctl is-active {UNIT}").stdout.strip() == "active"
    assert fedora.container.kernel.get("kexec_crash_loaded") == "1"
    fedora.converged()
    fedora.container.ssh("rpm --install --nodeps /opt/needs.rpm")
    said = refused(fedora, "disable", "--purge")
    assert "so nothing was changed: makedumpfile is needed by (installed) needs" in said
    assert fedora.container.kernel.get("kexec_crash_loaded") == "1"
    fedora.container.ssh("rpm --erase needs")
    fedora.run("disable", "-i", fedora.inventory, "-y", "--purge", expect=0)
    assert fedora.packages() == set()
    left = difference(before, fedora.files())
    assert {path for path in left if path.startswith(("/boot/", "/etc/default", "/etc/kernel"))} == set()


@pytest.mark.long
def test_a_lock_that_another_process_holds(fedora: Dressed) -> None:
    """The run waits for as long as it was told, and then says who is in the way."""
    fedora.container.ssh(HOLD)
    said = refused(fedora, "enable", "--", "-e", "kdump_package_lock_timeout=3")
    assert "Another program holds the package manager's lock" in said


@pytest.mark.long
def test_a_repository_that_cannot_be_reached(fedora: Dressed) -> None:
    """Nothing listens at the other end of the container's only cable. dnf may be told to pass over such a repository
    (skip_if_unavailable of dnf.conf(5)), and then knows of no reason."""
    source = "/etc/yum.repos.d/test.repo"
    fedora.container.ssh(f"sed -i 's,^baseurl=.*,baseurl=http://198.18.255.1:9/,' {source}")
    for skip, said in ((0, "The package repositories cannot be reached"), (1, "and whether they can be reached")):
        fedora.container.ssh(f"sed -i /skip_if/d {source}; echo skip_if_unavailable={skip} >> {source}")
        assert said in refused(fedora, "enable")


@pytest.mark.long
def test_packages_that_the_repository_does_not_have(fedora: Dressed) -> None:
    """The repository is there and has something else."""
    fedora.container.ssh("rm /opt/repository/noarch/kdump-utils*; createrepo_c --quiet /opt/repository")
    assert "in none of the host's package sources" in refused(fedora, "enable")
