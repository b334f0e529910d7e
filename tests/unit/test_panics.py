"""What is said of panics that cannot happen, and by which words; the findings themselves are in tests/hosts."""

from __future__ import annotations

import pytest

from kdump_enabler import probe
from kdump_enabler.facts import containers
from kdump_enabler.finding import Finding
from tests.hosts import machines
from tests.unit.building import judge, seen

NO_COUNTER = "NMI watchdog: Perf NMI watchdog permanently disabled"


def the(identifier: str, name: str, **variables: object) -> Finding:
    raw = machines.load(name)
    (found,) = [one for one in judge(raw, **variables).findings if one.id == identifier]
    return found


@pytest.mark.parametrize(
    ("name", "keys", "where", "remedy"),
    [
        (
            "debian12-nowatchdog",
            "hardlockup_panic and kernel.softlockup_panic do ",
            "/proc/cmdline",
            "take nowatchdog off",
        ),
        ("debian12-no-nmi-word", "kernel.hardlockup_panic does ", "/proc/cmdline", "take nmi_watchdog=0 off"),
        (
            "debian12-detector-file",
            "softlockup_panic does ",
            "/etc/sysctl.d/60-quiet.conf",
            "out of /etc/sysctl.d/60-quiet.conf:2",
        ),
    ],
)
def test_who_switched_a_detector_off(name: str, keys: str, where: str, remedy: str) -> None:
    found = the("KD063", name, panic_profile="bare-metal")
    assert keys in found.title
    assert (found.evidence[0].source, remedy in found.remedy) == (where, True)


def test_a_detector_that_nobody_switched_off() -> None:
    """KVM guests have no NMI watchdog unless it is asked for."""
    raw = machines.load("debian12-no-nmi-word")
    machines.replace(raw, "/proc/cmdline", " nmi_watchdog=0", "")
    (found,) = [one for one in judge(raw, panic_profile="bare-metal").findings if one.id == "KD063"]
    assert found.evidence[0].source == "/proc/sys/kernel/nmi_watchdog"
    assert "kdump_panic_profile: vm" in found.remedy


@pytest.mark.parametrize("profile", ["minimal", "standard", "vm", "article"])
def test_a_detector_that_nobody_counts_on(profile: str) -> None:
    found = judge(machines.load("debian12-nowatchdog"), panic_profile=profile).findings
    assert [one.id for one in found if one.id == "KD063"] == []


@pytest.mark.parametrize(("profile", "severity"), [("standard", "info"), ("bare-metal", "warning"), ("vm", None)])
def test_a_machine_that_nothing_sees_hang(profile: str, severity: str | None) -> None:
    found = judge(machines.load("debian12-no-counter"), panic_profile=profile).findings
    assert [one.severity.value for one in found if one.id == "KD064"] == ([severity] if severity else [])
    assert [one.id for one in found if one.id == "KD063"] == []


def test_a_profile_that_panics_on_a_container_s_limit_is_told_before_it_is_in_effect() -> None:
    raw = machines.load("debian12-oom-containers-at-one")
    (found,) = [one for one in judge(raw, panic_profile="article").findings if one.id == "KD067"]
    assert found.current == "vm.panic_on_oom = 2 is wanted"
    assert [source.source for source in found.evidence][1] == "/run/containerd/containerd.sock"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/run/docker.sock", True),
        ("/sys/fs/cgroup/machine.slice/libpod-6f1c.scope", True),
        ("/sys/fs/cgroup/system.slice/kubelet.service", True),
        ("/sys/fs/cgroup/system.slice/cron.service", False),
    ],
)
def test_marks_of_containers(path: str, told: bool) -> None:
    assert bool(containers.mark(seen({path: ""}))) == told


def test_the_probe_looks_for_each_mark() -> None:
    assert set(containers.MARKS) <= set(probe.STAT_GLOBS)


def test_the_probe_keeps_the_line_of_the_kernel_log() -> None:
    assert probe.KERNEL_LOG_LINES.search(NO_COUNTER)
