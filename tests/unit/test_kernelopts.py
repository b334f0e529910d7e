"""EL 8: what its environment block gives every entry, and crashkernel=auto."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdump_enabler import evidence
from kdump_enabler.audit import Audit
from kdump_enabler.changing import planning
from kdump_enabler.facts import crashkernel, grub_env, machine
from kdump_enabler.facts.crashkernel import MIB
from tests.hosts import machines, red_hat
from tests.hosts.faults import el8
from tests.hosts.machines import Raw
from tests.hosts.red_hat import EL8, GRUB_ENV, MAIN, ROOT, TEMPLATE, entry, path_of
from tests.unit.building import judge
from tests.unit.converging import apply, converge, settles

GIB = 1024 * MIB
LARGE = "1G-4G:160M,4G-64G:192M,64G-1T:256M,1T-:512M"


def variables(raw: Raw, path: str = GRUB_ENV) -> dict[str, str]:
    text = raw["files"][path]["text"]
    assert len(text.encode()) == grub_env.SIZE
    return grub_env.read(text)


def enabled(raw: Raw, **policy: str) -> Raw:
    apply(raw, judge(raw, **policy).plan)
    return raw


@pytest.mark.parametrize("name", sorted(el8.MACHINES))
def test_every_machine_converges(name: str) -> None:
    settles(machines.load(name))


@pytest.mark.parametrize(
    ("kernel", "ram", "size"),
    [
        ("4.18.0-553.el8_10.x86_64", 2 * GIB, 160 * MIB),
        ("/vmlinuz-4.18.0-553.16.1.el8_10.x86_64", 16 * GIB, 192 * MIB),
        ("4.18.0-553.el8.x86_64+debug", 512 * GIB, 256 * MIB),
        ("4.18.0-553.el8_10.x86_64", GIB // 2, 0),
        ("4.18.0-553.el8_10.aarch64", 16 * GIB, 448 * MIB),
        ("4.18.0-553.el8_10.aarch64", GIB, 0),
        ("4.18.0-553.el8_10.ppc64le", 16 * GIB, GIB),
        ("4.18.0-553.el8_10.s390x", 2 * GIB, 160 * MIB),
        ("5.14.0-570.el9.x86_64", 16 * GIB, 0),
        ("6.12.0-55.el10.x86_64", 16 * GIB, 0),
        ("4.18.0-25-generic", 16 * GIB, 0),
        ("5.4.17-2136.310.7.1.el8uek.x86_64", 16 * GIB, 0),
        ("", 16 * GIB, 0),
    ],
)
def test_auto_is_what_the_kernel_of_el8_makes_of_it_and_nothing_on_any_other(kernel: str, ram: int, size: int) -> None:
    found = crashkernel.evaluate("ro crashkernel=auto", ram, kernel)
    assert (found.text, found.size_bytes, bool(found.problem)) == ("crashkernel=auto", size, not size)


def test_enable_writes_the_block_and_what_grub2_mkconfig_makes_it_from() -> None:
    raw = red_hat.installed(EL8)()
    before = variables(raw)
    entries = {path: raw["files"][path] for path in map(path_of, EL8.kernels)}
    enabled(raw)
    assert variables(raw) == before | {"kernelopts": f"{ROOT} rhgb quiet crashkernel={LARGE}"}
    assert f'GRUB_CMDLINE_LINUX="rhgb quiet crashkernel={LARGE}"' in raw["files"][MAIN]["text"]
    assert {path: raw["files"][path] for path in entries} == entries
    assert TEMPLATE not in raw["files"] or raw["files"][TEMPLATE] == {"error": "ENOENT"}


def test_a_size_of_ones_own_takes_the_place_of_auto() -> None:
    raw = enabled(red_hat.ready(EL8, 160 * MIB)(), crashkernel="640M")
    assert variables(raw)["kernelopts"] == f"{ROOT} crashkernel=640M rhgb quiet "


def test_auto_that_is_enough_stays() -> None:
    assert judge(red_hat.ready(EL8, 160 * MIB)()).plan.empty


def test_disable_takes_the_word_out_of_the_block() -> None:
    raw = red_hat.ready(EL8, 160 * MIB)()
    apply(raw, planning.take_away(machine.read(evidence.from_raw(raw))))
    assert variables(raw)["kernelopts"] == f"{ROOT} rhgb quiet "
    assert "crashkernel" not in raw["files"][MAIN]["text"]


def test_with_uefi_the_block_on_the_esp_is_written_and_the_link_stays() -> None:
    raw = machines.load("rhel8-uefi")
    enabled(raw)
    assert variables(raw, f"{el8.ESP}/grubenv")["kernelopts"].endswith(f" crashkernel={LARGE}")
    assert raw["files"][GRUB_ENV]["link"] == "../efi/EFI/redhat/grubenv"


def test_a_block_that_lost_kernelopts_gets_it_back_from_grub_cfg() -> None:
    raw = enabled(machines.load("rhel8-no-kernelopts"))
    assert variables(raw)["kernelopts"] == f"{ROOT} rhgb quiet crashkernel={LARGE}"


def test_the_entry_that_is_written_out_and_the_block_become_alike() -> None:
    raw = machines.load("rhel8-mixed")
    enabled(raw, crashkernel="700M")
    assert "crashkernel=700M rhgb" in raw["files"][path_of(EL8.kernels[0])]["text"]
    assert variables(raw)["kernelopts"] == f"{ROOT} rhgb quiet crashkernel=700M"
    assert "options $kernelopts $tuned_params\n" in raw["files"][path_of(EL8.kernels[1])]["text"]


def test_entries_that_differ_are_evened_out_with_what_new_kernels_get() -> None:
    raw = machines.load("rhel8-mixed")
    assert {one.id: one.by_hand for one in judge(raw).findings} == {"KD027": False, "KD045": False}
    assert judge(enabled(raw)).findings == ()


OPTIONS = st.sampled_from(
    [
        "$kernelopts",
        "$kernelopts crashkernel=64M",
        "$kernelopts crashkernel=1G debug",
        f"{ROOT} quiet",
        f"{ROOT} crashkernel=auto quiet",
        f"{ROOT} crashkernel=32M,high crashkernel=0,low",
        f"{ROOT} crashkernel=1G",
    ]
)
VALUES = st.sampled_from(
    ["", "crashkernel=auto", "crashkernel=32M quiet", "crashkernel=700M", "crashkernel=1M crashkernel=2M"]
)


@settings(max_examples=60, deadline=None)
@given(OPTIONS, OPTIONS, VALUES, st.sampled_from(["auto", "512M"]), st.booleans())
def test_a_machine_with_both_kinds_of_entries(first: str, second: str, value: str, wanted: str, full: bool) -> None:
    """What boots next and each new kernel reserves enough, and where anything is written, each entry does; no other
    word changes, and a second run has nothing to do."""
    raw = red_hat.installed(EL8)()
    machines.write(raw, path_of(EL8.kernels[0]), entry(EL8.kernels[0], first))
    machines.write(raw, path_of(EL8.kernels[1]), entry(EL8.kernels[1], second))
    red_hat.block(raw, f"kernelopts={ROOT} {value} rhgb \n")
    if full:
        el8.full(raw)
    before = lines_of(raw)
    looks = converge(raw, crashkernel=wanted)
    found, after = looks[-1], lines_of(raw)
    assert found.plan.crashkernel == ()
    assert [one.id for one in found.findings if one.id in ("KD021", "KD045")] == ["KD045"] * (
        full and not fits(raw, found)
    )
    assert {kernel: without_words(line) for kernel, line in after.items()} == {
        kernel: without_words(line) for kernel, line in before.items()
    }
    newest, *others = after.items()
    for kernel, line in [newest, *(others if looks[0].plan.crashkernel else ())]:
        assert enough(found, line, kernel), line


def lines_of(raw: Raw) -> dict[str, str]:
    """What GRUB gives each kernel."""
    menu = machine.read(evidence.from_raw(raw)).menu
    return {one.kernel: one.command_line for one in menu.entries}


def without_words(line: str) -> list[str]:
    return [word for word in line.split() if not word.startswith("crashkernel=")]


def enough(found: Audit, line: str, kernel: str) -> bool:
    assert found.facts is not None
    assert found.wanted is not None
    return crashkernel.evaluate(line, found.facts.memory_bytes or 0, kernel).size_bytes >= found.wanted.size_bytes


def fits(raw: Raw, found: Audit) -> bool:
    """Whether what new kernels get is enough as it is."""
    return enough(found, variables(raw)["kernelopts"], EL8.kernels[0])


def test_a_smaller_word_behind_kernelopts_goes() -> None:
    raw = red_hat.installed(EL8)()
    path = path_of(EL8.kernels[0])
    machines.write(raw, path, entry(EL8.kernels[0], "$kernelopts crashkernel=64M"))
    enabled(raw)
    assert "options $kernelopts $tuned_params\n" in raw["files"][path]["text"]
    assert judge(raw).plan.crashkernel == ()


@pytest.mark.parametrize("name", ["rhel8-block-full", "rhel8-block-broken", "rhel8-linked-block"])
def test_a_block_that_cannot_be_written_is_left_as_it_is_and_new_kernels_are_a_finding(name: str) -> None:
    raw = machines.load(name)
    before = raw["files"][GRUB_ENV]["text"]
    enabled(raw)
    assert raw["files"][GRUB_ENV]["text"] == before
    assert f"options $kernelopts $tuned_params crashkernel={LARGE}\n" in raw["files"][path_of(EL8.kernels[0])]["text"]
    found = [one for one in judge(raw).findings if one.id == "KD045"]
    assert [one.by_hand for one in found] == [True]


def test_a_secret_in_the_block_is_never_written_back() -> None:
    raw = red_hat.installed(EL8)()
    red_hat.block(raw, f"kernelopts={ROOT} rd.token=[cut out by kdump-enabler]\n")
    assert GRUB_ENV not in [change.path for change in judge(raw).plan.crashkernel]


def test_a_read_only_boot_keeps_everything_as_it_is() -> None:
    raw = red_hat.installed(EL8)()
    raw["mounts"]["/boot"]["options"] = "ro"
    found = judge(raw)
    assert [change.path for change in found.plan.crashkernel] == []
    assert [one.by_hand for one in found.findings if one.id == "KD021"] == [True]


def test_what_an_entry_asks_for_is_shown_where_it_is_written() -> None:
    raw = red_hat.installed(EL8, "crashkernel=64M")()
    machines.write(raw, path_of(EL8.kernels[1]), entry(EL8.kernels[1], f"{ROOT} crashkernel=32M"))
    found = {one.id: one.evidence for one in judge(raw).findings}
    assert [(one.source, one.line, one.text) for one in found["KD021"]] == [(GRUB_ENV, 3, "crashkernel=64M")]
    assert [(one.source, one.line) for one in found["KD027"]] == [(path_of(EL8.kernels[1]), 5)]


def test_a_kernel_without_the_patch_gets_numbers() -> None:
    raw = enabled(machines.load("oracle8-auto"))
    assert variables(raw)["kernelopts"] == f"{ROOT} crashkernel=1G-64G:448M,64G-:512M rhgb quiet "
