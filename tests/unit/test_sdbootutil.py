"""SUSE's boot entries by sdbootutil: which boots next, what is written, and what the tool has to make of it."""

from __future__ import annotations

import pytest

from kdump_enabler import back_ends
from kdump_enabler.changing import planning
from kdump_enabler.facts.boot_loader import GRUB_BLS, SYSTEMD_BOOT
from kdump_enabler.facts.machine import Facts
from kdump_enabler.facts.systemd_boot import CHOSEN
from tests.hosts import machines, suse
from tests.hosts.machines import Raw
from tests.unit.building import judge

NEWEST, OLDER = suse.TUMBLEWEED.kernels
WORD = f"crashkernel={suse.RESERVATION}"


def facts_of(raw: Raw) -> Facts:
    facts = judge(raw).facts
    assert facts is not None
    return facts


def ready(kind: str = GRUB_BLS) -> Raw:
    raw = suse.ready(suse.TUMBLEWEED)()
    suse.by_entries(raw, kind, WORD)
    return raw


def next_file(raw: Raw) -> str:
    entry = facts_of(raw).next_entry
    assert entry is not None
    return entry.file


@pytest.mark.parametrize("kind", [GRUB_BLS, SYSTEMD_BOOT])
def test_the_newest_kernel_boots_by_itself(kind: str) -> None:
    assert next_file(ready(kind)) == suse.path_of(NEWEST, kind)


@pytest.mark.parametrize("ending", ["", ".conf"])
def test_the_one_that_a_variable_names_boots(ending: str) -> None:
    raw, older = ready(), suse.path_of(OLDER, GRUB_BLS)
    name = older.rpartition("/")[2].removesuffix(".conf") + ending
    machines.write(raw, CHOSEN, "\6\0\0\0" + "".join(f"{letter}\0" for letter in name))
    assert next_file(raw) == older


def test_a_writable_snapshot_comes_before_one_to_look_at() -> None:
    raw = ready()
    text = raw["files"][suse.path_of(NEWEST, GRUB_BLS)]["text"]
    machines.write(raw, f"{suse.ESP}/loader/entries/snapper-opensuse-tumbleweed-9.9.9-1-default-1.conf", text)
    assert next_file(raw) == suse.path_of(NEWEST, GRUB_BLS)


@pytest.mark.parametrize(("asked", "words"), [(suse.RESERVATION, (WORD,)), ("", ()), (None, None)])
def test_what_the_tool_has_to_make(asked: str | None, words: tuple[str, ...] | None) -> None:
    facts = facts_of(machines.load("tumbleweed-grub2-bls"))
    tool = back_ends.of(facts).tool(facts, asked)
    assert tool is not None
    assert tool.commands == (("sdbootutil", "update-all-entries"),)
    assert tool.files == (f"{suse.ESP}/loader/entries/*.conf",)
    assert (tool.holding, tool.words) == ((suse.path_of(NEWEST, GRUB_BLS),), words)


def test_what_is_larger_there_already_is_what_it_has_to_make() -> None:
    raw = machines.load("tumbleweed-grub2-bls-not-updated")
    machines.replace(raw, suse.TEMPLATE, suse.RESERVATION, "1G")
    facts = facts_of(raw)
    tool = back_ends.of(facts).tool(facts, suse.RESERVATION)
    assert tool is not None
    assert tool.words == ("crashkernel=1G",)


def test_the_reservation_is_taken_away_by_the_tool_too() -> None:
    plan = planning.take_away(facts_of(ready()))
    (change,) = plan.crashkernel
    assert (change.path, change.lines) == (suse.TEMPLATE, {"1": f"{suse.ROOT} {suse.STOCK}"})
    assert plan.make_boot_files
    assert plan.boot_files is not None
    assert plan.boot_files["words"] == []


def test_without_a_template_there_will_be_one_without_what_the_tool_adds() -> None:
    raw = machines.load("tumbleweed-grub2-bls")
    machines.remove(raw, suse.TEMPLATE)
    found = judge(raw).plan
    (change,) = found.crashkernel
    assert (change.path, change.text) == (suse.TEMPLATE, f"{suse.ROOT} {suse.STOCK} {WORD}\n")
    assert found.boot_files is not None
    assert found.boot_files["words"] == [WORD]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tumbleweed-grub2-bls-dropped-in", "take it out of /etc/kernel/cmdline.d/50-crash.conf"),
        ("tumbleweed-grub2-bls-measured", "sdbootutil update-predictions"),
    ],
)
def test_what_enable_leaves_to_a_person(name: str, words: str) -> None:
    found = judge(machines.load(name))
    (finding,) = [one for one in found.findings if one.id == "KD021"]
    assert finding.by_hand
    assert words in finding.remedy
    assert not found.plan.make_boot_files
    assert facts_of(machines.load(name)).boot_loader == "sdbootutil"
    assert back_ends.of(facts_of(machines.load(name))).stays(facts_of(machines.load(name)))


def test_the_entry_of_another_snapshot_is_not_ours_to_change() -> None:
    raw = machines.load("tumbleweed-grub2-bls")
    for version in (NEWEST, OLDER):
        machines.replace(raw, suse.path_of(version, GRUB_BLS), "/1/", "/9/")
    (finding,) = [one for one in judge(raw).findings if one.id == "KD021"]
    assert finding.by_hand
    assert not judge(raw).plan.make_boot_files
