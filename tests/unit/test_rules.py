"""Rules on machines that differ from a recorded one in a single thing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kdump_enabler.audit import Audit
from kdump_enabler.rules.words import AS_ROOT
from kdump_enabler.verdict import Verdict
from tests.hosts import bases, machines
from tests.hosts.machines import Raw
from tests.unit.building import MIB, identifiers, judge
from tests.unit.converging import remembering


def after(change: Callable[[Raw], object], name: str = "debian12-ready") -> Audit:
    raw = machines.load(name)
    change(raw)
    return judge(raw)


def closed_sysctl_file(raw: Raw) -> None:
    raw["euid"] = 1000
    machines.remove(raw, "/etc/sysctl.d/zz-kdump-enabler.conf")
    machines.write(raw, "/etc/sysctl.d/50-admin.conf", "")
    machines.unreadable(raw, "/etc/sysctl.d/50-admin.conf")


def closed_to_root(raw: Raw) -> None:
    closed_sysctl_file(raw)
    raw["euid"] = 0


def test_a_closed_sysctl_file_may_set_anything() -> None:
    """Unknown is a value: neither absent nor good."""
    found = [finding for finding in after(closed_sysctl_file).findings if finding.id == "KD060"]
    assert found
    assert all(finding.unseen for finding in found)


def test_root_is_not_told_to_become_root() -> None:
    found = {closed: after(closed) for closed in (closed_sysctl_file, closed_to_root)}
    remedies = {closed: {one.remedy for one in audit.findings if one.unseen} for closed, audit in found.items()}
    assert remedies[closed_sysctl_file] == {AS_ROOT}
    assert remedies[closed_to_root] == {"look at /etc/sysctl.d/50-admin.conf yourself: root could not tell, either"}


@pytest.mark.parametrize("command", [0, 1])
def test_a_tool_that_gave_no_answer(command: int) -> None:
    def silent(raw: Raw) -> None:
        raw["commands"][command] |= {"rc": None, "out": ""}

    found = after(silent)
    assert found.verdict is Verdict.UNKNOWN
    assert all(finding.unseen for finding in found.findings)


def test_no_dump_directory() -> None:
    def gone(raw: Raw) -> None:
        raw["directories"]["/var/crash"] = {"error": "ENOENT", "dumps": {}}

    assert identifiers(after(gone)) == ["KD059 warning"]


@pytest.mark.parametrize(("mode", "found"), [(0o755, ["KD051 error"]), (0o1777, ["KD051 error"]), (0o700, [])])
def test_new_dumps_are_private(mode: int, found: list[str]) -> None:
    def public(raw: Raw) -> None:
        raw["directories"]["/var/crash"]["mode"] = mode
        raw["commands"][1]["out"] = raw["commands"][1]["out"].replace("UMask=0077", "UMask=0022")

    assert identifiers(after(public)) == found


def test_a_closed_way_makes_open_dumps_private() -> None:
    def close(raw: Raw) -> None:
        raw["directories"]["/var/crash"]["mode"] = 0o750

    assert identifiers(after(close, "debian12-dumps-readable")) == []


def test_the_dump_directory_of_the_configuration_counts() -> None:
    def moved(raw: Raw) -> None:
        machines.replace(raw, "/etc/default/kdump-tools", "/var/crash", "/srv/dumps")
        raw["directories"]["/srv/dumps"] = {"error": "ENOENT", "dumps": {}}

    (found,) = after(moved).findings
    assert (found.id, "/srv/dumps" in found.current) == ("KD059", True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("LOAD_KEXEC=true\n", ["KD024 warning"]),
        ('LOAD_KEXEC="true"\n', ["KD024 warning"]),
        ("LOAD_KEXEC=false\n", []),
        ("LOAD_KEXEC=yes\n", []),  # /etc/init.d/kexec-load compares with `true`
        ("#LOAD_KEXEC=true\n", []),
    ],
)
def test_reboots_through_kexec(text: str, found: list[str]) -> None:
    assert identifiers(after(lambda raw: machines.write(raw, "/etc/default/kexec", text))) == found


def test_a_loaded_kexec_kernel_is_one_too() -> None:
    assert identifiers(after(lambda raw: machines.kernel(raw, kexec_loaded="1"))) == ["KD024 warning"]


def test_the_place_of_the_fault_is_named() -> None:
    found = judge(machines.load("debian12-unbalanced-quotes"))
    (fault,) = [finding for finding in found.findings if finding.id == "KD022"]
    (source,) = fault.evidence
    assert source.source == "/etc/default/grub"
    assert "a quote is opened" in source.text
    assert source.line > 0


def test_less_at_the_next_boot_than_now() -> None:
    """An update of the package's drop-in, say: ready today, not tomorrow."""

    def shrunk(raw: Raw) -> None:
        machines.replace(raw, "/boot/grub/grub.cfg", "crashkernel=" + bases.OURS, "crashkernel=64M")

    found = after(shrunk)
    assert (identifiers(found), found.verdict, found.captures_now) == (["KD021 error"], Verdict.DRIFT, True)


def test_no_initrd_for_the_running_kernel() -> None:
    def no_initrd(raw: Raw) -> None:
        del raw["files"][f"/var/lib/kdump/initrd.img-{bases.KERNEL}"]
        machines.kernel(raw, kexec_crash_loaded="0")

    found = after(no_initrd)
    assert (identifiers(found), found.verdict) == (["KD030 error", "KD042 error"], Verdict.BROKEN)


def test_a_unit_that_is_off() -> None:
    found = after(lambda raw: machines.unit(raw, UnitFileState="disabled"))
    assert (identifiers(found), found.verdict, found.captures_now) == (["KD040 error"], Verdict.DRIFT, True)


def ram(mib: int) -> Callable[[Raw], None]:
    return lambda raw: machines.write(raw, "/proc/iomem", f"00000000-{mib * MIB - 1:x} : System RAM\n")


@pytest.mark.parametrize(("size", "warned"), [(768, True), (1024, True), (1920, True), (1921, False), (4096, False)])
def test_small_machines_are_told(size: int, warned: bool) -> None:
    assert ("KD023 warning" in identifiers(after(ram(size), "debian12-pristine"))) == warned


def test_a_machine_too_small_gets_no_reservation() -> None:
    plan = after(ram(768), "debian12-pristine").plan
    assert (plan.crashkernel, plan.regenerate_grub) == ((), False)


@pytest.mark.parametrize("mark", ["/run/systemd/container", "/.dockerenv", "/run/.containerenv"])
def test_containers(mark: str) -> None:
    found = after(lambda raw: machines.write(raw, mark, ""))
    assert (found.verdict, found.findings) == (Verdict.UNSUPPORTED, ())


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: machines.write(raw, "/proc/sys/kernel/osrelease", "5.15.167.4-microsoft-standard-WSL2\n"),
        lambda raw: machines.remove(raw, "/sys/kernel/kexec_crash_loaded"),
        lambda raw: machines.write(raw, "/run/ostree-booted", ""),
        lambda raw: machines.remove(raw, "/boot/grub/grub.cfg"),
    ],
    ids=["wsl", "no kexec", "ostree", "no grub.cfg"],
)
def test_not_ours_to_configure(change: Callable[[Raw], object]) -> None:
    found = after(change)
    assert found.verdict is Verdict.UNSUPPORTED
    assert found.plan.empty
    assert found.facts is not None
    assert found.facts.unsupported


def test_every_finding_says_where_and_what_to_do() -> None:
    for name in machines.names():
        for finding in remembering(machines.load(name)).findings:
            assert finding.evidence, f"{name} {finding.id}"
            assert all((finding.title, finding.current, finding.wanted, finding.remedy)), f"{name} {finding.id}"


def test_a_reservation_that_failed_is_not_mended_by_a_reboot() -> None:
    """The kernel was asked for what the next boot asks for, too, and reserved nothing: rebooting again is no remedy."""

    def fail(raw: Raw) -> None:
        machines.kernel(raw, kexec_crash_size="0", kexec_crash_loaded="0")

    found = after(fail, "debian12-ready")
    assert (found.verdict.value, found.needs_reboot) == ("broken", False)


def test_dumps_to_another_machine_are_not_judged_by_the_local_disk() -> None:
    def send(raw: Raw) -> None:
        machines.replace(raw, "/etc/default/kdump-tools", "USE_KDUMP=1", 'USE_KDUMP=1\nSSH="kdump@vault"')

    found = after(send, "debian12-ready")
    assert (found.verdict.value, found.captures_now) == ("unknown", None)


def test_an_empty_switch_is_off() -> None:
    def empty(raw: Raw) -> None:
        machines.replace(raw, "/etc/default/kdump-tools", "USE_KDUMP=1", "USE_KDUMP=")

    assert "KD041 error" in identifiers(after(empty, "debian12-ready"))


def test_what_works_now_goes_on_working() -> None:
    """A stronger live SysRq is not replaced by what the next boot gets."""

    def open_all(raw: Raw) -> None:
        machines.kernel(raw, sysrq="1")

    assert after(open_all, "debian12-pristine").plan.sysctls == {"kernel.panic": 10}


def test_another_architecture_is_unsupported() -> None:
    def riscv(raw: Raw) -> None:
        raw["machine"] = "riscv64"
        machines.write(raw, "/proc/sys/kernel/arch", "riscv64\n")

    assert after(riscv, "debian12-pristine").verdict.value == "unsupported"


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        (lambda _: None, 'set KDUMP_KEXEC_ARGS="-s" in /etc/default/kdump-tools'),
        (lambda raw: loading_option(raw, "-s"), "boot a signed kernel"),
        (lambda raw: loading_option(raw, "--elf64-core-headers"), "set KDUMP_KEXEC_ARGS"),
        (
            lambda raw: raw["kernel_log"]["lines"].append("kexec_file: kernel signature verification failed"),
            "boot a sig",
        ),
    ],
)
def test_what_helps_against_lockdown(change: Callable[[Raw], None], remedy: str) -> None:
    found = after(change, "debian12-locked-down")
    assert {finding.id for finding in found.findings if finding.remedy.startswith(remedy)} == {"KD030", "KD034"}
    assert found.plan.empty


def loading_option(raw: Raw, option: str) -> None:
    machines.replace(raw, bases.CONFIG, "USE_KDUMP=1", f'USE_KDUMP=1\nKDUMP_KEXEC_ARGS="{option}"')


@pytest.mark.parametrize(
    "line",
    [
        "crashkernel reservation failed - No suitable area found.",
        "crashkernel reservation failed - memory is in use.",
        "cannot allocate crashkernel (size:0x10000000)",
        "crashkernel size resulted in zero bytes",
        "crashkernel: Memory value expected",
    ],
)
def test_the_kernel_s_words_about_a_failed_reservation(line: str) -> None:
    def say(raw: Raw) -> None:
        raw["kernel_log"]["lines"][1] = line

    (found,) = [finding for finding in after(say, "debian12-reservation-failed").findings if finding.id == "KD020"]
    assert [source.text for source in found.evidence if source.source == "/dev/kmsg"] == [line]


def test_a_stopped_unit_has_not_failed() -> None:
    def stop(raw: Raw) -> None:
        machines.unit(raw, ActiveState="inactive", SubState="dead")

    assert identifiers(after(stop, "debian12-load-failed")) == ["KD030 error"]


def test_a_chosen_initrd_is_not_the_package_s() -> None:
    def choose(raw: Raw) -> None:
        machines.replace(raw, bases.CONFIG, "KDUMP_INITRD=/var/lib/kdump/initrd.img", "KDUMP_INITRD=/boot/kdump.img")

    assert "KD042 error" not in identifiers(after(choose, "debian12-initrd-of-another"))
