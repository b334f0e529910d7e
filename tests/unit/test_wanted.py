"""Wanted values: what an administrator made stronger stays (design.md 6.3), whatever this policy would take."""

from __future__ import annotations

import pytest

from kdump_enabler import evidence
from kdump_enabler.changing import wanted
from kdump_enabler.facts import grub_defaults, machine, settings
from kdump_enabler.facts.machine import Facts
from kdump_enabler.policy import sysctls
from tests.hosts import machines
from tests.unit.building import GIB, MIB, policy

OTHER = "/etc/sysctl.d/50-admin.conf"
AUTO = "1G-8G:256M,8G-16G:384M,16G-:512M"
PACKAGE = "384M-:128M"
# kernel.sysrq of other files, in the kernel, kdump_sysrq, the value it must have (null: it stays as it is).
SYSRQ = [
    (None, "438", "auto", 446),
    (None, "184", "auto", 184),
    (None, "8", "auto", 8),
    (None, "16", "auto", 24),
    (None, "0", "auto", None),
    (None, "1", "auto", None),
    ("176", "438", "auto", 184),  # the next boot's value is the base
    ("0", "438", "auto", None),
    ("1", "438", "auto", None),
    ("438", "0", "auto", 446),
    ("438", "1", "auto", 446),
    ("0x1b6", "438", "auto", 446),
    ("0660", "438", "auto", 440),  # octal
    ("-1", "-1", "auto", -1),
    ("438", "438", "keep", None),
    ("438", "438", 1, 1),
    ("1", "1", 0, 0),
    ("0", "0", 8, 8),
]
PANICKING = [key for key in policy().sysctl_wanted() if sysctls.table()[key].panics]
# Key, its value in another file, whether our drop-in must hold it.
PANIC = [
    ("kernel.panic", None, True),
    ("kernel.panic", "0", True),
    ("kernel.panic", "", True),
    ("kernel.panic", "ten", True),
    ("kernel.panic", "5", False),
    ("kernel.panic", "-1", False),
    ("kernel.panic", "0x1e", False),
    *((key, value, ours) for key in PANICKING for value, ours in ((None, True), ("0", True), ("1", False))),
    ("kernel.panic_on_oops", "2", False),
    ("kernel.panic_on_oops", "-1", True),
]
# RAM, what `auto` reserves there.
SIZES = [
    (2 * GIB, 256 * MIB),
    (2 * GIB - MIB, 256 * MIB),  # firmware keeps a little back: rounded up it is 2 GiB
    (4 * GIB, 256 * MIB),
    (8 * GIB - 128 * MIB, 256 * MIB),
    (8 * GIB, 384 * MIB),
    (16 * GIB, 512 * MIB),
    (1024 * GIB, 512 * MIB),
    (2 * GIB - 128 * MIB, 128 * MIB),  # below 2 GiB: the distribution's own
    (1 * GIB, 128 * MIB),
]


def facts(ram: int = 2 * GIB, /, **files: str) -> Facts:
    """The pristine machine with this much RAM and kernel settings from another file."""
    raw = machines.load("debian12-pristine")
    machines.write(raw, "/proc/iomem", f"00000000-{ram - 1:x} : System RAM\n")
    if files:
        machines.write(raw, OTHER, "".join(f"kernel.{key} = {value}\n" for key, value in files.items()))
    return machine.read(evidence.from_raw(raw))


@pytest.mark.parametrize(("file", "running", "choice", "want"), SYSRQ)
def test_sysrq(file: str | None, running: str, choice: str | int, want: int | None) -> None:
    raw = machines.load("debian12-pristine")
    machines.kernel(raw, sysrq=running)
    if file is not None:
        machines.write(raw, OTHER, f"kernel.sysrq = {file}\n")
    assert wanted.sysrq(machine.read(evidence.from_raw(raw)), policy(sysrq=choice)) == want


def test_sysrq_is_not_fed_from_our_own_file() -> None:
    raw = machines.load("debian12-pristine")
    machines.write(raw, settings.SYSRQ_DROPIN, "kernel.sysrq = 446\n")
    machines.write(raw, OTHER, "kernel.sysrq = 16\n")
    machines.kernel(raw, sysrq="446")
    assert wanted.sysrq(machine.read(evidence.from_raw(raw)), policy()) == 24


@pytest.mark.parametrize(("file", "ours"), [("184", {}), ("446", {}), ("438", {"kernel.sysrq": 446}), ("1", {})])
def test_sysrq_that_another_file_gives_is_left_out_of_ours(file: str, ours: dict[str, int]) -> None:
    assert wanted.sysrq_dropin(facts(sysrq=file), policy()) == ours


@pytest.mark.parametrize(("key", "value", "ours"), PANIC)
def test_panic_policy_never_weakens(key: str, value: str | None, ours: bool) -> None:
    seen = facts(2 * GIB, **({key.removeprefix("kernel."): value} if value is not None else {}))
    assert (key in wanted.panic_dropin(seen, policy())) == ours


@pytest.mark.parametrize(("value", "ours"), [(30, {"kernel.panic": 30}), (10, {}), (None, {})])
def test_an_explicit_value_is_exactly_that(value: int | None, ours: dict[str, int]) -> None:
    found = wanted.panic_dropin(facts(panic="10"), policy(sysctls={"kernel.panic": value}))
    assert {key: number for key, number in found.items() if key == "kernel.panic"} == ours


def test_a_key_that_the_kernel_does_not_have_is_left_out() -> None:
    raw = machines.load("debian12-pristine")
    machines.remove(raw, "/proc/sys/kernel/unknown_nmi_panic")
    assert "kernel.unknown_nmi_panic" not in wanted.panic_dropin(machine.read(evidence.from_raw(raw)), policy())


@pytest.mark.parametrize(("value", "ours"), [(1, True), (None, False)])
def test_nmis_nobody_explains(value: int | None, ours: bool) -> None:
    """Only an explicit policy makes such a machine panic on them."""
    seen = machine.read(evidence.from_raw(machines.load("debian12-noisy-nmi")))
    explicit = {} if value is None else {"kernel.unknown_nmi_panic": value}
    assert ("kernel.unknown_nmi_panic" in wanted.panic_settings(seen, policy(sysctls=explicit))) == ours


@pytest.mark.parametrize(("ram", "size"), SIZES)
def test_auto(ram: int, size: int) -> None:
    found = wanted.reserve(facts(ram), policy())
    assert found is not None
    assert (found.size_bytes, found.problem) == (size, "")
    assert found.text in (AUTO, PACKAGE)


@pytest.mark.parametrize("ram", [512 * MIB, GIB - 128 * MIB])
def test_too_little_ram(ram: int) -> None:
    found = wanted.reserve(facts(ram), policy())
    assert found is not None
    assert (found.text, found.size_bytes, bool(found.problem)) == ("", 0, True)


def test_the_installed_package_knows_best_when_it_asks_for_more() -> None:
    raw = machines.load("debian12-ready")
    machines.replace(raw, grub_defaults.PACKAGE_DROPIN, PACKAGE, "2G-:768M")
    found = wanted.reserve(machine.read(evidence.from_raw(raw)), policy())
    assert found is not None
    assert (found.text, found.size_bytes) == ("2G-:768M", 768 * MIB)


# What is reserved, kdump_crashkernel, kdump_crashkernel_allow_lower, whether it stays.
ENOUGH = [
    (256 * MIB, "auto", False, True),
    (GIB, "auto", False, True),
    (GIB, "auto", True, True),
    (128 * MIB, "auto", False, False),
    (0, "auto", False, False),
    (None, "auto", False, False),
    (512 * MIB, "512M", False, True),
    (GIB, "512M", False, True),
    (GIB, "512M", True, False),
    (256 * MIB, "512M", False, False),
]


@pytest.mark.parametrize(("size", "value", "lower", "stays"), ENOUGH)
def test_a_larger_reservation_stays(size: int | None, value: str, lower: bool, stays: bool) -> None:
    chosen = policy(crashkernel=value, crashkernel_allow_lower=lower)
    want = wanted.reserve(facts(4 * GIB), chosen)
    assert want is not None
    assert wanted.is_enough(size, want, chosen) == stays


def test_an_explicit_value_that_reserves_nothing_here() -> None:
    found = wanted.reserve(facts(2 * GIB), policy(crashkernel="4G-:512M"))
    assert found is not None
    assert (found.size_bytes, "4G-:512M" in found.problem) == (0, True)


@pytest.mark.parametrize(("size", "stays"), [(512, True), (768, True), (1024, False)])
def test_a_high_reservation_may_count_its_low_part(size: int, stays: bool) -> None:
    """kexec_crash_size holds the default 256M below 4 GiB as well since Linux 6.5, and not before."""
    chosen = policy(crashkernel="512M,high", crashkernel_allow_lower=True)
    want = wanted.reserve(facts(8 * GIB), chosen)
    assert want is not None
    assert wanted.is_enough(size * MIB, want, chosen) == stays
