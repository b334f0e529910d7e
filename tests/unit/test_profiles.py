"""Profiles on a machine: what each makes of it, that nothing gets weaker, and how one goes to another."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from kdump_enabler import evidence
from kdump_enabler.audit import Audit, audit
from kdump_enabler.changing.changes import FileChange
from kdump_enabler.facts.settings import PANIC_DROPIN, SYSRQ_DROPIN
from kdump_enabler.policy import Layer, Policy, profiles, sysctls
from kdump_enabler.policy.policy_file import HOST_FILE, in_effect
from tests.hosts import bases, machines
from tests.hosts.machines import Raw
from tests.unit.building import identifiers, judge
from tests.unit.converging import apply, converge, remembering

OTHER = "/etc/sysctl.d/50-admin.conf"
STANDARD = ["panic = 10", "panic_on_oops = 1", "panic_on_unrecovered_nmi = 1", "unknown_nmi_panic = 1"]
BARE_METAL = [*STANDARD, "hardlockup_panic = 1", "panic_on_io_nmi = 1", "softlockup_panic = 1"]
BACKTRACES = [f"{name}_all_cpu_backtrace = 1" for name in ("hardlockup", "hung_task", "oops", "softlockup")]
# Profile, the lines of our drop-in on a machine where nobody else set anything, `kernel.` left out.
PLANS: list[tuple[str, list[str]]] = [
    ("minimal", ["panic = 10", "panic_on_oops = 1"]),
    ("standard", STANDARD),
    ("vm", [*STANDARD, "max_rcu_stall_to_panic = 3", "panic_on_rcu_stall = 1", "watchdog_thresh = 30"]),
    ("bare-metal", BARE_METAL),
    ("cluster-node", [*BARE_METAL, "panic_on_rcu_stall = 1"]),
    (
        "forensic",
        [
            *BARE_METAL,
            *BACKTRACES,
            "hung_task_panic = 1",
            "hung_task_timeout_secs = 600",
            "panic_on_rcu_stall = 1",
            "vm.panic_on_oom = 1",
        ],
    ),
    ("article", [*STANDARD, "vm.panic_on_oom = 2"]),
]


def ready(**files: str) -> Raw:
    """A machine that is set up, with all its kernel's settings and with somebody's own file."""
    raw = bases.ready()
    bases.knobs(raw)
    machines.write(raw, HOST_FILE, "")
    machines.remove(raw, HOST_FILE)
    if files:
        lines = (f"{'vm' if key == 'panic_on_oom' else 'kernel'}.{key} = {value}\n" for key, value in files.items())
        machines.write(raw, OTHER, "".join(lines))
    return raw


def lines(change: FileChange | Raw) -> list[str]:
    text = (change.text if isinstance(change, FileChange) else change["text"]) or ""
    return sorted(line.removeprefix("kernel.") for line in text.splitlines() if not line.startswith("#"))


def ours(raw: Raw, path: str = PANIC_DROPIN) -> list[str]:
    return lines(raw["files"][path])


def running(raw: Raw, key: str) -> str:
    return str(raw["files"][sysctls.table()[key].file]["text"]).strip()


def told(raw: Raw, **values: Any) -> Audit:
    """Another run on the same machine, which is told these values and goes by what it remembers else."""
    found = remembering(raw, Layer("command line", {f"kdump_{name}": value for name, value in values.items()}))
    apply(raw, found.plan)
    return found


def test_all_profiles_are_played() -> None:
    assert [name for name, _ in PLANS] == list(profiles.table())


@pytest.mark.parametrize(("name", "wanted"), PLANS)
def test_a_profile_is_written_set_and_remembered(name: str, wanted: list[str]) -> None:
    raw = ready()
    looks = converge(raw, panic_profile=name)
    assert looks[-1].plan.empty
    assert ours(raw) == sorted(wanted)
    wants = [key for key in Policy(panic_profile=name).sysctl_wanted() if key != "kernel.panic_on_stackoverflow"]
    assert [key for key in wants if running(raw, key) == "0"] == []
    assert yaml.safe_load(raw["files"][HOST_FILE]["text"]) == {"kdump_panic_profile": name}


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("vm", "softlockup_panic", "1"),
        ("cluster-node", "hung_task_panic", "1"),
        ("cluster-node", "panic_on_oom", "2"),
        ("forensic", "panic_on_oom", "2"),
        ("forensic", "hung_task_timeout_secs", "1200"),
        ("vm", "watchdog_thresh", "20"),
        ("vm", "max_rcu_stall_to_panic", "1"),
    ],
)
def test_what_somebody_wrote_stays(name: str, key: str, value: str) -> None:
    """A stronger value, a zero that a profile only does not demand, and a time that is neither stronger nor weaker."""
    raw = ready(**{key: value})
    long = f"vm.{key}" if key == "panic_on_oom" else f"kernel.{key}"
    machines.write(raw, sysctls.table()[long].file, f"{value}\n")
    converge(raw, panic_profile=name)
    assert [line for line in ours(raw) if key in line] == []
    assert running(raw, long) == value


def test_a_stated_key_is_exactly_that_over_the_profile() -> None:
    raw = ready(softlockup_panic="1")
    converge(raw, panic_profile="vm", sysctls={"kernel.softlockup_panic": 0, "kernel.panic_on_rcu_stall": None})
    assert "softlockup_panic = 0" in ours(raw)
    assert "panic_on_rcu_stall = 1" not in ours(raw)
    assert running(raw, "kernel.softlockup_panic") == "0"


def test_a_time_that_only_the_kernel_chose_is_changed_before_it_matters() -> None:
    """120 seconds are the kernel's own: a storage that fails over would panic the machine."""
    raw = ready()
    converge(raw, panic_profile="forensic")
    assert running(raw, "kernel.hung_task_timeout_secs") == "600"


def test_another_profile_takes_the_former_one_away() -> None:
    raw = ready()
    converge(raw, panic_profile="forensic")
    machines.write(raw, sysctls.table()["kernel.softlockup_panic"].file, "0\n")  # somebody's own, since
    found = told(raw, panic_profile="vm").plan.sysctls or {}
    assert ours(raw) == sorted(dict(PLANS)["vm"])
    assert found == {
        **dict.fromkeys(
            (f"kernel.{name}_all_cpu_backtrace" for name in ("hardlockup", "hung_task", "oops", "softlockup")), 0
        ),
        **dict.fromkeys(
            ("kernel.hardlockup_panic", "kernel.hung_task_panic", "kernel.panic_on_io_nmi", "vm.panic_on_oom"), 0
        ),
        "kernel.hung_task_timeout_secs": 120,
        "kernel.max_rcu_stall_to_panic": 3,
        "kernel.watchdog_thresh": 30,
    }
    assert remembering(raw).plan.empty


def test_what_others_want_too_is_not_given_back() -> None:
    raw = ready()
    converge(raw, panic_profile="bare-metal")
    machines.write(raw, OTHER, "kernel.softlockup_panic = 1\n")
    found = told(raw, panic_profile="standard").plan.sysctls or {}
    assert set(found) == {"kernel.hardlockup_panic", "kernel.panic_on_io_nmi"}


def test_a_plain_run_keeps_the_profile() -> None:
    raw = ready()
    converge(raw, panic_profile="bare-metal")
    assert told(raw).plan.empty
    assert told(raw, crashkernel="512M").plan.panic_policy == ()


def test_without_a_capture_kernel_only_what_does_not_panic_goes_live() -> None:
    raw = ready()
    machines.kernel(raw, kexec_crash_loaded="0", panic_on_oops="0", unknown_nmi_panic="0", panic_on_unrecovered_nmi="0")
    found = judge(raw, panic_profile="forensic")
    assert [key for key in found.plan.sysctls or {} if sysctls.table()[key].panics] == []
    assert (found.plan.sysctls or {})["kernel.hung_task_timeout_secs"] == 600
    waiting = [finding for finding in found.findings if finding.id == "KD061" and finding.by_hand]
    assert len(waiting) == 9


def test_a_value_that_this_kernel_does_not_take_is_refused() -> None:
    raw = ready()
    refusal = judge(raw, sysctls={"kernel.softlockup_panic": 3}).plan.refusal
    assert refusal == (
        "kdump_sysctls.kernel.softlockup_panic: 3 is not from 0 to 1, which is what Linux 6.1.0-56-amd64 takes"
    )
    machines.kernel(raw, osrelease="7.1.3-amd64")
    assert judge(raw, sysctls={"kernel.softlockup_panic": 3}).plan.refusal == ""


def test_text_values_are_compared_as_the_kernel_shows_them() -> None:
    raw = ready()
    assert "kernel.printk" not in (judge(raw, sysctls={"kernel.printk": "4 4 1 7"}).plan.sysctls or {})
    converge(raw, sysctls={"kernel.printk": "3 4 1 3"})
    assert running(raw, "kernel.printk") == "3 4 1 3"
    assert "printk = 3 4 1 3" in ours(raw)


@pytest.mark.parametrize(("file", "live", "line"), [("438", "438", ["sysrq = 1"]), ("0", "0", []), ("1", "1", [])])
def test_the_article_opens_all_keys_unless_sysrq_is_off(file: str, live: str, line: list[str]) -> None:
    raw = ready(sysrq=file)
    machines.remove(raw, SYSRQ_DROPIN)
    machines.kernel(raw, sysrq=live)
    looks = converge(raw, panic_profile="article")
    assert running(raw, "kernel.sysrq") == ("0" if file == "0" else "1")
    assert ("KD071 info" in identifiers(looks[-1])) == (file == "0")
    if line:
        assert ours(raw, SYSRQ_DROPIN) == line
    else:
        assert raw["files"][SYSRQ_DROPIN]["error"] == "ENOENT"


def test_leaving_sysrq_alone_is_remembered() -> None:
    """`enable --no-sysrq`, then `enable` without a word about it."""
    raw = ready()
    machines.remove(raw, SYSRQ_DROPIN)
    machines.kernel(raw, sysrq="438")
    converge(raw, sysrq="keep")
    assert raw["files"][SYSRQ_DROPIN]["error"] == "ENOENT"
    later = told(raw)
    assert (later.plan.empty, later.plan.sysrq) == (True, ())
    assert [finding.id for finding in later.findings if finding.id == "KD070"] == []
    assert running(raw, "kernel.sysrq") == "438"


def test_disable_gives_back_what_the_profile_set() -> None:
    raw = ready()
    converge(raw, panic_profile="vm")
    seen = evidence.from_raw(raw)
    plan = audit(seen, in_effect(seen, []), "disable").plan
    assert plan.sysctls == {
        "kernel.max_rcu_stall_to_panic": 1,
        "kernel.panic_on_oops": 0,
        "kernel.panic_on_rcu_stall": 0,
        "kernel.panic_on_unrecovered_nmi": 0,
        "kernel.unknown_nmi_panic": 0,
        "kernel.watchdog_thresh": 10,
    }


def test_what_another_file_says_takes_effect_again() -> None:
    raw = ready(softlockup_panic="0", watchdog_thresh="10")
    converge(raw, panic_profile="bare-metal", sysctls={"kernel.watchdog_thresh": 40})
    assert (running(raw, "kernel.softlockup_panic"), running(raw, "kernel.watchdog_thresh")) == ("1", "40")
    found = told(raw, panic_profile="standard", sysctls={"kernel.watchdog_thresh": None}).plan.sysctls or {}
    assert (found["kernel.softlockup_panic"], found["kernel.watchdog_thresh"]) == (0, 10)
