"""The word that brings a capture kernel back which panicked itself: only it is added, and only where that is sure."""

from __future__ import annotations

import subprocess

import pytest

from kdump_enabler import evidence
from kdump_enabler.changing import capture_line
from kdump_enabler.facts import machine
from kdump_enabler.facts.machine import Facts
from tests.hosts import bases, machines, red_hat
from tests.unit.building import judge

NAME = "KDUMP_CMDLINE_APPEND"
# The lines of the configuration that are about it, and what becomes of the one that changes; null for none.
EDITS: list[tuple[list[str], str | None]] = [
    ([f'#{NAME}="irqpoll nr_cpus=1"'], f'{NAME}="irqpoll nr_cpus=1 panic=10"'),
    ([f'# {NAME}="irqpoll"'], f'{NAME}="irqpoll panic=10"'),
    ([f'{NAME}="irqpoll nr_cpus=1"'], f'{NAME}="irqpoll nr_cpus=1 panic=10"'),
    ([f'{NAME}="irqpoll "  # mine'], f'{NAME}="irqpoll panic=10"  # mine'),
    ([f"{NAME}='irqpoll mce=off'"], f"{NAME}='irqpoll mce=off panic=10'"),
    ([f"  export {NAME}=irqpoll"], f'  export {NAME}="irqpoll panic=10"'),
    ([f'#{NAME}="irqpoll"', f'{NAME}="nr_cpus=1"'], f'{NAME}="nr_cpus=1 panic=10"'),
    ([f'{NAME}="one"', f'{NAME}="two"'], f'{NAME}="two panic=10"'),
    # somebody chose, or only a shell could tell
    ([f'{NAME}="irqpoll panic=30"'], None),
    ([f'{NAME}="irqpoll panic=-1"'], None),
    ([f'{NAME}="irqpoll panic=0"'], None),
    ([f'{NAME}="irqpoll" more'], None),
    ([f'{NAME}="$MINE irqpoll"'], None),
    ([f'{NAME}="irqpoll" "nr_cpus=1"'], None),
    ([f'{NAME}="irqpoll $(nproc)"'], None),
    ([f'{NAME}="irqpoll \\'], None),
    ([f'{NAME}=""'], None),
    ([f'#{NAME}="a"', f'#{NAME}="b"'], None),
    ([f"#{NAME}=<words>"], None),
    ([], None),
]


def facts(lines: list[str], command_line: str = "root=/dev/vda1 quiet") -> Facts:
    raw = bases.installed()
    machines.write(raw, bases.CMDLINE, command_line + "\n")
    machines.write(raw, bases.CONFIG, "\n".join(["USE_KDUMP=1", *lines, "# the end", ""]))
    return machine.read(evidence.from_raw(raw))


@pytest.mark.parametrize(("lines", "line"), EDITS)
def test_edit(lines: list[str], line: str | None) -> None:
    assert list(capture_line.with_panic(facts(lines)).values()) == ([] if line is None else [line])


@pytest.mark.parametrize(("lines", "line"), [(lines, line) for lines, line in EDITS if line])
def test_a_shell_finds_the_words_that_were_there_and_one_more(lines: list[str], line: str) -> None:
    before = [old.removeprefix("#") for old in lines]
    assert sourced(line).split() == [*sourced("\n".join(before)).split(), "panic=10"]


def sourced(text: str) -> str:
    script = f'{text}\nprintf %s "${NAME}"'
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("lines", "command_line", "hangs"),
    [
        ([], "quiet", True),
        ([], "quiet panic=30", False),
        ([], "panic=30 quiet panic=0", True),
        ([f'{NAME}="irqpoll panic=10"'], "quiet", False),
        ([f'{NAME}="irqpoll panic=-1"'], "quiet", False),
        ([f'{NAME}="irqpoll panic=0"'], "panic=30", True),
        (['KDUMP_CMDLINE="root=/dev/vda1"'], "panic=30", True),
        (['KDUMP_CMDLINE="root=/dev/vda1 panic=5"'], "quiet", False),
        (['KDUMP_CMDLINE=""'], "panic=5", False),
    ],
)
def test_which_panic_counts(lines: list[str], command_line: str, hangs: bool) -> None:
    """kdump-config takes KDUMP_CMDLINE, else /proc/cmdline, and appends; the kernel obeys the last."""
    assert (capture_line.hangs(facts(lines, command_line)) is not None) == hangs


KDUMPCTL = "KDUMP_COMMANDLINE_APPEND"


@pytest.mark.parametrize(
    ("lines", "command_line", "hangs", "line"),
    [
        ([f'{KDUMPCTL}="irqpoll panic=10"'], "quiet", False, None),
        ([f'{KDUMPCTL}="irqpoll"'], "quiet", True, f'{KDUMPCTL}="irqpoll panic=10"'),
        ([f'{KDUMPCTL}="irqpoll"'], "quiet panic=30", False, None),
        ([f'{KDUMPCTL}="irqpoll panic=0"'], "panic=30", True, None),
        # what KDUMP_COMMANDLINE_REMOVE names goes, from what is not appended
        (['KDUMP_COMMANDLINE_REMOVE="quiet panic"', f'{KDUMPCTL}="irqpoll"'], "panic=30", True, "irqpoll panic=10"),
        (['KDUMP_COMMANDLINE_REMOVE="quiet panic"', f'{KDUMPCTL}="panic=10"'], "quiet", False, None),
        (['KDUMP_COMMANDLINE="root=/dev/vda1 panic=5"', f'{KDUMPCTL}="irqpoll"'], "quiet", False, None),
        # without a setting nothing is appended, whatever a comment says
        ([f'#{KDUMPCTL}="irqpoll panic=10"'], "quiet", True, None),
    ],
)
def test_kdumpctl_makes_the_line_so(lines: list[str], command_line: str, hangs: bool, line: str | None) -> None:
    """prepare_cmdline of kdump-lib.sh in kdump-utils."""
    raw = red_hat.installed()()
    machines.write(raw, bases.CMDLINE, command_line + "\n")
    machines.write(raw, red_hat.SYSCONFIG, "\n".join([*lines, ""]))
    found = machine.read(evidence.from_raw(raw))
    assert (capture_line.hangs(found) is not None) == hangs
    written = list(capture_line.with_panic(found).values())
    assert len(written) == (line is not None)
    assert all((line or "") in one for one in written)


def test_the_remedy_names_the_file_for_sh_and_not_kdump_conf() -> None:
    raw = red_hat.ready()()
    machines.replace(raw, red_hat.SYSCONFIG, "panic=10", "panic=0")
    (finding,) = judge(raw).findings
    assert finding.id == "KD068"
    assert finding.by_hand
    assert finding.remedy == f"give {KDUMPCTL} in {red_hat.SYSCONFIG} its own words and panic=10"


def test_without_a_configuration_nothing_is_said() -> None:
    assert capture_line.hangs(machine.read(evidence.from_raw(bases.pristine()))) is None


def test_both_lines_of_the_configuration_change_in_one_step() -> None:
    raw = bases.installed()
    machines.replace(raw, bases.CONFIG, "USE_KDUMP=1", "USE_KDUMP=0")
    (change,) = [change for change in judge(raw).plan.kdump_config if change.path == bases.CONFIG]
    assert sorted((change.lines or {}).values())[1] == "USE_KDUMP=1"
    assert len(change.lines or {}) == 2
