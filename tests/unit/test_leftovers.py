"""What kdump-enabler 1.0.0 left: taken for its work only with proof, taken back without harm."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kdump_enabler.changing.changes import FileChange
from kdump_enabler.changing.cleanup import cleanup
from kdump_enabler.evidence import from_raw
from kdump_enabler.facts import machine
from kdump_enabler.finding import Finding
from tests.hosts import bases, machines
from tests.hosts.faults.leftovers import ALL_KEYS, LINK, MACHINES, MAIN, STAMPS, SYSCTL_CONF
from tests.hosts.machines import Raw
from tests.unit.building import GIB, MIB, identifiers, judge, policy
from tests.unit.converging import converge
from tests.unit.test_grub_defaults import FILE, PLAIN, by_shell

BACKUP = f"/etc/default/grub.backup.{STAMPS[0]}"
ZZZ = "/etc/default/grub.d/zzz.cfg"


def load(name: str) -> Raw:
    return machines.load(f"debian12-script-{name}")


def finding(raw: Raw, identifier: str, **variables: Any) -> Finding:
    (one,) = [one for one in judge(raw, **variables).findings if one.id == identifier]
    return one


def next_boot(raw: Raw) -> int:
    facts = judge(raw).facts
    assert facts is not None
    assert facts.next_boot is not None
    return facts.next_boot.size_bytes


def ram(raw: Raw, mib: int) -> Raw:
    machines.write(raw, "/proc/iomem", f"00000000-{mib * MIB - 1:x} : System RAM\n")
    machines.write(raw, "/proc/meminfo", f"MemTotal: {mib * 1024} kB\n")
    return raw


def script(text: str, size: str) -> str:
    """One run of the script on /etc/default/grub: sed exchanges the first match of each line, wherever it is; a file
    without a line that begins so gets one at its end."""
    name = "GRUB_CMDLINE_LINUX_DEFAULT="
    lines = text.split("\n")
    if not any(line.startswith(name) for line in lines):
        return f'{text}{name}"crashkernel={size}"\n'
    return "\n".join(line.replace(f'{name}"', f'{name}"crashkernel={size} ', 1) for line in lines)


@pytest.mark.parametrize("name", sorted(MACHINES))
def test_enable_ends_and_weakens_nothing(name: str) -> None:
    raw = machines.load(name)
    before, last = next_boot(raw), converge(raw)[-1]
    assert last.plan.empty
    assert next_boot(raw) >= max(before, 256 * MIB)
    wanted_left = {"KD081 warning", "KD083 info"} if "rewritten" in name else {"KD083 info"}
    assert {one for one in identifiers(last) if one.startswith("KD08")} <= wanted_left


@pytest.mark.parametrize("name", ["twice", "file-of-its-own"])
def test_after_the_reboot_the_crash_key_works_and_not_every_key(name: str) -> None:
    raw = load(name)
    facts = converge(raw)[-1].facts
    assert facts is not None
    setting = facts.settings["kernel.sysrq"]
    assert setting.next_boot is not None
    assert (setting.next_boot.value, setting.running) == (str(438 | 8), "1")  # what works now goes on working
    machines.kernel(raw, sysrq=setting.next_boot.value)
    assert judge(raw).plan.sysrq == ()


def test_the_files_are_what_they_were() -> None:
    raw, before = load("twice"), bases.installed()
    converge(raw)
    for path in (MAIN, SYSCTL_CONF, LINK):
        assert raw["files"][path]["text"] == before["files"][path]["text"], path


def test_single_lines_change() -> None:
    (first, second) = judge(load("twice")).plan.leftovers
    assert (first.path, first.lines) == (MAIN, {"4": 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"'})
    assert second == FileChange(SYSCTL_CONF, second.before, text="")


def test_without_a_backup_nothing_is_the_scripts() -> None:
    raw = load("twice")
    for path in [path for path in raw["files"] if ".backup." in path]:
        raw["files"][f"{path}.old"] = raw["files"].pop(path)
    assert not [one for one in identifiers(judge(raw)) if one.startswith("KD08")]
    assert judge(raw).plan.leftovers == ()


def test_one_word_for_each_backup() -> None:
    """A value of the administrator's that looks the same stays: each run of the script made one backup."""
    raw = load("twice")
    del raw["files"][f"/etc/default/grub.backup.{STAMPS[1]}"]
    assert judge(raw).plan.leftovers[0].lines == {"4": 'GRUB_CMDLINE_LINUX_DEFAULT="crashkernel=256M quiet"'}


@pytest.mark.parametrize(
    ("mib", "word", "is_its"),
    [
        (2048, "256M", True),
        (2048, "512M", False),  # the script takes that from 16 GiB on: an administrator's
        (2048, "384M", False),
        (9 * 1024, "384M", True),
        (16 * 1024 - 200, "384M", True),  # `free -g` shows 15
        (16 * 1024 - 200, "512M", False),
        (17 * 1024, "512M", True),
        (2048, "256M,high", False),
        (2048, "1G-:256M", False),
    ],
)
def test_only_the_size_that_the_script_takes_here(mib: int, word: str, is_its: bool) -> None:
    raw = ram(load("decides"), mib)
    machines.kernel(raw, kexec_crash_size="0")
    for path in (MAIN, bases.GRUB_CFG):
        machines.replace(raw, path, "crashkernel=256M", f"crashkernel={word}")
    assert bool(machine.read(from_raw(raw)).leftovers.words) == is_its


@pytest.mark.parametrize(("mib", "text"), [(2048, bases.OURS), (1536, "256M")])
def test_what_the_script_reserved_is_kept_by_ours(mib: int, text: str) -> None:
    """Below 2 GiB the distribution's own, which is less than the script's, would be recommended."""
    raw = ram(load("decides"), mib)
    (change,) = judge(raw).plan.crashkernel
    assert f' crashkernel={text}"' in (change.text or "")


def closed(raw: Raw) -> None:
    machines.replace(raw, MAIN, "crashkernel=256M quiet", "crashkernel=256M quiet x.token=[cut out by kdump-enabler]")


def linked(raw: Raw) -> None:
    raw["files"][MAIN] |= {"link": "/srv/grub", "exists": True}


def too_small(raw: Raw) -> None:
    ram(raw, 768)


def spoiled(raw: Raw) -> None:
    machines.write(raw, ZZZ, "if true; then GRUB_CMDLINE_LINUX_DEFAULT=$X; fi\n")


@pytest.mark.parametrize("change", [closed, linked, too_small, spoiled])
def test_words_whose_end_is_not_certain_are_left_to_people(change: Any) -> None:
    raw = load("decides")
    change(raw)
    one = finding(raw, "KD080")
    assert (judge(raw).plan.leftovers, one.by_hand, MAIN in one.remedy) == ((), True, True)


def test_sysrq_that_is_to_be_left_alone_is() -> None:
    raw = load("twice")
    plan = judge(raw, sysrq="keep").plan
    assert [change.path for change in plan.leftovers] == [MAIN]
    assert plan.sysrq == ()
    assert finding(raw, "KD081", sysrq="keep").by_hand


def test_without_knowing_what_the_kernel_starts_with_the_line_stays() -> None:
    raw = load("file-of-its-own")
    del raw["files"][f"/boot/config-{bases.KERNEL}"]
    assert judge(raw).plan.leftovers == ()
    assert finding(raw, "KD081").by_hand


def test_an_administrators_off_comes_back() -> None:
    """Another file switches SysRq off, which the script's line overruled."""
    raw = load("file-of-its-own")
    machines.write(raw, "/etc/sysctl.d/50-admin.conf", "kernel.sysrq = 0\n")
    facts = converge(raw)[-1].facts
    assert facts is not None
    assert facts.settings["kernel.sysrq"].next_boot is not None
    assert facts.settings["kernel.sysrq"].next_boot.value == "0"


@pytest.mark.parametrize(
    "text", [ALL_KEYS + "a = 1\n", ALL_KEYS + ALL_KEYS, "kernel.sysrq = 176\n" + ALL_KEYS, "#\n kernel.sysrq = 1\n"]
)
def test_a_line_that_may_be_somebody_elses_stays(text: str) -> None:
    raw = load("twice")
    for path in (SYSCTL_CONF, LINK):
        machines.write(raw, path, text)
    assert [change.path for change in judge(raw).plan.leftovers] == [MAIN]


def test_a_larger_machine_keeps_an_explicit_smaller_policy() -> None:
    raw = ram(load("decides"), 4096)
    plan = judge(raw, crashkernel="192M", crashkernel_allow_lower=True).plan
    assert "crashkernel=192M" in (plan.crashkernel[0].text or "")
    kept = judge(raw, crashkernel="192M").plan
    assert "crashkernel=192M" not in "".join(change.text or "" for change in kept.crashkernel)


def edited(text: str, runs: int) -> str:
    for _ in range(runs):
        text = script(text, "256M")
    return text


def cleaned(text: str, runs: int) -> str | None:
    """/etc/default/grub as `enable` leaves it after this many runs of the script; null when it does not touch it."""
    raw = ram(bases.installed(), 4 * GIB // MIB)
    machines.write(raw, MAIN, edited(text, runs))
    for number in range(runs):
        raw["files"][f"/etc/default/grub.backup.20251003_14150{number}"] = {**bases.OWNED, **bases.FILE}
    return cleanup(machine.read(from_raw(raw)), policy()).texts.get(MAIN)


VALUES = st.text("quiet splash=0 crashkernel=256M", max_size=30) | st.just("crashkernel=256M crashkernel=1G quiet")
LINES = st.lists(st.sampled_from(["GRUB_TIMEOUT=1", "# a comment", "GRUB_X='a b'", ""]), max_size=3)


@settings(max_examples=100, deadline=None)
@given(lines=LINES, value=VALUES, more=LINES, commented=st.booleans(), runs=st.integers(1, 3))
def test_the_bytes_of_before_the_script_come_back(
    lines: list[str], value: str, more: list[str], commented: bool, runs: int
) -> None:
    own = [f'GRUB_CMDLINE_LINUX_DEFAULT="{value}"'] + [f'#GRUB_CMDLINE_LINUX_DEFAULT="{value}"'] * commented
    text = "".join(f"{line}\n" for line in [*lines, *own, *more])
    assert cleaned(text, runs) == text


@pytest.mark.parametrize("runs", [1, 2])
def test_a_line_that_the_script_appended_stays_empty(runs: int) -> None:
    assert cleaned("GRUB_TIMEOUT=1\n", runs) == 'GRUB_TIMEOUT=1\nGRUB_CMDLINE_LINUX_DEFAULT=""\n'


def others(variables: dict[str, str]) -> dict[str, list[str]]:
    """The words of each variable, but for reservations."""
    return {
        name: [word for word in text.split() if not word.startswith("crashkernel=")] for name, text in variables.items()
    }


@settings(max_examples=150, deadline=None)
@example(text="GRUB_DEFAULT=''`''<`'\n#'\n", runs=1)
@given(text=st.lists(PLAIN, max_size=4).map("".join) | FILE, runs=st.integers(1, 3))
def test_every_other_word_stays_as_the_shell_sees_it(text: str, runs: int) -> None:
    after = cleaned(text, runs)
    if after is None:
        return
    before, now = by_shell(edited(text, runs)), by_shell(after)
    # A shell that gives up on the file does so both times.
    assert (before and others(before)) == (now and others(now))


def test_the_real_probe_finds_them() -> None:
    """The probe's own names for the backups, and the one line of the kernel's configuration that it keeps."""
    from kdump_enabler import probe

    with tempfile.TemporaryDirectory() as root:
        for path, text in {
            BACKUP: "x",
            f"{BACKUP}.bak": "x",
            "/boot/config-1": "CONFIG_A=y\nCONFIG_MAGIC_SYSRQ_DEFAULT_ENABLE=0x1\n",
        }.items():
            Path(root + path).parent.mkdir(parents=True, exist_ok=True)
            Path(root + path).write_text(text, encoding="utf-8")
        files = probe.collect(root)["files"]
    assert "text" not in files[BACKUP]
    assert files["/boot/config-1"]["text"] == "CONFIG_MAGIC_SYSRQ_DEFAULT_ENABLE=0x1\n"
