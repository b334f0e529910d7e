"""/etc/sysconfig/kdump of the Red Hat family: settings that keep a dump from being written."""

from __future__ import annotations

from collections.abc import Callable

from ..bases import CMDLINE, Change, nothing_loaded
from ..machines import Raw, remove, replace, unit
from ..red_hat import SYSCONFIG, ready

APPENDED = "irqpoll nr_cpus=1 reset_devices "


def release_gone(raw: Raw) -> None:
    """The kernel that KDUMP_KERNELVER names went with an update."""
    replace(raw, SYSCONFIG, 'KDUMP_KERNELVER=""', 'KDUMP_KERNELVER="5.14.0-503.el9.x86_64"')
    nothing_loaded(raw)
    unit(raw, "kdump.service", ActiveState="failed", SubState="failed", Result="exit-code")


def hugepages(raw: Raw) -> None:
    """A database server, and somebody's own list of words that go."""
    replace(raw, CMDLINE, " rhgb", " hugepagesz=2M hugepages=4096 rhgb")
    replace(raw, SYSCONFIG, "hugepages hugepagesz slub_debug quiet", "quiet")


def without_setting(raw: Raw) -> None:
    """No file: kdumpctl itself lets hugepages go, and appends nothing."""
    replace(raw, CMDLINE, " rhgb", " hugepages=4096 swiotlb=131072 rhgb")
    remove(raw, SYSCONFIG)


def own_words(raw: Raw) -> None:
    """Somebody replaced the appended words by one."""
    replace(raw, SYSCONFIG, APPENDED, "earlyprintk=serial ")


def swiotlb(raw: Raw) -> None:
    """A word that takes memory, and a list without it that a shell makes."""
    replace(raw, CMDLINE, " rhgb", " swiotlb=131072 rhgb")
    replace(
        raw, SYSCONFIG, 'KDUMP_COMMANDLINE_REMOVE="hugepages hugepagesz slub_debug quiet log_buf_len swiotlb', 'X="'
    )
    replace(raw, SYSCONFIG, 'KEXEC_ARGS="-s"', 'KDUMP_COMMANDLINE_REMOVE="$X quiet"\nKEXEC_ARGS="-s"')


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "rhel9-release-gone": (ready(), release_gone),
    "rhel9-hugepages": (ready(), hugepages),
    "rhel9-no-sysconfig": (ready(), without_setting),
    "rhel9-own-words": (ready(), own_words),
    "rhel9-swiotlb": (ready(), swiotlb),
}
