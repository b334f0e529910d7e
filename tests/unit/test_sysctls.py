"""The table of kernel settings and that of profiles: whole, and known to the probe."""

from __future__ import annotations

import pytest

from kdump_enabler import probe
from kdump_enabler.policy import profiles, sysctls

HOW = {"nonzero", "at_least", "at_most", "exactly", "bits", "words"}
# Documentation/admin-guide/sysctl/{kernel,vm}.rst, what decides about panics, lockups, hung tasks and kexec.
# fmt: off
DOCUMENTED = [
    "kernel.hardlockup_all_cpu_backtrace", "kernel.hardlockup_panic", "kernel.hardlockup_sys_info",
    "kernel.hung_task_all_cpu_backtrace", "kernel.hung_task_check_count", "kernel.hung_task_check_interval_secs",
    "kernel.hung_task_panic", "kernel.hung_task_sys_info", "kernel.hung_task_timeout_secs",
    "kernel.hung_task_warnings", "kernel.kernel_sys_info", "kernel.kexec_load_disabled",
    "kernel.kexec_load_limit_panic", "kernel.kexec_load_limit_reboot", "kernel.max_rcu_stall_to_panic",
    "kernel.nmi_watchdog", "kernel.oops_all_cpu_backtrace", "kernel.oops_limit", "kernel.panic",
    "kernel.panic_on_io_nmi", "kernel.panic_on_oops", "kernel.panic_on_rcu_stall", "kernel.panic_on_stackoverflow",
    "kernel.panic_on_unrecovered_nmi", "kernel.panic_on_warn", "kernel.panic_print", "kernel.panic_sys_info",
    "kernel.printk", "kernel.soft_watchdog", "kernel.softlockup_all_cpu_backtrace", "kernel.softlockup_panic",
    "kernel.softlockup_sys_info", "kernel.sysrq", "kernel.unknown_nmi_panic", "kernel.warn_limit", "kernel.watchdog",
    "kernel.watchdog_thresh", "vm.panic_on_oom",
]
# fmt: on
# Key, wanted, what a file or the kernel says, whether that is enough.
ENOUGH: list[tuple[str, sysctls.Value, str | None, bool]] = [
    ("kernel.panic", 10, "5", True),
    ("kernel.panic", 10, "-1", True),
    ("kernel.panic", 10, "0", False),
    ("kernel.panic", 10, "ten", False),
    ("kernel.panic", 10, None, False),
    ("vm.panic_on_oom", 1, "2", True),
    ("vm.panic_on_oom", 1, "0", False),
    ("kernel.softlockup_panic", 1, "3", True),
    ("kernel.oops_limit", 100, "1", True),
    ("kernel.oops_limit", 100, "101", False),
    ("kernel.oops_limit", 100, "0", False),
    ("kernel.watchdog_thresh", 30, "10", False),
    ("kernel.watchdog_thresh", 30, "0x1e", True),
    ("kernel.panic_print", 3, "7", True),
    ("kernel.panic_print", 3, "5", False),
    ("kernel.printk", "4 4 1 7", "4\t4\t1\t7", True),
    ("kernel.printk", "4 4 1 7", "7\t4\t1\t7", False),
    ("kernel.panic_sys_info", "tasks", "tasks,mem", True),
    ("kernel.panic_sys_info", "tasks,locks", "tasks,mem", False),
    ("kernel.panic_sys_info", "tasks", None, False),
]
# Key, value, kernel release, a word of what is wrong with it.
WRONG: list[tuple[str, object, str | None, str]] = [
    ("kernel.softlockup_panic", 3, None, ""),
    ("kernel.softlockup_panic", 3, "7.0.4-amd64", ""),
    ("kernel.softlockup_panic", 3, "6.19.3", "from 0 to 1"),
    ("kernel.hung_task_panic", 3, "6.19.3", ""),
    ("kernel.hung_task_panic", 3, "6.1.0-56-amd64", "from 0 to 1"),
    ("kernel.hung_task_panic", 1, "6.1.0-56-amd64", ""),
    ("kernel.hung_task_panic", 3, "custom", ""),
    ("kernel.watchdog_thresh", 61, None, "from 0 to 60"),
    ("kernel.panic", True, None, "whole number"),
    ("kernel.panic", "10", None, "whole number"),
    ("kernel.printk", 4, None, "text"),
]
# A command line, the value of each setting that it gives and the word that does.
BOOT = [
    ("quiet nowatchdog", {"kernel.watchdog": ("0", "nowatchdog")}),
    ("nmi_watchdog=0", {"kernel.nmi_watchdog": ("0", "nmi_watchdog=0")}),
    ("nmi_watchdog=panic", {"kernel.hardlockup_panic": ("1", "nmi_watchdog=panic")}),
    ("softlockup_panic=1 softlockup_panic=0", {"kernel.softlockup_panic": ("0", "softlockup_panic=0")}),
    ("watchdog_thresh=20 x", {"kernel.watchdog_thresh": ("20", "watchdog_thresh=20")}),
    ("softlockup_panic panic oops=x", {}),
    ("quiet panic=30 panic=-1", {"kernel.panic": ("-1", "panic=-1")}),
    ("oops=panic", {"kernel.panic_on_oops": ("1", "oops=panic")}),
    # What takes no value is taken with any (obsolete_checksetup in init/main.c).
    ("unknown_nmi_panic=0", {"kernel.unknown_nmi_panic": ("1", "unknown_nmi_panic=0")}),
    ("panic_on_warn=1", {"kernel.panic_on_warn": ("1", "panic_on_warn=1")}),
    ("sysctl.kernel.panic=5 panic=1", {"kernel.panic": ("5", "sysctl.kernel.panic=5")}),
    ("sysctl.net/ipv4/ip_forward=1", {"net.ipv4.ip_forward": ("1", "sysctl.net/ipv4/ip_forward=1")}),
]


def test_all_knobs_are_there_and_the_probe_looks_at_each() -> None:
    assert sorted(sysctls.table()) == sorted(DOCUMENTED)
    seen = {path for path in probe.TEXT_GLOBS if path.startswith("/proc/sys/")}
    others = ("arch", "hostname", "osrelease", "random/boot_id", "version")
    assert seen == {row.file for row in sysctls.table().values()} | {f"/proc/sys/kernel/{name}" for name in others}


@pytest.mark.parametrize("key", DOCUMENTED)
def test_a_row_is_whole(key: str) -> None:
    row = sysctls.table()[key]
    assert row.how in HOW
    assert sum(map(bool, (row.range, row.numbers, row.words))) == 1
    assert row.default is None or not row.wrong(row.default)
    assert set(row.needs) <= set(sysctls.table())
    assert not row.panics or row.default == 0


@pytest.mark.parametrize("name", list(profiles.table()))
def test_a_profile_wants_what_every_kernel_takes(name: str) -> None:
    values = profiles.table()[name].sysctls
    assert set(values) <= set(sysctls.managed())
    assert {key: sysctls.table()[key].wrong(value, "5.10.0") for key, value in values.items()} == dict.fromkeys(
        values, ""
    )


@pytest.mark.parametrize(("key", "wanted", "shown", "enough"), ENOUGH)
def test_enough(key: str, wanted: sysctls.Value, shown: str | None, enough: bool) -> None:
    assert sysctls.table()[key].enough(shown, wanted) == enough


@pytest.mark.parametrize(("key", "value", "kernel", "words"), WRONG)
def test_wrong(key: str, value: object, kernel: str | None, words: str) -> None:
    found = sysctls.table()[key].wrong(value, kernel)
    assert words in found
    assert bool(words) == bool(found)


@pytest.mark.parametrize(("line", "values"), BOOT)
def test_boot_words(line: str, values: dict[str, tuple[str, str]]) -> None:
    assert sysctls.boot_words(line) == values
