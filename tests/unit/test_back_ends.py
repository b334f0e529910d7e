"""Ways to change the next boot: what they write is what the next boot then asks for, and no other byte changes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdump_enabler import evidence
from kdump_enabler.back_ends import bls
from kdump_enabler.back_ends.interface import Tool
from kdump_enabler.changing import planning
from kdump_enabler.changing.plan import Plan
from kdump_enabler.facts import crashkernel, machine
from kdump_enabler.facts.machine import Facts
from tests.hosts import machines, red_hat
from tests.hosts.faults.red_hat import MACHINES, linked, without_blscfg
from tests.hosts.machines import Raw
from tests.hosts.red_hat import EL9, EL10, MAIN, TEMPLATE, entry, path_of
from tests.unit.building import judge
from tests.unit.converging import TOOLS, apply, settles

PAIR = "512M,high crashkernel=256M,low"
DEFAULT = EL9.crashkernel
# Those that a person has to mend first.
HELD = {"rhel9-read-only-boot", "rhel9-own-entry", "rhel9-linked-entry"}
OURS = sorted(name for name in MACHINES if machines.expected(name)["verdict"] != "unsupported" and "unp" not in name)
WORD = re.compile(r" ?crashkernel=[^\s\"]*")


def facts_of(raw: Raw) -> Facts:
    return machine.read(evidence.from_raw(raw))


def texts(raw: Raw) -> dict[str, str]:
    """What a boot loader, or what makes its files, reads."""
    wanted = ("/boot/", MAIN, TEMPLATE)
    return {path: file["text"] for path, file in raw["files"].items() if path.startswith(wanted) and "text" in file}


def command_lines(raw: Raw) -> dict[str, str]:
    """The crashkernel= words by file; grub.cfg has none of its own here."""
    return {
        path: " ".join(WORD.findall(text)) for path, text in texts(raw).items() if "grub" not in path or path == MAIN
    }


def enabled(raw: Raw, **policy: Any) -> Plan:
    """The plan of `enable`, carried out."""
    plan = judge(raw, **policy).plan
    apply(raw, plan)
    return plan


@pytest.mark.parametrize("name", [name for name in OURS if name not in HELD])
def test_every_machine_of_the_family_converges(name: str) -> None:
    settles(machines.load(name))


@pytest.mark.parametrize("name", sorted(HELD))
def test_what_a_person_has_to_mend_first_is_left_alone(name: str) -> None:
    raw = machines.load(name)
    before = texts(raw)
    enabled(raw)
    assert texts(raw) == before
    held = [one for one in judge(raw).findings if one.id == "KD021"]
    assert [one.by_hand for one in held] == [True]


@pytest.mark.parametrize("value", [DEFAULT, "512M"])
def test_every_entry_the_template_and_the_defaults_ask_for_the_same(value: str) -> None:
    raw = red_hat.installed()()
    before = texts(raw)
    enabled(raw, crashkernel=value)
    words = {" ".join(part.split()) for part in command_lines(raw).values()}
    assert words == {f"crashkernel={value}"}
    assert {path: WORD.sub("", text) for path, text in texts(raw).items()} == before


def test_a_pair_that_never_reached_the_entries_does_so_as_a_pair() -> None:
    raw = red_hat.installed()()
    machines.replace(raw, MAIN, 'GRUB_CMDLINE_LINUX="', f'GRUB_CMDLINE_LINUX="crashkernel={PAIR} ')
    enabled(raw)
    assert {" ".join(part.split()) for part in command_lines(raw).values()} == {f"crashkernel={PAIR}"}
    assert judge(raw).plan.crashkernel == ()


@pytest.mark.parametrize(
    "words", ["crashkernel=auto", "crashkernel=64M,high crashkernel=0,low", "crashkernel=64M quiet crashkernel=1M"]
)
def test_words_that_are_there_are_replaced_and_not_joined(words: str) -> None:
    raw = red_hat.installed(EL9, words)()
    enabled(raw)
    for path in (path_of(EL9.kernels[0]), path_of(EL9.kernels[1]), TEMPLATE, MAIN):
        found = WORD.findall(raw["files"][path]["text"])
        assert [word.strip() for word in found] == [f"crashkernel={DEFAULT}"], path


def test_disable_takes_every_word_away_and_nothing_else() -> None:
    raw = red_hat.ready()()
    want = {path: WORD.sub("", text) for path, text in texts(raw).items()}
    plan = planning.take_away(facts_of(raw))
    apply(raw, plan)
    got = {path: WORD.sub("", text).replace('="rhgb', '="rhgb') for path, text in texts(raw).items()}
    assert got == {path: text.replace('=" rhgb', '="rhgb') for path, text in want.items()}
    assert not any(command_lines(raw).values())
    assert plan.disable_unit == "kdump.service"
    assert planning.take_away(facts_of(raw)).crashkernel == ()


def test_disable_takes_words_out_of_what_new_kernels_get_too() -> None:
    raw = red_hat.ready()()
    for path in (*map(path_of, EL9.kernels), MAIN):
        machines.write(raw, path, WORD.sub("", raw["files"][path]["text"]))
    plan = planning.take_away(facts_of(raw))
    assert [change.path for change in plan.crashkernel] == [TEMPLATE]


def test_disable_without_blscfg_regenerates() -> None:
    raw = red_hat.installed()()
    without_blscfg(raw)
    enabled(raw)
    assert f"crashkernel={DEFAULT}" in raw["files"][red_hat.GRUB_CFG]["text"]
    plan = planning.take_away(facts_of(raw))
    apply(raw, plan)
    assert plan.grub_config == {"path": "/boot/grub2/grub.cfg", "command": ["grub2-mkconfig"]}
    assert "crashkernel" not in raw["files"][red_hat.GRUB_CFG]["text"] + raw["files"][MAIN]["text"]


def test_disable_says_what_it_cannot_take_away() -> None:
    raw = red_hat.ready()()
    linked(raw)
    assert "it is a link to /srv/entry.conf" in planning.take_away(facts_of(raw)).refusal


def test_the_template_is_written_last_so_that_kernel_install_takes_it_for_the_newer() -> None:
    first, *_, last = judge(red_hat.installed()()).plan.crashkernel
    assert (first.path, last.path) == (MAIN, TEMPLATE)


def test_a_template_that_is_not_there_becomes_what_boots_next() -> None:
    raw = red_hat.stock(EL10)()
    machines.remove(raw, TEMPLATE)
    enabled(raw)
    assert raw["files"][TEMPLATE]["text"] == f"{red_hat.ROOT} rhgb quiet crashkernel={EL10.crashkernel}\n"


def test_secrets_never_go_into_a_template() -> None:
    raw = red_hat.stock(EL10)()
    machines.remove(raw, TEMPLATE)
    path = path_of(EL10.kernels[0])
    machines.replace(raw, path, "rhgb", "rd.token=[cut out by kdump-enabler]")
    assert judge(raw).plan.crashkernel == ()
    assert [one.by_hand for one in judge(raw).findings if one.id == "KD021"] == [True]


def test_defaults_that_only_a_shell_could_tell_are_left_alone() -> None:
    raw = red_hat.installed()()
    machines.replace(raw, MAIN, 'GRUB_CMDLINE_LINUX="', 'GRUB_CMDLINE_LINUX="$(cat /etc/words) ')
    assert MAIN not in [change.path for change in judge(raw).plan.crashkernel]


def test_an_entry_with_more_stays() -> None:
    """A kernel for debugging may have been given more by hand."""
    raw = red_hat.installed()()
    path = path_of(EL9.kernels[1])
    machines.replace(raw, path, "rhgb", "crashkernel=1G rhgb")
    enabled(raw)
    assert "crashkernel=1G" in raw["files"][path]["text"]


def test_what_somebody_wrote_into_the_entry_is_what_is_wanted() -> None:
    raw = red_hat.installed(EL9, "crashkernel=700M")()
    wanted = judge(raw).wanted
    assert wanted is not None
    assert (wanted.text, wanted.reason) == ("700M", "written in the GRUB defaults")
    for path in (MAIN, TEMPLATE):
        machines.write(raw, path, WORD.sub("", raw["files"][path]["text"]))
    wanted = judge(raw).wanted
    assert wanted is not None
    assert (wanted.text, wanted.reason) == ("700M", "written in the boot entry")


def test_kexec_tools_of_el9_leaves_a_chosen_size_alone() -> None:
    raw = red_hat.installed(EL9, "crashkernel=700M")()
    assert "KD046" not in [one.id for one in judge(raw).findings]


def test_a_read_only_boot_does_not_keep_the_template_from_being_mended() -> None:
    raw = red_hat.ready()()
    for path in (path_of(EL9.kernels[1]), TEMPLATE):
        machines.replace(raw, path, f"crashkernel={DEFAULT} ", "")
    raw["mounts"]["/boot"]["options"] = "ro"
    assert [change.path for change in judge(raw).plan.crashkernel] == [TEMPLATE]


def test_the_rescue_entry_is_no_entry_that_differs_and_gets_the_word_too() -> None:
    raw = red_hat.ready()()
    rescue = f"/boot/loader/entries/{red_hat.ID}-0-rescue.conf"
    machines.write(raw, rescue, entry(f"0-rescue-{red_hat.ID}", red_hat.ROOT))
    assert judge(raw).findings == ()
    machines.replace(raw, path_of(EL9.kernels[0]), f"crashkernel={DEFAULT} ", "")
    enabled(raw)
    assert f" crashkernel={DEFAULT}\n" in raw["files"][rescue]["text"]


def test_several_options_lines_are_one_command_line() -> None:
    raw = red_hat.installed()()
    for version in EL9.kernels:
        text = entry(version, red_hat.ROOT) + "options crashkernel=64M splash\n"
        machines.write(raw, path_of(version), text)
    enabled(raw)
    text = raw["files"][path_of(EL9.kernels[0])]["text"]
    assert f"crashkernel={DEFAULT}\n" in text
    assert text.endswith("options splash\n")


def test_nothing_needs_grubby_and_no_remedy_names_it_where_it_is_not() -> None:
    raw = machines.load("almalinux10-entries-differ")
    remedies = []
    for absent in (False, True):
        if absent:
            machines.remove(raw, "/usr/sbin/grubby")
        remedies += [one.remedy for one in judge(raw).findings if one.id == "KD027"]
    words = f"crashkernel={EL10.crashkernel}"
    assert remedies == [
        f"grubby --update-kernel=ALL --args='{words}'",
        f"write {words} into the options of each",
    ]


LINE = st.lists(
    st.sampled_from(
        [
            "root=UUID=1-2",
            "ro",
            "quiet",
            "crashkernel=auto",
            "crashkernel=1G,high",
            "xcrashkernel=1",
            "crashkernel",
            "$x",
        ]
    )
).flatmap(lambda words: st.sampled_from([" ", "  ", "\t"]).map(lambda blank: blank.join(words)))


@given(LINE, st.sampled_from(["", "256M", PAIR]))
def test_rewritten(line: str, value: str) -> None:
    after = crashkernel.rewritten(line, value)
    others = [word for word in line.split() if not word.startswith("crashkernel=")]
    assert [word for word in after.split() if not word.startswith("crashkernel=")] == others
    assert [word for word in after.split() if word not in others] == [
        "crashkernel=" + part.removeprefix("crashkernel=") for part in value.split()
    ]
    assert crashkernel.rewritten(after, value) == after
    if not value and others == line.split():
        assert after == line


def test_a_tool_follows_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def tool(_: Facts, reservation: str | None) -> Tool:
        words = None if reservation is None else tuple(f"crashkernel={word}" for word in reservation.split())
        return Tool((("make-entries", "--all"),), ("/boot/*.conf",), ("/etc/kernel/",), words=words)

    monkeypatch.setattr(bls, "tool", tool)
    monkeypatch.setitem(TOOLS, "make-entries", lambda *_: None)
    raw = red_hat.installed()()
    plan = judge(raw).plan
    assert plan.make_boot_files
    assert {"step": "make boot files", "changes": "make-entries --all"} in plan.steps()
    assert plan.as_dict()["boot_files"] == {
        "commands": [["make-entries", "--all"]],
        "files": ["/boot/*.conf"],
        "settings": ["/etc/kernel/"],
        "entries": [],
        "holding": [],
        "words": [f"crashkernel={DEFAULT}"],
    }
    apply(raw, plan)
    assert not judge(raw).plan.make_boot_files
    away = planning.take_away(facts_of(raw))
    assert (away.make_boot_files, (away.boot_files or {})["words"]) == (True, [])
    back = planning.go_back(facts_of(raw))
    assert (back.make_boot_files, (back.boot_files or {})["words"]) == (False, None)
