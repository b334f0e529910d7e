"""The plan: it does what can be done, nothing else, and once it is done nothing is left to do."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdump_enabler.audit import audit
from kdump_enabler.evidence import from_raw
from kdump_enabler.facts.backups import ROOT
from kdump_enabler.finding import ENABLE, Severity
from kdump_enabler.policy import Policy
from tests.hosts import bases, machines
from tests.hosts.machines import Raw
from tests.unit.building import MIB, judge
from tests.unit.converging import converge, update_grub

BASES = {"pristine": bases.pristine, "installed": bases.installed, "ready": bases.ready}
READY = [
    "debian12-ready",
    "debian12-larger-stays",
    "debian12-sysrq-all",
    "debian12-sysrq-off",
    "debian12-panic-at-once",
]
VALUES = st.sampled_from(["-1", "0", "1", "2", "8", "16", "176", "184", "438", "0x1b6"])
KEYS = st.sampled_from(["panic", "panic_on_oops", "unknown_nmi_panic", "panic_on_unrecovered_nmi", "sysrq"])
FILES = st.dictionaries(KEYS, VALUES, max_size=3)
RESERVED = st.sampled_from(["", "128M", "256M", "1G", "auto", "512M,high", "384M-:128M", "1G-8G:64M"])


@pytest.mark.parametrize("name", machines.names())
def test_what_enable_can_mend_is_in_the_plan(name: str) -> None:
    """A finding that says `enable` is a promise."""
    found = judge(machines.load(name))
    promised = [
        finding.id
        for finding in found.findings
        if finding.severity is Severity.ERROR and finding.remedy == ENABLE and not finding.by_hand
    ]
    assert not promised or found.plan.refusal or not found.plan.empty, promised


@pytest.mark.parametrize("name", READY)
def test_a_ready_machine_needs_nothing(name: str) -> None:
    plan = judge(machines.load(name)).plan
    assert (plan.empty, plan.refusal, plan.regenerate_grub, plan.sysctls) == (True, "", False, None)


@settings(max_examples=30, deadline=None)
@given(base=st.sampled_from(sorted(BASES)), files=FILES, words=RESERVED, running=FILES)
def test_done_once_nothing_is_left(base: str, files: dict[str, str], words: str, running: dict[str, str]) -> None:
    looks = converge(altered(base, files, words, running))
    last = looks[-1]
    assert last.plan.empty, last.plan.steps()
    left = [
        f"{finding.id} {finding.title}"
        for finding in last.findings
        if finding.severity is Severity.ERROR and not finding.by_hand and not finding.needs_reboot
    ]
    assert left == []


@settings(max_examples=20, deadline=None)
@given(base=st.sampled_from(sorted(BASES)), files=FILES, words=RESERVED)
def test_the_next_boot_is_never_weaker(base: str, files: dict[str, str], words: str) -> None:
    looks = converge(altered(base, files, words, {}))
    before, after = looks[0].facts, looks[-1].facts
    assert before is not None
    assert after is not None
    assert before.next_boot is not None
    assert after.next_boot is not None
    assert after.next_boot.size_bytes >= max(before.next_boot.size_bytes, 256 * MIB)
    for key, setting in before.settings.items():
        old, new = setting.next_boot_of_others, after.settings[key].next_boot
        if old is not None and key != "kernel.sysrq" and old.value != "0":
            assert new is not None
            assert new.value == old.value or int(new.value) >= 1


@pytest.mark.parametrize("base", ["pristine", "ready"])
def test_an_administrators_larger_reservation_outlives_the_packages_drop_in(base: str) -> None:
    """kdump-tools appends its own crashkernel= after the administrator's, and the kernel obeys the last."""
    raw = BASES[base]()
    for path in (bases.GRUB_DROPIN, "/etc/default/grub.d/kdump-tools.cfg"):
        machines.remove(raw, path)
    machines.replace(raw, "/etc/default/grub", '"quiet"', '"quiet crashkernel=1G"')
    update_grub(raw)
    facts = converge(raw)[-1].facts
    assert facts is not None
    assert facts.next_boot is not None
    assert facts.next_boot.text == "crashkernel=1G"


def test_a_larger_pair_outlives_it_too() -> None:
    """`,high` and `,low` count only without a plain one, so the package's plain one would switch them off."""
    pair = "crashkernel=512M,high crashkernel=64M,low"
    raw = bases.pristine()
    machines.replace(raw, "/etc/default/grub", '"quiet"', f'"quiet {pair}"')
    update_grub(raw)
    facts = converge(raw)[-1].facts
    assert facts is not None
    assert facts.next_entry is not None
    words = [word for word in facts.next_entry.command_line.split() if word.startswith("crashkernel=")]
    assert words == pair.split()


def altered(base: str, files: dict[str, str], words: str, running: dict[str, str]) -> Raw:
    raw = BASES[base]()
    if files:
        text = "".join(f"kernel.{key} = {value}\n" for key, value in files.items())
        machines.write(raw, "/etc/sysctl.d/50-admin.conf", text)
    if words:
        machines.replace(raw, "/etc/default/grub", '"quiet"', f'"quiet crashkernel={words}"')
    update_grub(raw)
    machines.kernel(raw, **running)
    return raw


def test_a_wrong_switch_is_turned_on_in_its_line() -> None:
    raw = machines.load("debian12-switched-off")
    machines.replace(raw, "/etc/default/kdump-tools", "USE_KDUMP=0", "# why\nUSE_KDUMP=0 # off")
    (change,) = judge(raw).plan.kdump_config
    assert (change.path, change.lines) == ("/etc/default/kdump-tools", {"2": "USE_KDUMP=1 # off"})


@pytest.mark.parametrize("state", ["disabled", "enabled-runtime"])
def test_a_unit_that_is_not_enabled_for_good_is_enabled(state: str) -> None:
    raw = machines.load("debian12-ready")
    machines.unit(raw, UnitFileState=state)
    assert judge(raw).plan.enable_unit == "kdump-tools.service"


def test_panics_go_live_only_with_a_capture_kernel() -> None:
    raw = machines.load("debian12-ready")
    machines.kernel(raw, panic="0", panic_on_oops="0", unknown_nmi_panic="0", panic_on_unrecovered_nmi="0")
    armed = judge(raw).plan.sysctls
    assert armed == {
        "kernel.panic": 10,
        "kernel.panic_on_oops": 1,
        "kernel.panic_on_unrecovered_nmi": 1,
        "kernel.unknown_nmi_panic": 1,
    }
    machines.kernel(raw, kexec_crash_loaded="0")
    assert judge(raw).plan.sysctls == {"kernel.panic": 10}


def test_answers_are_given_only_before_the_first_installation() -> None:
    before, after = judge(machines.load("debian12-pristine")).plan, judge(machines.load("debian12-ready")).plan
    assert [(answer["question"], answer["value"]) for answer in before.debconf] == [("kexec-tools/load_kexec", "false")]
    assert after.debconf == ()


@pytest.mark.parametrize(("free", "refused"), [(1 * MIB, True), (64 * MIB, False)])
def test_room_for_grub_cfg(free: int, refused: bool) -> None:
    raw = machines.load("debian12-boot-full")
    raw["mounts"]["/boot"]["free"] = free
    plan = judge(raw).plan
    assert (bool(plan.refusal), plan.empty) == (refused, refused)


def test_a_broken_grub_default_stops_nothing_that_leaves_grub_alone() -> None:
    raw = machines.load("debian12-switched-off")
    fault = machines.load("debian12-unbalanced-quotes")["commands"][2]
    raw["commands"] = [run for run in raw["commands"] if run["argv"][:2] != ["sh", "-n"]] + [fault]
    plan = judge(raw).plan
    assert (plan.refusal, plan.restart_unit) == ("", "kdump-tools.service")


def test_take_away() -> None:
    plan = audit(from_raw(machines.load("debian12-ready")), Policy(), "disable").plan
    gone = sorted(change.path for change in plan.kdump_config + plan.panic_policy + plan.sysrq if change.absent)
    assert gone == [
        "/etc/sysctl.d/zz-kdump-enabler-sysrq.conf",
        "/etc/sysctl.d/zz-kdump-enabler.conf",
        "/etc/systemd/system/kdump-tools-dump.service.d/zz-kdump-enabler.conf",
    ]
    assert (plan.regenerate_grub, plan.disable_unit) == (True, "kdump-tools.service")
    off = dict.fromkeys(("panic_on_oops", "panic_on_unrecovered_nmi", "unknown_nmi_panic"), 0)
    assert plan.sysctls == {f"kernel.{key}": value for key, value in off.items()}


def test_taken_away_is_taken_away() -> None:
    raw = machines.load("debian12-ready")
    (change,) = audit(from_raw(raw), Policy(), "disable").plan.crashkernel
    machines.write(raw, change.path, change.text or "")
    update_grub(raw)
    facts = judge(raw).facts
    assert facts is not None
    assert facts.next_boot is not None
    assert facts.next_boot.text == ""


def test_nothing_is_planned_for_what_is_not_ours() -> None:
    plans = [judge(machines.load(name)).plan for name in ("debian12-container", "examplix")]
    assert [(plan.empty, plan.packages, plan.debconf) for plan in plans] == [(True, (), ())] * 2


def test_purge_removes_what_we_installed_and_is_there() -> None:
    raw = machines.load("debian12-ready")
    manifest = {
        "created_at": "",
        "tool_version": "",
        "files": [],
        "packages": ["kdump-tools", "crash", "initramfs-tools-core"],
    }
    raw["directories"][ROOT] = {"names": ["20260101T000000Z"]}
    machines.write(raw, f"{ROOT}/20260101T000000Z/manifest.json", json.dumps(manifest))
    assert audit(from_raw(raw), Policy(), "disable").plan.remove_packages == ()
    assert audit(from_raw(raw), Policy(), "purge").plan.remove_packages == ("kdump-tools", "initramfs-tools-core")
    del raw["directories"][ROOT]
    assert audit(from_raw(raw), Policy(), "purge").plan.remove_packages == ()
