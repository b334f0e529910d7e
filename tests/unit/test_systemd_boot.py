"""systemd-boot: the entry that boots next is the one that the boot loader itself would take, and only words change."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdump_enabler import evidence, probe
from kdump_enabler.changing import planning
from kdump_enabler.facts import kernelstub, machine, systemd_boot
from kdump_enabler.facts.boot_loader import LOADER_INFO
from kdump_enabler.facts.kernelstub import Configuration
from kdump_enabler.facts.systemd_boot import CHOSEN, LAST, ONCE, version_order
from tests.hosts import bases, machines, roots
from tests.hosts.machines import Raw
from tests.hosts.systemd_boot import (
    ESP,
    ID,
    LOADER_CONF,
    OLDER,
    OPTIONS,
    TEMPLATE,
    entry,
    lay_out,
    path_of,
    variable,
)
from tests.unit.building import judge
from tests.unit.converging import apply, converge, settles

WORD = re.compile(r" ?crashkernel=[^\s\"]*")
PAIR = "512M,high crashkernel=256M,low"
OF_SYSTEMD_BOOT = sorted(
    name
    for name in machines.names()
    if ("systemd-boot" in name or "kernelstub" in name)
    and machines.expected(name)["verdict"] != "unsupported"
    and not machines.expected(name)["refusal"]
    and "unprivileged" not in name
)


def clean(*kernels: str) -> Raw:
    """A machine with these kernels, the first of which runs."""
    raw = bases.ready()
    roots.booted(raw)
    lay_out(raw, kernels or (bases.KERNEL, OLDER))
    return raw


def boots(raw: Raw) -> str:
    """The file of the entry that boots next, without its directory; empty where nobody can say."""
    chosen = systemd_boot.read(evidence.from_raw(raw)).next_entry
    return chosen.file.rpartition("/")[2] if chosen else ""


def named(raw: Raw, name: str, *, key: str = "", version: str = "", machine_id: str = "") -> None:
    """One more entry, with these fields alone."""
    fields = {"sort-key": key, "version": version, "machine-id": machine_id}
    text = "".join(f"{field} {value}\n" for field, value in fields.items() if value)
    machines.write(raw, f"{ESP}/loader/entries/{name}.conf", f"linux /x\n{text}options {OPTIONS}\n")


def only(*names: str) -> Raw:
    """A machine with entries that have nothing but a name."""
    raw = clean("x")
    del raw["files"][path_of("x")]
    for name in names:
        named(raw, name)
    return raw


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("6.1.0-9-amd64", "6.1.0-10-amd64"),
        ("6.1.0~rc1", "6.1.0"),
        ("6.1", "6.1.0"),
        ("6.1-1", "6.1^1"),
        ("6.1^1", "6.1.1"),
        ("6.1.1", "6.1a"),
        ("a", "b"),
        ("a", "1"),
        ("09", "10"),
        ("", "1"),
        ("~", ""),
        ("6.6.9-200.fc39", "6.6.10-100.fc39"),
    ],
)
def test_versions_are_those_of_the_specification(older: str, newer: str) -> None:
    """Examples of the Version Format Specification and of strverscmp_improved's own tests."""
    assert version_order(older) < version_order(newer)


def test_the_newest_version_boots_first() -> None:
    assert boots(clean(OLDER, bases.KERNEL)) == f"{ID}-{bases.KERNEL}.conf"
    assert boots(only("a-6.1.0-9", "a-6.1.0-10")) == "a-6.1.0-10.conf"


def test_a_sort_key_comes_before_names_and_versions() -> None:
    raw = only("zzz")
    named(raw, "aaa", key="debian", version="6.1")
    assert boots(raw) == "aaa.conf"
    named(raw, "bbb", key="arch", version="1")
    assert boots(raw) == "bbb.conf"
    named(raw, "ccc", key="arch", version="2")
    assert boots(raw) == "ccc.conf"
    named(raw, "ddd", key="arch", version="9", machine_id="b")
    assert boots(raw) == "ccc.conf"


def test_counted_boots() -> None:
    """No tries left puts an entry at the end; the counters are no part of its name."""
    raw = only("a-2+0-3", "a-1")
    assert boots(raw) == "a-1.conf"
    raw = only("a-2+1-2", "a-1")
    assert boots(raw) == "a-2+1-2.conf"
    machines.write(raw, LOADER_CONF, "default a-2.conf\n")
    assert boots(raw) == "a-2+1-2.conf"
    raw = only("a+1", "a+3")
    assert boots(raw) == "a+3.conf"


def test_what_decides_in_its_order() -> None:
    raw = only("a", "b", "c", "d", "e")
    assert boots(raw) == "e.conf"
    machines.write(raw, LOADER_CONF, '#default e\ndefault d.conf\ndefault   "A.CONF"\n')
    assert boots(raw) == "a.conf"
    variable(raw, LAST, "e.conf")
    variable(raw, CHOSEN, "b.conf")
    assert boots(raw) == "b.conf"
    variable(raw, ONCE, "c.conf")
    assert boots(raw) == "c.conf"
    variable(raw, ONCE, "not-there.conf")
    assert boots(raw) == "b.conf"
    variable(raw, CHOSEN, "@saved")
    assert boots(raw) == "e.conf"
    variable(raw, CHOSEN, "not-there.conf")
    assert boots(raw) == "a.conf"


def test_patterns_and_the_last_entry_that_was_booted() -> None:
    raw = only("a-1", "a-2", "b")
    machines.write(raw, LOADER_CONF, "default A-*\n")
    assert boots(raw) == "a-2.conf"
    machines.write(raw, LOADER_CONF, "default a-1\n")
    assert boots(raw) == "a-1.conf"
    machines.write(raw, LOADER_CONF, "default @saved\n")
    assert boots(raw) == "b.conf"
    variable(raw, LAST, "a-1.conf")
    assert boots(raw) == "a-1.conf"


def test_an_entry_whose_kernel_is_gone_is_left_out() -> None:
    """As `rm` of a directory leaves it; where nobody looked, it counts."""
    raw = clean()
    assert boots(raw) == f"{ID}-{bases.KERNEL}.conf"
    machines.remove(raw, f"{ESP}/{ID}/{bases.KERNEL}/linux")
    assert boots(raw) == f"{ID}-{OLDER}.conf"


def test_the_probe_looks_for_the_kernels_of_entries(tmp_path: Path) -> None:
    for version in ("1", "2"):
        path = tmp_path / f"boot/efi/loader/entries/{version}.conf"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"title x\n linux\t/{ID}/{version}/linux\n")
    (tmp_path / f"boot/efi/{ID}/1").mkdir(parents=True)
    (tmp_path / f"boot/efi/{ID}/1/linux").touch()
    seen = evidence.load(json.dumps(probe.collect(str(tmp_path))))
    found = [seen.file(f"{ESP}/{ID}/{version}/linux") for version in ("1", "2")]
    assert [(file.error, file.absent) for file in found] == [(None, False), ("ENOENT", True)]


def test_files_that_make_no_entry() -> None:
    raw = only("a")
    machines.write(raw, f"{ESP}/loader/entries/z.conf", "title z\nefi /EFI/z.efi\n")
    machines.write(raw, f"{ESP}/loader/entries/auto-z.conf", "linux /z\n")
    assert boots(raw) == "a.conf"


def test_an_image_that_is_chosen_is_not_an_entry_that_could_be_changed() -> None:
    raw = only("a")
    roots.there(raw, f"{ESP}/EFI/Linux/debian-6.1+2.efi")
    assert boots(raw) == ""
    variable(raw, CHOSEN, "a.conf")
    assert boots(raw) == "a.conf"
    variable(raw, CHOSEN, "debian-6.1.efi")
    assert boots(raw) == ""


def test_entries_on_a_directory_of_the_root_file_system_are_not_read() -> None:
    raw = clean(bases.KERNEL)
    machines.write(raw, f"/boot/loader/entries/{ID}-9.conf", entry("9", OPTIONS))
    assert boots(raw) == f"{ID}-{bases.KERNEL}.conf"
    raw["mounts"]["/boot"] = {**raw["mounts"][ESP], "source": "/dev/vda2"}
    assert boots(raw) == f"{ID}-9.conf"


@pytest.mark.parametrize("esp", ["/efi", "/boot", "/boot/efi"])
def test_the_partition_may_be_mounted_in_three_places(esp: str) -> None:
    raw = bases.ready()
    roots.booted(raw)
    lay_out(raw, (bases.KERNEL,), esp=esp)
    judged = judge(raw)
    assert judged.facts is not None
    assert judged.facts.boot_loader == "systemd-boot"
    assert [change.path for change in judged.plan.crashkernel] == [path_of(bases.KERNEL, esp), TEMPLATE]


def texts(raw: Raw) -> dict[str, str]:
    """What the boot loader reads, and what later entries are made from."""
    wanted = (ESP, TEMPLATE, kernelstub.PATH)
    return {path: file["text"] for path, file in raw["files"].items() if path.startswith(wanted) and "text" in file}


@pytest.mark.parametrize("name", [name for name in OF_SYSTEMD_BOOT if "no-options" not in name])
def test_every_machine_converges(name: str) -> None:
    settles(machines.load(name))


@pytest.mark.parametrize("name", ["debian12-systemd-boot", "pop2404-kernelstub"])
@pytest.mark.parametrize("value", ["300M", "2G-64G:300M,64G-:512M"])
def test_nothing_but_words_changes_and_disable_takes_them_away(name: str, value: str) -> None:
    raw = machines.load(name)
    before = texts(raw)
    apply(raw, judge(raw, crashkernel=value).plan)
    changed = [path for path in before if before[path] != texts(raw)[path]]
    assert sorted(changed) == sorted(path for path in before if not path.endswith("loader.conf"))
    for path in changed:
        assert texts(raw)[path].count(f"crashkernel={value}") == 1
    plan = planning.take_away(machine.read(evidence.from_raw(raw)))
    apply(raw, plan)
    assert texts(raw) == before
    assert not plan.make_boot_files


def test_the_entries_of_another_system_on_the_same_partition_stay() -> None:
    raw = clean()
    other = entry("6.9", OPTIONS.replace("UUID=6b64756d", "UUID=11111111"), "Other", "aaa")
    machines.write(raw, path_of("6.9"), other)
    variable(raw, CHOSEN, f"{ID}-{bases.KERNEL}.conf")
    plan = judge(raw).plan
    assert path_of("6.9") not in [change.path for change in plan.crashkernel]
    apply(raw, plan)
    assert "KD027" not in [one.id for one in judge(raw).findings]


def test_another_system_that_boots_next_is_a_matter_for_a_person() -> None:
    raw = clean()
    other = entry("6.9", OPTIONS.replace("UUID=6b64756d", "UUID=11111111"), "Other", "aaa")
    machines.write(raw, path_of("6.9"), other)
    judged = judge(raw)
    assert judged.plan.crashkernel == ()
    (held,) = (one for one in judged.findings if one.id == "KD021")
    assert held.by_hand
    assert "it has another root= than this system" in held.remedy


def test_without_a_template_one_is_made_where_kernel_install_made_the_entry() -> None:
    raw = clean()
    machines.remove(raw, TEMPLATE)
    apply(raw, judge(raw, crashkernel="300M").plan)
    assert raw["files"][TEMPLATE]["text"] == f"{OPTIONS} crashkernel=300M\n"
    by_hand = only("arch")
    machines.remove(by_hand, TEMPLATE)
    plan = judge(by_hand, crashkernel="300M").plan
    assert [change.path for change in plan.crashkernel] == [f"{ESP}/loader/entries/arch.conf"]


def test_the_grub_defaults_say_nothing_where_grub_does_not_boot() -> None:
    raw = clean()
    machines.write(raw, "/etc/default/grub", 'GRUB_CMDLINE_LINUX_DEFAULT="crashkernel=1G\n')
    bases.answer(raw, ["sh", "-n", "/etc/default/grub"], "", 2, "/etc/default/grub: 1: Unterminated quoted string")
    wanted = judge(raw).wanted
    assert wanted is not None
    assert wanted.text != "1G"
    assert "KD022" not in [one.id for one in judge(raw).findings]


def test_a_size_that_somebody_wrote_into_the_entry_stays() -> None:
    raw = bases.ready()
    roots.booted(raw)
    lay_out(raw, (bases.KERNEL,), "crashkernel=700M")
    assert judge(raw).plan.crashkernel == ()


def test_disable_is_refused_where_nobody_can_say_what_boots_next() -> None:
    for change in ("unmounted", "image-beside"):
        seen = evidence.from_raw(machines.load(f"debian12-systemd-boot-{change}"))
        assert planning.take_away(machine.read(seen)).refusal


STYLES = st.sampled_from([{"indent": 2}, {"indent": None}, {"indent": 4, "separators": (" , ", " : ")}])
WORDS = st.lists(
    st.sampled_from(["quiet", "splash", "crashkernel=auto", "crashkernel=1M,high", 'a="b c"', "x"]), max_size=6
)


@given(WORDS, STYLES, st.sampled_from(["", "256M", PAIR]))
def test_the_list_of_kernelstub(words: list[str], style: dict[str, Any], value: str) -> None:
    """Its meaning is right for another JSON reader, the part that is not ours byte for byte as it was."""
    known: dict[str, Any] = {
        "default": {"kernel_options": ["crashkernel=9M"]},
        "user": {"kernel_options": words, "more": [1]},
    }
    text = json.dumps({**known, "user": {"setup_loader": True, "manage_mode": True, **known["user"]}}, **style)
    found = Configuration(text, tuple(words), by_entries=True)
    after = found.with_reservation(value)
    assert after is not None
    others = [word for word in words if not word.startswith("crashkernel=")]
    got = json.loads(after)
    assert [word for word in got["user"]["kernel_options"] if not word.startswith("crashkernel=")] == others
    asked = [word for word in got["user"]["kernel_options"] if word.startswith("crashkernel=")]
    assert asked == ([f"crashkernel={value}"] if value else [])
    assert got["default"] == known["default"]
    again = Configuration(after, tuple(got["user"]["kernel_options"]), by_entries=True)
    assert again.with_reservation(value) == after
    if words == others:
        assert again.with_reservation("") == text


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"user": 1}', '{"user": {"kernel_options": []}}', "{"])
def test_a_configuration_that_kernelstub_could_not_read_either(text: str) -> None:
    raw = machines.load("pop2404-kernelstub")
    machines.write(raw, kernelstub.PATH, text)
    assert "kernelstub without boot entries" in judge(raw).as_dict("x")["reason"]


def test_kernelstub_decides_before_the_name_of_the_boot_loader() -> None:
    judged = judge(machines.load("pop2204-kernelstub"))
    assert judged.facts is not None
    assert judged.facts.boot_loader == "kernelstub"
    raw = machines.load("pop2204-kernelstub")
    machines.remove(raw, kernelstub.PATH)
    assert "it boots with systemd-boot, which this version" in judge(raw).as_dict("x")["reason"]
    assert LOADER_INFO in judge(raw).as_dict("x")["reason"]


def test_a_kernelstub_configuration_with_too_little_is_found_before_the_next_kernel() -> None:
    raw = machines.load("pop2404-kernelstub")
    apply(raw, judge(raw).plan)
    plan = converge(raw)[-1]
    assert "KD045" not in [one.id for one in plan.findings]
    machines.write(raw, kernelstub.PATH, WORD.sub("", raw["files"][kernelstub.PATH]["text"]))
    (found,) = (one for one in judge(raw).findings if one.id == "KD045")
    assert found.evidence[0].source == kernelstub.PATH
    assert [change.path for change in judge(raw).plan.crashkernel] == [kernelstub.PATH]


def test_entries_that_differ_are_brought_together_by_hand_without_the_tools_of_another_boot_loader() -> None:
    raw = machines.load("debian12-systemd-boot-ready")
    machines.write(raw, path_of(OLDER), entry(OLDER, OPTIONS))
    (found,) = (one for one in judge(raw).findings if one.id == "KD027")
    assert found.remedy.startswith("write crashkernel=1G-8G:256M")
