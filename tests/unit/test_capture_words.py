"""What the capture kernel of the Red Hat family is, and is told."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from kdump_enabler import evidence
from kdump_enabler.changing import capture_line
from kdump_enabler.facts import machine
from kdump_enabler.facts.machine import Facts
from tests.hosts import bases, machines, red_hat
from tests.hosts.machines import Raw
from tests.hosts.red_hat import SYSCONFIG
from tests.unit.building import judge
from tests.unit.converging import apply

REMOVE = "KDUMP_COMMANDLINE_REMOVE"


def machine_with(words: str, *lines: str) -> Raw:
    """A ready machine with these words on its command line, and these lines in its sysconfig/kdump."""
    raw = red_hat.ready()()
    machines.write(raw, bases.CMDLINE, f"root=/dev/sda1 crashkernel=192M {words}\n")
    machines.write(raw, SYSCONFIG, "".join(f"{line}\n" for line in lines))
    return raw


def facts(raw: Raw) -> Facts:
    return machine.read(evidence.from_raw(raw))


@pytest.mark.parametrize(
    ("words", "lines", "greedy"),
    [
        ("hugepages=64", [f'{REMOVE}="hugepages hugepagesz"'], []),
        ("hugepages=64", [], []),  # kdumpctl's own default
        ("hugepages=64 swiotlb=1", [], ["swiotlb=1"]),
        ("hugepages=64", [f'{REMOVE}=""'], ["hugepages=64"]),
        ("hugepages=64 quiet", [f'{REMOVE}="quiet"'], ["hugepages=64"]),
        ("slub_debug quiet", [f'{REMOVE}="quiet"'], ["slub_debug"]),
        ("default_hugepagesz=1G", [f'{REMOVE}="quiet"'], []),  # sets nothing aside
        ("swiotlb=1", [f'{REMOVE}="quiet"', 'KDUMP_COMMANDLINE_APPEND="swiotlb=noforce nr_cpus=1"'], []),
        ("hugepages=64", [f'{REMOVE}="quiet"', 'KDUMP_COMMANDLINE="root=/dev/sda1"'], []),
        ("quiet", [f'{REMOVE}="quiet"', 'KDUMP_COMMANDLINE="ro hugepages=9"'], ["hugepages=9"]),
    ],
)
def test_what_takes_memory(words: str, lines: list[str], greedy: list[str]) -> None:
    assert list(capture_line.greedy(facts(machine_with(words, *lines)))) == greedy


@pytest.mark.parametrize(
    ("line", "after"),
    [
        (f'{REMOVE}="quiet"', f'{REMOVE}="quiet hugepages swiotlb"'),
        (f"{REMOVE}='quiet'  # mine", f"{REMOVE}='quiet hugepages swiotlb'  # mine"),
        (f"{REMOVE}=quiet", f'{REMOVE}="quiet hugepages swiotlb"'),
        (f'{REMOVE}="$X quiet"', None),
        (f'{REMOVE}=""', None),
    ],
)
def test_the_names_join_those_that_are_there(line: str, after: str | None) -> None:
    raw = machine_with("hugepages=64 swiotlb=1 hugepages=32", "# one", line, 'KDUMP_COMMANDLINE_APPEND="nr_cpus=1"')
    changed = capture_line.without_greedy(facts(raw))
    assert changed == ({} if after is None else {"2": after})
    if after:
        run = subprocess.run(
            ["sh", "-c", f'{after}\nprintf %s "${REMOVE}"'], capture_output=True, text=True, check=True
        )
        assert run.stdout.split() == [*shlex.split(line.partition("=")[2], comments=True), "hugepages", "swiotlb"]


def test_enable_mends_it_and_then_has_nothing_to_do() -> None:
    raw = machines.load("rhel9-hugepages")
    before = raw["files"][SYSCONFIG]["text"]
    apply(raw, judge(raw).plan)
    assert judge(raw).findings == ()
    names = "quiet log_buf_len swiotlb hugetlb_cma cma"
    assert raw["files"][SYSCONFIG]["text"] == before.replace(names, f"{names} hugepagesz hugepages")


@pytest.mark.parametrize(
    ("appended", "lacking"),
    [
        ("irqpoll nr_cpus=1 reset_devices panic=10", ()),
        ("irqpoll maxcpus=1 reset_devices", ()),
        ("nr_cpus=16 reset_devices", ()),
        ("irqpoll reset_devices", ("nr_cpus",)),
        ("irqpoll", ("nr_cpus", "reset_devices")),
    ],
)
def test_what_is_lacking(appended: str, lacking: tuple[str, ...]) -> None:
    assert capture_line.lacking(facts(machine_with("ro", f'KDUMP_COMMANDLINE_APPEND="{appended}"'))) == lacking


def test_a_release_that_is_there_is_no_finding() -> None:
    release = red_hat.EL9.kernels[1]
    raw = machine_with(
        "ro", f'KDUMP_KERNELVER="{release}"', 'KDUMP_COMMANDLINE_APPEND="nr_cpus=1 reset_devices panic=1"'
    )
    assert judge(raw).findings == ()
    machines.remove(raw, f"/boot/vmlinuz-{release}")
    assert [one.id for one in judge(raw).findings] == ["KD095"]
