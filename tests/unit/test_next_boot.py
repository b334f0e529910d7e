"""What the GRUB defaults say against what the next boot does: who wins, who loses, and what is left to people."""

from __future__ import annotations

import re

import pytest

from kdump_enabler.audit import Audit, audit
from kdump_enabler.evidence import from_raw
from kdump_enabler.finding import ENABLE, Finding, Severity
from kdump_enabler.policy import Policy
from tests.hosts import bases, machines
from tests.hosts.faults import defaults
from tests.unit.building import MIB, identifiers, judge
from tests.unit.converging import converge, update_grub

MAIN, ZZZ = "/etc/default/grub", "/etc/default/grub.d/zzz-local.cfg"
# Machine, finding, what must be named: the files with their lines, the winner among them.
NAMED = [
    ("replaced-later", "KD021", {(ZZZ, 2), (bases.GRUB_DROPIN, 3)}),
    ("replaced-later", "KD029", {(ZZZ, 2), (bases.GRUB_DROPIN, 3)}),
    ("unreadable-later", "KD021", {(ZZZ, 1)}),
    ("cloud-image", "KD029", {(MAIN, 4), ("/etc/default/grub.d/50-cloudimg-settings.cfg", 1)}),
    ("losing", "KD026", {(MAIN, 4), (defaults.PACKAGE_DROPIN, 1)}),
    ("twice", "KD026", {(MAIN, 4), (MAIN, 5)}),
    ("newline", "KD021", {(MAIN, 4)}),
    ("appending", "KD022", {(MAIN, 8)}),
]
BY_HAND = ["replaced-later", "unreadable-later", "newline", "custom-entry"]
# Words of a finding that people must read.
WORDS = [
    ("auto", "KD021", "only the kernel of RHEL 8 knows crashkernel=auto"),
    ("range-misses", "KD021", "none of its ranges reserves memory with 2048 MiB of RAM"),
    ("pair-spoiled", "KD026", "the kernel ignores crashkernel=512M,high, crashkernel=64M,low"),
    ("losing", "KD026", "the kernel ignores crashkernel=512M"),
    ("saved-old-kernel", "KD027", "6.1.0-56-amd64: 256 MiB"),
    ("other-kernel-differs", "KD027", "6.1.0-50-amd64: 0 MiB"),
    ("custom-entry", "KD028", "/etc/grub.d/40_custom"),
]


def found(name: str, identifier: str) -> Finding:
    (one,) = [one for one in judge(machines.load(f"debian12-{name}")).findings if one.id == identifier]
    return one


def left(last: Audit) -> list[str]:
    """What neither `enable` nor a reboot nor a person was given to mend."""
    errors = [one for one in last.findings if one.severity is Severity.ERROR]
    return [f"{one.id} {one.title}" for one in errors if not one.by_hand and not one.needs_reboot]


@pytest.mark.parametrize(("name", "identifier", "places"), NAMED)
def test_winners_and_losers_are_named(name: str, identifier: str, places: set[tuple[str, int]]) -> None:
    named = {(source.source, source.line) for source in found(name, identifier).evidence}
    assert places <= named


@pytest.mark.parametrize(("name", "identifier", "words"), WORDS)
def test_what_people_read(name: str, identifier: str, words: str) -> None:
    assert words in found(name, identifier).current


@pytest.mark.parametrize("name", BY_HAND)
def test_what_enable_cannot_mend_says_where_to_mend_it(name: str) -> None:
    one = found(name, "KD021")
    assert (one.by_hand, one.remedy == ENABLE) == (True, False)
    where = one.evidence[0]
    place = "/etc/grub.d/40_custom" if name == "custom-entry" else f"{where.source}:{where.line}"
    assert place in one.remedy


@pytest.mark.parametrize("name", sorted(defaults.MACHINES))
def test_enable_ends(name: str) -> None:
    """A plan that is carried out leaves nothing to do, or what is left is a person's: never the same again."""
    last = converge(machines.load(name))[-1]
    assert last.plan.empty
    assert bool(last.plan.refusal) or not left(last)


@pytest.mark.parametrize(
    "text",
    [
        'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
        'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT crashkernel=64M"\n',
        "GRUB_CMDLINE_LINUX_DEFAULT=$(echo quiet)\n",
        ": nothing; GRUB_CMDLINE_LINUX_DEFAULT=quiet\n",
    ],
)
def test_a_file_after_ours_is_never_fought(text: str) -> None:
    raw = bases.installed()
    machines.write(raw, ZZZ, text)
    update_grub(raw)
    looks = converge(raw)
    assert looks[-1].plan.empty
    assert not left(looks[-1])
    assert "KD021 error" in identifiers(looks[-1])


def test_a_file_after_ours_that_asks_for_more_is_welcome() -> None:
    raw = bases.ready()
    machines.write(raw, ZZZ, 'GRUB_CMDLINE_LINUX_DEFAULT="quiet crashkernel=1G"\n')
    update_grub(raw)
    assert "KD021 error" not in identifiers(judge(raw))
    assert judge(raw).plan.empty


def test_once_the_file_is_mended_enable_goes_on() -> None:
    raw = machines.load("debian12-replaced-later")
    machines.remove(raw, ZZZ)
    facts = converge(raw)[-1].facts
    assert facts is not None
    assert facts.next_boot is not None
    assert facts.next_boot.size_bytes == 256 * MIB


@pytest.mark.parametrize(
    ("name", "words"), [("custom-entry", "40_custom"), ("replaced-later", "zzz-local.cfg, line 1")]
)
def test_disable_says_what_it_cannot_take_away(name: str, words: str) -> None:
    raw = machines.load(f"debian12-{name}")
    if name == "custom-entry":
        machines.replace(raw, bases.GRUB_CFG, " ro quiet\n", " ro quiet crashkernel=1G\n")
    else:
        machines.write(raw, ZZZ, 'GRUB_CMDLINE_LINUX_DEFAULT="crashkernel=1G"\n')
        update_grub(raw)
    plan = audit(from_raw(raw), Policy(), "disable").plan
    assert words in plan.refusal


def test_entries_of_other_systems_and_for_recovery_are_not_compared() -> None:
    raw = bases.ready()
    other = "menuentry 'Other' {\n\tlinux /boot/vmlinuz-9 root=/dev/sdb1 ro quiet\n}\n"
    machines.replace(
        raw, bases.GRUB_CFG, "### END /etc/grub.d/30_os-prober ###", other + "### END /etc/grub.d/30_os-prober ###"
    )
    assert "KD027 warning" not in identifiers(judge(raw))


@pytest.mark.parametrize(("image", "size"), [("6.1.0-56-amd64", 0), ("6.17.0-1-amd64", 512 * MIB)])
def test_what_a_word_means_is_asked_of_the_kernel_that_boots_next(image: str, size: int) -> None:
    """Before Linux 6.17, `,cma` is no suffix: the last word is one that the kernel cannot read."""
    raw = bases.ready()
    text = raw["files"][bases.GRUB_CFG]["text"].replace("6.1.0-56-amd64", image)
    words = "crashkernel=512M crashkernel=64M,cma"
    machines.write(raw, bases.GRUB_CFG, re.sub(r"crashkernel=\S+", words, text))
    facts = judge(raw).facts
    assert facts is not None
    assert facts.next_boot is not None
    assert facts.next_boot.size_bytes == size
