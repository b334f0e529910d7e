"""Image-based systems: their entries are changed in place, and what a person has to do is told to the letter."""

from __future__ import annotations

import pytest

from kdump_enabler import evidence
from kdump_enabler.changing import planning
from kdump_enabler.facts import machine
from tests.hosts import machines
from tests.hosts.faults import images
from tests.hosts.faults.images import SIZE, image
from tests.hosts.machines import Raw
from tests.hosts.red_hat import FEDORA, ready
from tests.unit.building import judge
from tests.unit.converging import apply

ENTRIES = [f"/boot/loader/entries/ostree-{number}-fedora.conf" for number in (1, 2)]


def texts(raw: Raw) -> dict[str, str]:
    return {path: raw["files"][path]["text"] for path in ENTRIES}


def with_words(words: str) -> Raw:
    raw = ready(FEDORA, 64 << 20)()
    image(words)(raw)
    return raw


def held(raw: Raw) -> list[tuple[str, bool]]:
    return [(one.remedy, one.by_hand) for one in judge(raw).findings if one.id == "KD021"]


@pytest.mark.parametrize("words", ["", "crashkernel=auto", "crashkernel=64M,high crashkernel=0,low"])
def test_every_deployment_asks_for_it_and_nothing_else_changes(words: str) -> None:
    raw = with_words(words)
    want = {path: text.replace("crashkernel=64M,high crashkernel=0,low ", "") for path, text in texts(raw).items()}
    plan = judge(raw).plan
    apply(raw, plan)
    got = texts(raw)
    assert all(text.count(SIZE) == 1 for text in got.values())
    assert {path: text.replace(f" {SIZE}", "") for path, text in got.items()} == {
        path: text.replace(" crashkernel=auto", "") for path, text in want.items()
    }
    assert (plan.make_boot_files, plan.regenerate_grub) == (False, False)
    assert judge(raw).plan.crashkernel == ()
    assert "/etc/kernel/cmdline" not in [change.path for change in plan.crashkernel]


def test_disable_takes_it_out_of_every_deployment() -> None:
    raw = with_words(SIZE)
    plan = planning.take_away(machine.read(evidence.from_raw(raw)))
    apply(raw, plan)
    assert not any("crashkernel" in text for text in texts(raw).values())


def test_what_only_ostree_may_write_is_a_command_for_a_person() -> None:
    raw = machines.load("fedora44-coreos")
    command = f"rpm-ostree kargs --delete=crashkernel=128M --append={SIZE}, then reboot"
    assert held(raw) == [(command, True)]
    assert judge(raw).plan.crashkernel == ()
    refusal = planning.take_away(machine.read(evidence.from_raw(raw))).refusal
    assert refusal.endswith("; rpm-ostree kargs --delete=crashkernel=128M, then reboot")


def test_each_word_that_is_there_goes() -> None:
    raw = machines.load("fedora44-coreos")
    for path in ENTRIES:
        machines.replace(raw, path, "crashkernel=128M", "crashkernel=1M,high crashkernel=2M,low")
    remedy, _ = held(raw)[0]
    assert remedy.startswith("rpm-ostree kargs --delete=crashkernel=1M,high --delete=crashkernel=2M,low --append=")


def test_a_deployment_that_waits_for_its_reboot_comes_first() -> None:
    assert held(machines.load("fedora44-staged")) == [("reboot, then: kdump-enabler enable", True)]


def test_kdumpctl_takes_nothing_back_on_an_image() -> None:
    raw = with_words("crashkernel=700M")
    assert "KD046" not in [one.id for one in judge(raw).findings]


def test_the_newest_deployment_boots() -> None:
    raw = with_words(SIZE)
    machines.replace(raw, ENTRIES[0], f"{SIZE} ", "")
    facts = machine.read(evidence.from_raw(raw))
    assert facts.next_entry is not None
    assert facts.next_entry.file == ENTRIES[1]
    assert [one.id for one in judge(raw).findings if one.id == "KD027"] == ["KD027"]


def test_machines_of_this_kind() -> None:
    found = [machine.read(evidence.from_raw(machines.load(name))) for name in images.MACHINES]
    assert {facts.boot_loader for facts in found if not facts.changed_by} == {"ostree"}
