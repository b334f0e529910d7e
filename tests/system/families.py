"""What differs between the containers with other families' package managers (tests/container/families)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.hosts import arch, red_hat, suse
from tests.hosts.machines import Raw


@dataclass(frozen=True)
class Family:
    """`machine` is what the container looks like, `arrange` what else it needs for that; `packages` are those that a
    run installs and `listing` prints all that are there; `unit` loads the capture kernel, and `started` is what systemd
    says of its file then. Then what a test does to it: `need` and `unneed` install and remove somebody else's package,
    of which a run says `needed`; `hold` takes the manager's lock, of which it says `held`; `unreachable` and `missing`
    are what may be wrong with its repository, and `said` is what a run says of the first. `after_rollback` and
    `after_purge` are the files that are then not as they were at first."""

    machine: Callable[[], Raw]
    arrange: str
    packages: frozenset[str]
    listing: str
    unit: str
    started: str
    need: str
    unneed: str
    needed: str
    hold: str
    held: str
    unreachable: str
    said: str
    missing: str
    after_rollback: frozenset[str]
    after_purge: frozenset[str]


# By these Ansible tells which dnf it has to do with (module_utils/facts/system/distribution.py and pkg_mgr.py).
RELEASE_FILES = """echo 'Fedora release 44 (Forty Four)' > /etc/fedora-release
ln -sf fedora-release /etc/redhat-release
ln -sf fedora-release /etc/system-release"""
# dnf's own lock, held by its own library.
HOLD_DNF = """systemd-run --quiet python3 -c '
import dnf, time
with dnf.lock.build_metadata_lock(dnf.Base().conf.cachedir, True):
    open("/run/held", "w")
    time.sleep(600)
'
until [ -e /run/held ]; do sleep 0.1; done"""
# In place of grub2-mkconfig: the words of the GRUB defaults at the end of each line, as 10_linux of GRUB puts them.
MKCONFIG = """cat > /usr/sbin/grub2-mkconfig <<'END'
#!/bin/sh
. /etc/default/grub
[ "$1" = -o ] && exec > "$2"
words="$GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT"
sed -E 's|^([[:space:]]*linux[[:space:]].*\\$\\{extra_cmdline\\}).*|\\1 '"$words|" /boot/grub2/grub.cfg
END
printf '#!/bin/sh\n' > /usr/sbin/grub2-script-check
chmod +x /usr/sbin/grub2-*"""
# A zypper that waits for its next command.
HOLD_ZYPP = """systemd-run --quiet sh -c 'sleep 600 | zypper shell'
until [ -s /run/zypp.pid ]; do sleep 0.1; done"""
# What systemd takes for the command line of a container is that of its first process (proc-cmdline.c). The real
# grub-mkconfig makes the menu, over the kernel that the package brings once more: the files of /boot were exchanged.
BOOTED = """mount --bind /opt/kernel/cmdline /proc/1/cmdline
pacman --noconfirm -S linux > /dev/null
grub-mkconfig -o /boot/grub/grub.cfg"""
# A pacman that waits for its answer.
HOLD_ALPM = """systemd-run --quiet sh -c 'sleep 600 | pacman -S makedumpfile'
until [ -e /var/lib/pacman/db.lck ]; do sleep 0.1; done"""
RPM_LISTING = "rpm -qa --qf '%{NAME}\\n'"
FAMILIES = {
    "dnf": Family(
        machine=red_hat.stock(red_hat.FEDORA),
        arrange=RELEASE_FILES,
        packages=frozenset(["kdump-utils", "kexec-tools", "makedumpfile"]),
        listing=RPM_LISTING,
        unit="kdump.service",
        started="enabled",
        need="rpm --install --nodeps /opt/needs.rpm",
        unneed="rpm --erase needs",
        needed="so nothing was changed: makedumpfile is needed by (installed) needs",
        hold=HOLD_DNF,
        held="Another program holds the package manager's lock",
        # As RHEL has it; Fedora passes over a repository that does not answer (skip_if_unavailable in dnf.conf(5)),
        # and then says that it has no such package.
        unreachable="sed -i 's,^baseurl=.*,baseurl=http://198.18.255.1:9/,; $a skip_if_unavailable=0' "
        "/etc/yum.repos.d/test.repo",
        said="The package repositories cannot be reached",
        missing="rm /opt/repository/noarch/kdump-utils*; createrepo_c --quiet /opt/repository",
        after_rollback=frozenset(["/etc/kdump.conf", "/etc/sysconfig/kdump"]),  # the package's
        after_purge=frozenset(),
    ),
    "pacman": Family(
        machine=arch.stock(),
        arrange=BOOTED,
        packages=frozenset(["kexec-tools", "makedumpfile"]),
        listing="pacman -Qq",
        unit="kdump-enabler-load.service",
        started="static",  # by a drop-in of multi-user.target
        need="pacman --noconfirm -U /opt/needs.pkg.tar.gz",
        unneed="pacman --noconfirm -R needs",
        needed="so nothing was changed: removing makedumpfile breaks dependency 'makedumpfile' required by needs",
        hold=HOLD_ALPM,
        held="Another program holds the package manager's lock",
        unreachable="sed -i 's,^Server.*,Server = http://198.18.255.1:9/,' /etc/pacman.conf",
        said="The package repositories cannot be reached",
        missing="repo-remove --quiet /opt/repository/test.db.tar.gz kexec-tools; pacman -Sy",
        after_rollback=frozenset(),
        after_purge=frozenset(),
    ),
    "zypper": Family(
        machine=suse.stock(suse.LEAP15),
        arrange=MKCONFIG,
        packages=frozenset(["kdump", "kexec-tools", "makedumpfile"]),
        listing=RPM_LISTING,
        unit="kdump.service",
        started="enabled",
        need="rpm --install --nodeps /opt/needs.rpm",
        unneed="rpm --erase needs",
        needed="so nothing was changed: makedumpfile is needed by (installed) needs",
        hold=HOLD_ZYPP,
        held="nothing was changed. Wait until it has ended, and run again",
        unreachable="sed -i 's,^baseurl=.*,baseurl=http://198.18.255.1:9/,; s/autorefresh=0/autorefresh=1/' "
        "/etc/zypp/repos.d/test.repo",
        said="The package repositories cannot be reached",
        missing="rm /opt/repository/noarch/kdump*; createrepo_c --quiet /opt/repository; zypper -n refresh",
        # The menu was not made by the stand-in at first; rpm keeps a file that was edited.
        after_rollback=frozenset(["/boot/grub2/grub.cfg", "/etc/sysconfig/kdump"]),
        after_purge=frozenset(["/boot/grub2/grub.cfg", "/etc/sysconfig/kdump.rpmsave"]),
    ),
}
