"""Machines of the Red Hat family: clean ones, ready ones, and the faults that are its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as with_

from ..bases import CMDLINE, Change, nothing_loaded
from ..machines import Raw, kernel, remove, replace, unit, unreadable, write
from ..red_hat import (
    EL9,
    EL10,
    FEDORA,
    GRUB_CFG,
    GRUB_ENV,
    ID,
    KDUMP_CONF,
    MAIN,
    ROOT,
    SYSCONFIG,
    TEMPLATE,
    Release,
    entry,
    installed,
    os_release,
    path_of,
    ready,
    stock,
)
from ..roots import arm64, there
from .targets import luks_home, luks_root, mounted

MIB = 1 << 20
UEK = "1G-64G:448M,64G-:512M"
ROCKY9 = with_(EL9, identity=os_release("rocky", "9.5", "rhel centos fedora", "Rocky Linux"))
ALMA10 = with_(EL10, identity=os_release("almalinux", "10.0", "rhel centos fedora", "AlmaLinux"))
STREAM10 = with_(EL10, identity=os_release("centos", "10", "rhel fedora", "CentOS Stream"))
ORACLE9 = with_(
    EL9,
    identity=os_release("ol", "9.5", "fedora", "Oracle Linux Server"),
    kernels=("5.15.0-207.156.6.el9uek.x86_64",),
    crashkernel=UEK,
)
ORACLE10 = with_(EL10, identity=os_release("ol", "10.0", "fedora", "Oracle Linux Server"))
CUSTOM = """### BEGIN /etc/grub.d/40_custom ###
menuentry 'Mine' --id mine {{
\tlinux /vmlinuz-{0} {1}
}}
### END /etc/grub.d/40_custom ###
"""
MENUENTRY = "menuentry 'RHEL ({0})' --id 'gnulinux-{0}' {{\n\tlinux\t/vmlinuz-{0} {1} rhgb quiet \n}}\n"


def fedora(version: str) -> Release:
    """A release of Fedora."""
    return with_(FEDORA, identity=os_release("fedora", version, name="Fedora Linux"))


def auto(raw: Raw) -> None:
    """What an upgrade from EL 8 leaves: crashkernel=auto, which only the kernel of EL 8 knows."""
    for path in (*map(path_of, EL9.kernels), TEMPLATE, MAIN, CMDLINE):
        replace(raw, path, f"crashkernel={EL9.crashkernel}", "crashkernel=auto")
    kernel(raw, kexec_crash_size="0")
    nothing_loaded(raw)
    unit(raw, "kdump.service", ActiveState="failed", SubState="failed", Result="exit-code")


def older_without(raw: Raw) -> None:
    """An older kernel's entry was left out when the value was set."""
    replace(raw, path_of(EL10.kernels[1]), f"crashkernel={EL10.crashkernel} ", "")


def boots_the_older(raw: Raw) -> None:
    """Somebody chose the older kernel as the default, and its entry asks for nothing."""
    older_without(raw)
    replace(raw, GRUB_ENV, EL10.kernels[0], EL10.kernels[1])


def old_template(raw: Raw) -> None:
    """The entries were edited by hand, what new kernels get was not."""
    replace(raw, TEMPLATE, f"crashkernel={EL9.crashkernel} ", "")


def two_paths(raw: Raw) -> None:
    """Version 1.0.0 appended a second `path`; kdumpctl refuses both."""
    write(raw, KDUMP_CONF, raw["files"][KDUMP_CONF]["text"] + "path /srv/crash\n")
    raw["directories"]["/srv/crash"] = {**raw["directories"]["/var/crash"], "real": "/srv/crash"}
    nothing_loaded(raw)
    unit(raw, "kdump.service", ActiveState="failed", SubState="failed", Result="exit-code")


def nfs(raw: Raw) -> None:
    """Dumps go to a server, whose helper is there."""
    there(raw, "/sbin/mount.nfs")
    write(raw, KDUMP_CONF, "nfs dump.example.com:/export/crash\n" + raw["files"][KDUMP_CONF]["text"])


def ssh_unflattened(raw: Raw) -> None:
    """The shipped core_collector does not do for a target by ssh."""
    there(raw, "/usr/bin/ssh", "/root/.ssh/kdump_id_rsa")
    write(raw, KDUMP_CONF, "ssh kdump@dump.example.com\n" + raw["files"][KDUMP_CONF]["text"])
    nothing_loaded(raw)


def no_directory(raw: Raw) -> None:
    """The dump directory was removed."""
    raw["directories"]["/var/crash"] = {"error": "ENOENT", "real": "/var/crash", "dumps": {}}


def no_panic_word(raw: Raw) -> None:
    """Somebody replaced the capture kernel's words."""
    replace(raw, SYSCONFIG, "panic=10 ", "")


def without_blscfg(raw: Raw) -> None:
    """GRUB_ENABLE_BLSCFG=false: grub2-mkconfig writes the entries into grub.cfg, and nobody reads the others."""
    replace(raw, MAIN, "GRUB_ENABLE_BLSCFG=true", "GRUB_ENABLE_BLSCFG=false")
    made = "".join(MENUENTRY.format(version, ROOT) for version in EL9.kernels)
    replace(raw, GRUB_CFG, "insmod blscfg\nblscfg\n", made)


def read_only(raw: Raw) -> None:
    """/boot is mounted read-only."""
    raw["mounts"]["/boot"]["options"] = "ro,relatime"


def own_entry(raw: Raw) -> None:
    """The default is an entry that somebody wrote."""
    write(raw, GRUB_CFG, raw["files"][GRUB_CFG]["text"] + CUSTOM.format(EL9.kernels[0], ROOT))
    replace(raw, GRUB_ENV, f"{ID}-{EL9.kernels[0]}", "mine")


def by_kernelopts(raw: Raw) -> None:
    """Entries that came from EL 8: their options stand in the environment block."""
    for version in EL9.kernels:
        write(raw, path_of(version), entry(version, "$kernelopts"))
    write(raw, GRUB_ENV, f"# GRUB Environment Block\nkernelopts={ROOT} crashkernel=auto \n".ljust(1024, "#"))


def linked(raw: Raw) -> None:
    """An entry's file is a link."""
    raw["files"][path_of(EL9.kernels[0])].update(link="/srv/entry.conf", exists=True)


def its_own_size(raw: Raw) -> None:
    """An administrator's 512M, which the next update of kdump-utils would replace."""
    for path in (*map(path_of, EL10.kernels), TEMPLATE, MAIN, CMDLINE):
        replace(raw, path, f"crashkernel={EL10.crashkernel}", "crashkernel=512M")
    kernel(raw, kexec_crash_size=str(512 * MIB))


def pages_of_64k(raw: Raw) -> None:
    """The kernel with large pages."""
    arm64(raw)
    kernel(raw, osrelease="5.14.0-570.17.1.el9_6.aarch64+64k")


def locked_down(raw: Raw) -> None:
    """A kernel that takes only signed images, and options that do not ask for the check."""
    write(raw, "/sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
    replace(raw, SYSCONFIG, 'KEXEC_ARGS="-s"', 'KEXEC_ARGS=""')
    nothing_loaded(raw)


def own_disk(raw: Raw) -> None:
    """Dumps go to a file system of their own, which nothing mounts here."""
    write(raw, KDUMP_CONF, "ext4 LABEL=dumps\n" + raw["files"][KDUMP_CONF]["text"])


def shell_by_dracut(raw: Raw) -> None:
    """A target that dracut is told to mount, and a shell where the dump fails."""
    lines = 'dracut_args --mount "LABEL=dumps /kdumproot ext4 defaults"\nfailure_action shell\n'
    write(raw, KDUMP_CONF, raw["files"][KDUMP_CONF]["text"] + lines)


def crash_by_hand(raw: Raw) -> None:
    """A file system on /var/crash that no fstab names: mkdumprd takes the device that is mounted now."""
    mounted(raw, "/var/crash", "/dev/vdb1", "ext4")


def luks_clevis(raw: Raw) -> None:
    """Everything in one LUKS2 container that clevis opens."""
    luks_root(raw)
    there(raw, "/usr/lib/dracut/modules.d/60clevis")


def unprivileged(raw: Raw) -> None:
    """As a user sees it: /boot/grub2 and /boot/loader/entries are root's alone."""
    raw["euid"] = 1000
    raw["kernel_log"] = {"error": "EPERM"}
    for path in (GRUB_CFG, GRUB_ENV):
        unreadable(raw, path)
    for version in EL9.kernels:
        del raw["files"][path_of(version)]


def no_template(raw: Raw) -> None:
    """No /etc/kernel/cmdline."""
    remove(raw, TEMPLATE)


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "fedora42-pristine": (stock(fedora("42")), None),
    "fedora42-arm64": (stock(fedora("42")), arm64),
    "fedora43-pristine": (stock(fedora("43")), no_template),
    "fedora43-arm64": (stock(fedora("43")), arm64),
    "fedora44-pristine": (stock(), None),
    "fedora44-arm64": (stock(), arm64),
    "fedora44-ready": (ready(FEDORA, 256 * MIB), None),
    "rhel9-unreserved": (installed(EL9), None),
    "rhel9-ready": (ready(), None),
    "rhel9-ready-unprivileged": (ready(), unprivileged),
    "rhel9-arm64": (installed(EL9), arm64),
    "rhel9-arm64-64k": (installed(EL9), pages_of_64k),
    "rhel9-old-template": (ready(), old_template),
    "rhel9-two-paths": (ready(), two_paths),
    "rhel9-nfs": (ready(), nfs),
    "rhel9-ssh-unflattened": (ready(), ssh_unflattened),
    "rhel9-locked-down": (ready(), locked_down),
    "rhel9-own-disk": (ready(), own_disk),
    "rhel9-shell-by-dracut": (ready(), shell_by_dracut),
    "rhel9-crash-by-hand": (ready(), crash_by_hand),
    "rhel9-luks-root": (ready(), luks_root),
    "rhel9-luks-clevis": (ready(), luks_clevis),
    "rhel9-luks-home": (ready(), luks_home),
    "rhel9-no-directory": (ready(), no_directory),
    "rhel9-no-panic-word": (ready(), no_panic_word),
    "rhel9-without-blscfg": (installed(EL9), without_blscfg),
    "rhel9-read-only-boot": (installed(EL9), read_only),
    "rhel9-own-entry": (installed(EL9), own_entry),
    "rhel9-kernelopts": (installed(EL9), by_kernelopts),
    "rhel9-linked-entry": (installed(EL9), linked),
    "rocky9-auto": (ready(ROCKY9), auto),
    "oracle9-ready": (ready(ORACLE9, 448 * MIB), None),
    "oracle10-unreserved": (installed(ORACLE10), None),
    "rhel10-arm64": (installed(EL10), arm64),
    "rhel10-ready": (ready(EL10, 256 * MIB), None),
    "rhel10-own-size": (ready(EL10, 512 * MIB), its_own_size),
    "almalinux10-entries-differ": (ready(ALMA10, 256 * MIB), older_without),
    "centos10-boots-the-older": (ready(STREAM10, 256 * MIB), boots_the_older),
}
