"""Files that `enable` changes keep every byte that is not its business, and what their own readers see in it.

The shell judges what it sources itself; entries of the boot loader are split into their lines and words here.
(kdump.conf is held in test_kdump_conf.py, words taken out of the GRUB defaults in test_grub_defaults.py, a bare
command line in test_back_ends.py.)
"""

from __future__ import annotations

import re
import subprocess

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from kdump_enabler.facts import grub_defaults
from kdump_enabler.policy import PolicyError
from tests import kernel_crashkernel as kernel
from tests.hosts import bases, machines, red_hat
from tests.hosts.red_hat import EL9, TEMPLATE, path_of
from tests.unit.building import GIB, judge, policy
from tests.unit.converging import apply
from tests.unit.test_crashkernel_kernel import VALUE
from tests.unit.test_grub_defaults import FILE, NAMES, by_shell, read

WORDS = re.compile(r"crashkernel=\S*|\s")
RESERVATION = st.sampled_from(["", "256M", "1G-4G:192M,4G-:256M", "512M,high crashkernel=64M,low"])


@settings(max_examples=300, deadline=None)
@given(text=FILE, reservation=RESERVATION)
@example(text='GRUB_CMDLINE_LINUX="crashkernel=1M quiet crashkernel=2M"\n', reservation="256M")
@example(
    text="GRUB_CMDLINE_LINUX='crashkernel=1M'\nGRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX\"\n", reservation=""
)
@example(text="GRUB_CMDLINE_LINUX=crashkernel=1M' 1'\n", reservation="512M,high crashkernel=64M,low")
@example(text='GRUB_CMDLINE_LINUX="a b"\nGRUB_DISABLE_OS_PROBER=true\n', reservation="256M")
@example(text='OTHER="crashkernel=1M"\nGRUB_CMDLINE_LINUX="$OTHER"\n', reservation="")
@example(
    text='GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX "\\\nGRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX crashkernel=1M " 1\n',
    reservation="256M",
)
def test_a_word_of_the_grub_defaults(text: str, reservation: str) -> None:
    after = grub_defaults.with_reservation(read(text), reservation)
    assume(after is not None)
    assert after is not None
    pairs = zip(text.split("\n"), after.split("\n"), strict=True)
    assert all("crashkernel=" in old + new for old, new in pairs if old != new)
    seen, now = by_shell(text) or {}, by_shell(after) or {}
    assert bool(seen) == bool(now)
    for name in NAMES if seen else ():
        assert WORDS.sub("", now[name]) == WORDS.sub("", seen[name]), name
    line = read(after).command_line
    asked = {word for word in (line or "").split() if word.startswith("crashkernel=")}
    assert asked <= set(f"crashkernel={reservation}".split())


SETTING = st.sampled_from(
    [
        "USE_KDUMP=0",
        'USE_KDUMP="0"  # off for now',
        "USE_KDUMP='no'",
        "#USE_KDUMP=0",
        'KDUMP_COREDIR="/var/crash"',
        'KDUMP_CMDLINE_APPEND="reset_devices nr_cpus=1"',
        "KDUMP_CMDLINE_APPEND='nr_cpus=1 irqpoll' # mine",
        "KDUMP_CMDLINE_APPEND=irqpoll",
        '#KDUMP_CMDLINE_APPEND="reset_devices systemd.unit=kdump-tools-dump.service"',
        'KDUMP_CMDLINE_APPEND="$MINE irqpoll"',
        'MAKEDUMP_ARGS="-c -d 31"\t',
        '  export SSH="user@host"',
        "",
        "# an umlaut: ä",
    ]
)
SHOWN = ("USE_KDUMP", "KDUMP_COREDIR", "KDUMP_CMDLINE_APPEND", "MAKEDUMP_ARGS", "SSH")


def settings_of(text: str) -> dict[str, str]:
    """The settings as kdump-config, which sources the file, has them."""
    script = text + "\n" + "".join(f'printf "%s\\0" "${name}";' for name in SHOWN)
    run = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={})
    return dict(zip(SHOWN, run.stdout.split("\0"), strict=False))


@settings(max_examples=60, deadline=None)
@given(lines=st.lists(SETTING, max_size=6))
def test_the_configuration_of_kdump_tools(lines: list[str]) -> None:
    raw = bases.installed()
    text = "\n".join(["# kdump-tools", *lines, "# the end", ""])
    machines.write(raw, bases.CONFIG, text)
    apply(raw, judge(raw).plan)
    after = raw["files"][bases.CONFIG]["text"]
    before, now = settings_of(text), settings_of(after)
    for name in SHOWN:
        gained = [word for word in now[name].split() if word not in before[name].split()]
        if name == "USE_KDUMP":
            assert now[name] in (before[name], "1")
        elif name == "KDUMP_CMDLINE_APPEND" and gained:
            assert gained[-1] == "panic=10"
            assert gained[:-1] == [] or not before[name], "what was only the default is stated with it"
        else:
            assert now[name] == before[name]
    pairs = list(zip(text.split("\n"), after.split("\n"), strict=True))
    changed = [old for old, new in pairs if old != new]
    assert all(re.search(r"USE_KDUMP|KDUMP_CMDLINE_APPEND", old) for old in changed)


OPTION = st.sampled_from(
    ["root=UUID=1-2", "quiet", 'dyndbg="file x +p"', "crashkernel=64M", "crashkernel=1M,high", "a=ü"]
)
BLANK = st.sampled_from([" ", "  ", "\t"])
OPTIONS = st.lists(st.tuples(OPTION, BLANK), min_size=1, max_size=5).map(
    lambda pairs: "".join(word + blank for word, blank in pairs).rstrip()
)
KEY = st.sampled_from(["title A  title", "version 9", "# options crashkernel=1", "grub_users $x", "", "  sort-key x"])


@settings(max_examples=40, deadline=None)
@given(first=OPTIONS, second=st.none() | OPTIONS, others=st.lists(KEY, max_size=4), end=st.sampled_from(["\n", ""]))
def test_an_entry_and_the_template(first: str, second: str | None, others: list[str], end: str) -> None:
    raw = red_hat.installed()()
    path, version = path_of(EL9.kernels[0]), EL9.kernels[0]
    lines = [f"linux /vmlinuz-{version}", *others, f"options {first}", *([f"options\t{second}"] if second else [])]
    machines.write(raw, path, "\n".join(lines) + end)
    machines.write(raw, TEMPLATE, first + "\n")
    before = {name: raw["files"][name]["text"] for name in (path, TEMPLATE)}
    apply(raw, judge(raw).plan)
    for name, text in before.items():
        after = raw["files"][name]["text"]
        assert re.sub(r"\s*crashkernel=\S*|\s", "", after) == re.sub(r"\s*crashkernel=\S*|\s", "", text)
        for old, new in zip(text.split("\n"), after.split("\n"), strict=True):
            is_option = name == TEMPLATE or old.startswith("options")
            assert new == old or is_option, "only options change"


@settings(max_examples=150, deadline=None)
@given(value=VALUE)
def test_a_value_that_reserves_nothing_is_refused_before_anything_changes(value: str) -> None:
    """Either the policy is refused, or the plan holds nothing but the reason."""
    raw = bases.pristine()
    try:
        policy(crashkernel=value)
    except PolicyError:
        return
    assume(value != "auto")
    plan = judge(raw, crashkernel=value).plan
    size, _ = kernel.reserved(f"crashkernel={value}", 2 * GIB, (6, 1))
    assert bool(plan.refusal) == (size == 0)
    if plan.refusal:
        assert plan.steps() == []
        assert plan.refusal.startswith(f"kdump_crashkernel: crashkernel={value} reserves nothing here: ")
