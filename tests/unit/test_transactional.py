"""Systems that are judged and not changed: SUSE's transactional ones, and images of ostree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdump_enabler import evidence, probe
from kdump_enabler.audit import Audit, audit
from kdump_enabler.back_ends import by_hand
from kdump_enabler.changing.wanted import Reserve
from kdump_enabler.facts import crashkernel, machine, transactional
from kdump_enabler.finding import ENABLE, Severity
from kdump_enabler.policy import Policy
from tests.hosts import machines
from tests.hosts.faults.transactional import MICROOS, holds
from tests.hosts.faults.transactional import transactional as snapshots
from tests.hosts.machines import Raw
from tests.hosts.suse import TUMBLEWEED, ready, stock
from tests.unit.building import GIB, judge

LEFT = [name for name in machines.names() if machine.read(evidence.from_raw(machines.load(name))).changed_by]
SETUP = "transactional-update --non-interactive setup-kdump --crashkernel=256"
IN_IMAGE = 'in the image, the line `kargs = ["crashkernel=2G-64G:300M,64G-:512M"]` in /usr/lib/bootc/kargs.d/kdump.toml'
HERE = "`rpm-ostree kargs --append=crashkernel=2G-64G:300M,64G-:512M`, reboot"
GO_ON = SETUP.replace(" --non", " --continue --non")
# What parse_args of transactional-update 4.8.2 and later takes, and what its SETUP_KDUMP makes of it
TAKEN = re.compile(r" --crashkernel=(\d+)(?:,(\d+))?")
SIZES = st.integers(1, 4096).map(lambda size: f"{size}M") | st.integers(1, 1 << 22).map(lambda size: f"{size}K")


def made(running: int, default: int, here: bool, there: bool, words: str = "") -> Raw:
    """A machine with kdump in either snapshot; these words are in that one that boots next."""
    raw = (ready(MICROOS, "256M") if here else stock(MICROOS))()
    snapshots(running, default)(raw)
    if there:
        holds(raw, default, MICROOS, words)
    return raw


def remedies(found: Audit, identifier: str) -> list[str]:
    return [one.remedy for one in found.findings if one.id == identifier]


def words_of(option: str) -> str:
    """The command line that setup-kdump asks for."""
    low, high = TAKEN.fullmatch(option).groups()  # type: ignore[union-attr]
    return f"crashkernel={low}M,low crashkernel={high}M,high" if int(high or 0) > 0 else f"crashkernel={low}M"


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("256M", " --crashkernel=256"),
        ("1G-8G:256M,8G-:512M", " --crashkernel=256"),
        ("300000K", " --crashkernel=293"),
        ("300M,high crashkernel=72M,low", " --crashkernel=72,300"),
        ("300M,high", None),
        ("256M@16M", None),
        ("256M crashkernel=64M,cma", None),
    ],
)
def test_the_size_as_the_command_takes_it(text: str, option: str | None) -> None:
    asked = crashkernel.evaluate(f"crashkernel={text}", 4 * GIB)
    assert by_hand.size_argument(Reserve(text, asked.size_bytes, "", "", asked.low_bytes)) == option


@settings(max_examples=100, deadline=None)
@given(text=SIZES | st.tuples(SIZES, SIZES).map(lambda pair: f"{pair[0]},high crashkernel={pair[1]},low"))
def test_the_command_never_asks_for_less(text: str) -> None:
    asked = crashkernel.evaluate(f"crashkernel={text}", 64 * GIB)
    option = by_hand.size_argument(Reserve(text, asked.size_bytes, "", "", asked.low_bytes))
    assert option is not None
    got = crashkernel.evaluate(words_of(option), 64 * GIB)
    assert got.size_bytes >= asked.size_bytes
    assert got.low_bytes >= asked.low_bytes


def test_what_the_command_has_no_words_for_is_said() -> None:
    said = remedies(judge(machines.load("microos"), crashkernel="300M,high"), "KD010")
    assert said == ["state a reservation in MiB (kdump_crashkernel), as setup-kdump takes no other, then: " + ENABLE]


NEXT = {
    "microos": f"`{SETUP}`, reboot, then: {ENABLE}",
    "microos-unreserved": f"reboot, `{SETUP}`, reboot again, then: {ENABLE}",
    "fedora44-image-without": f"`rpm-ostree install kdump-utils`, reboot, then: {ENABLE}",
    "rhel9-image-mode": f"{IN_IMAGE}, and kexec-tools with kdump.service enabled; or here, {HERE}, then: {ENABLE}",
    "fedora44-image-unlike": f"{IN_IMAGE}, and kdump-utils with kdump.service enabled; or here, {HERE}, then: {ENABLE}",
}


@pytest.mark.parametrize("name", NEXT)
def test_one_line_says_what_to_type(name: str) -> None:
    found = judge(machines.load(name))
    errors = [one for one in found.findings if one.severity is Severity.ERROR]
    assert ({one.remedy for one in errors}, {one.by_hand for one in errors}) == ({NEXT[name]}, {True})


def test_an_administrators_larger_value_is_what_the_command_asks_for() -> None:
    raw = stock(MICROOS, "crashkernel=1G")()
    snapshots()(raw)
    assert remedies(judge(raw), "KD010")[0].startswith("`transactional-update --non-interactive setup-kdump --crash")
    assert "--crashkernel=1024`" in remedies(judge(raw), "KD010")[0]


@pytest.mark.parametrize(
    ("here", "there", "typed"),
    [
        (False, False, f"`{GO_ON}`, reboot, then"),  # installs it into the snapshot that waits
        (False, True, f"reboot, `{SETUP}`, reboot again, then"),  # zypper has nothing to do, so nothing is done
        (True, False, f"reboot, `{SETUP}`, reboot again, then"),  # nothing is installed there
        (True, True, f"`{GO_ON}`, reboot, then"),
    ],
)
def test_a_snapshot_that_waits_is_gone_on_with_where_that_works(here: bool, there: bool, typed: str) -> None:
    raw = made(1, 2, here, there)
    machines.write(raw, probe.SNAPSHOT_TEXTS[0].format(2), raw["files"]["/boot/grub2/grub.cfg"]["text"])
    machines.replace(raw, probe.SNAPSHOT_TEXTS[0].format(2), "crashkernel=256M" if here else "quiet", "quiet")
    assert {one.partition(": ")[0] for one in remedies(judge(raw), "KD021")} == {typed}


def test_a_transaction_that_lost_kdump_names_both_snapshots() -> None:
    (found,) = [one for one in judge(machines.load("microos-discarded")).findings if one.id == "KD093"]
    assert found.current == "snapshot 1 is the default, 2 runs; kdump is not in it"
    assert found.wanted.endswith("; `transactional-update rollback 2` stays with the one that runs")


def test_a_unit_that_was_not_enabled_there_is_told_before_the_reboot() -> None:
    raw = made(1, 2, here=False, there=True, words="crashkernel=256M")
    machines.remove(raw, probe.SNAPSHOT_STATS[1].format(2))
    (found,) = [one for one in judge(raw).findings if one.id == "KD093"]
    assert found.current.endswith("kdump.service does not start there")
    assert judge(raw).verdict.value == "drift"


def test_somebody_elses_transaction_without_kdump_is_no_fault_of_its_own() -> None:
    assert "KD093" not in [one.id for one in judge(made(1, 2, here=False, there=False)).findings]


def test_the_menu_is_that_of_the_snapshot_that_boots() -> None:
    facts = machine.read(evidence.from_raw(machines.load("microos-typed")))
    assert facts.next_entry is not None
    assert facts.menu.config == facts.next_entry.file == "/.snapshots/2/snapshot/boot/grub2/grub.cfg"


def test_what_was_applied_runs() -> None:
    """`transactional-update apply` mounts /usr, /etc and /boot of the default snapshot over those that booted."""
    raw = made(1, 2, here=True, there=False)
    raw["mounts"]["/usr"] = raw["mounts"]["/"] | {"options": "rw,subvol=/@/.snapshots/2/snapshot/usr"}
    assert transactional.pending(evidence.from_raw(raw)) is None


def test_what_has_the_tool_and_a_writable_root_is_changed_like_others() -> None:
    raw = machines.load("sles16-transactional")
    raw["mounts"]["/"]["options"] = raw["mounts"]["/"]["options"].replace("ro,", "rw,")
    assert judge(raw).plan.packages == ("kdump", "kexec-tools", "makedumpfile")


def test_the_menu_of_a_writable_system_is_its_own() -> None:
    """A rollback of snapper waits there: nothing is written into the other snapshot."""
    raw = made(1, 2, here=False, there=True)
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        machines.write(raw, path, TUMBLEWEED.identity)
    raw["mounts"]["/"]["options"] = raw["mounts"]["/"]["options"].replace("ro,", "rw,")
    found = judge(raw)
    assert found.facts is not None
    assert (found.facts.changed_by, found.facts.pending) == ("", None)
    assert found.plan.grub_config == {"path": "/boot/grub2/grub.cfg", "command": ["grub2-mkconfig"]}


def test_microos_is_left_to_its_tool_however_it_is_mounted() -> None:
    raw = machines.load("microos")
    raw["mounts"]["/"]["options"] = raw["mounts"]["/"]["options"].replace("ro,", "rw,")
    assert judge(raw).plan.empty


def test_there_are_machines_of_both_kinds() -> None:
    found = {judge(machines.load(name)).as_dict("x")["facts"]["changed_by"] for name in LEFT}
    assert found == {"transactional-update", "rpm-ostree"}


@pytest.mark.parametrize("goal", ["enable", "disable", "purge", "rollback"])
@pytest.mark.parametrize("name", LEFT)
def test_no_run_leaves_etc(name: str, goal: str) -> None:
    plan = audit(evidence.from_raw(machines.load(name)), Policy(), goal).plan
    changed = plan.leftovers + plan.crashkernel + plan.kdump_config + plan.panic_policy + plan.sysrq
    assert {change.path.rpartition("/")[0] for change in changed} <= {"/etc/sysctl.d", "/etc/sysconfig"}
    assert (plan.packages, plan.remove_packages, plan.regenerate_grub, plan.make_boot_files) == ((), (), False, False)
    assert (plan.grub_config, plan.boot_files) == (None, None)


@pytest.mark.parametrize("name", LEFT)
def test_what_makes_events_panic_is_written_only_where_a_dump_comes_out_or_will(name: str) -> None:
    found = judge(machines.load(name))
    assert found.facts is not None
    comes = found.facts.capture_loaded or by_hand.is_coming(found.facts, Policy()) or found.plan.restart_unit
    assert comes or (found.plan.empty and found.plan.refusal == "")
    assert bool(by_hand.first(found.facts, Policy())) is not bool(comes)


def test_disable_tells_what_to_type_and_takes_our_files_away_after_that() -> None:
    raw = machines.load("microos-ready")
    said = audit(evidence.from_raw(raw), Policy(), "disable").plan.refusal
    typed = "--non-interactive run pbl --del-option crashkernel --config`, then reboot"
    assert said.endswith(f"; type: `transactional-update {typed}")
    said = audit(evidence.from_raw(machines.load("microos-typed")), Policy(), "disable").plan.refusal
    assert said.endswith(f"; type: `transactional-update --continue {typed}")
    gone = audit(evidence.from_raw(machines.load("microos-discarded")), Policy(), "disable").plan
    assert [change.path for change in gone.panic_policy if change.absent] == ["/etc/sysctl.d/zz-kdump-enabler.conf"]


def ran(files: Mapping[str, Any], out: str, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], list[Any]]:
    commands: list[Any] = []
    monkeypatch.setattr(probe, "run", lambda argv: {"argv": list(argv), "rc": 0, "out": out})
    return probe.default_snapshot(commands, dict(files)), [one["argv"] for one in commands]


def test_the_probe_looks_into_the_default_snapshot_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    out = "ID 267 gen 95 top level 263 path @/.snapshots/12/snapshot\n"
    files, commands = ran({probe.TRANSACTIONAL: {"mode": 0o755}}, out, monkeypatch)
    assert commands == [["btrfs", "subvolume", "get-default", "/"]]
    assert sorted(files) == sorted(path.format(12) for path in probe.SNAPSHOT_TEXTS + probe.SNAPSHOT_STATS)
    assert {record["error"] for record in files.values()} == {"ENOENT"}


@pytest.mark.parametrize("out", ["", "ID 5 (FS_TREE)\n"])
def test_without_an_answer_it_looks_nowhere(out: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ran({probe.TRANSACTIONAL: {"mode": 0o755}}, out, monkeypatch)[0] == {}


def test_other_machines_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ran({probe.TRANSACTIONAL: {"error": "ENOENT"}}, "", monkeypatch) == ({}, [])
