"""Which file wins: where another one beats our drop-in, a program writes after all files, or the files lead elsewhere
when somebody has them read again. Other people's files stay as they are; the findings name the line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from ..changing.wanted import SYSRQ_CRASH, panic_settings, satisfied, sysrq
from ..facts.machine import Facts
from ..facts.settings import SYSRQ
from ..facts.sysctl import Setting, integer
from ..facts.sysctl_files import UNIT
from ..facts.sysctl_value import Assignment
from ..finding import Finding, Severity, Source
from ..policy import Policy

Suits = Callable[[str], bool]


def unless_beaten(finding: Finding, setting: Setting, own: str) -> Finding:
    """A finding about the next boot; where our drop-in could not win, it names the line that does, and leaves that
    to the administrator."""
    blocker = setting.blocker
    if blocker is None:
        return finding
    if blocker.source == UNIT:
        return replace(
            finding,
            current="no file is read at boot: systemd-sysctl.service is masked",
            evidence=(Source(UNIT, 0, "-> /dev/null"),),
            remedy="systemctl unmask systemd-sysctl.service",
            by_hand=True,
        )
    lines = {(one.source, one.line): one.text for one in setting.mentions}
    text = lines.get((blocker.source, blocker.line), f"{setting.key} = {blocker.value}")
    ours = [Source(source, line, said) for (source, line), said in lines.items() if source == own]
    beats = f"beats ours at {own}:{ours[0].line}" if ours else f"would beat ours at {own}"
    return replace(
        finding,
        current=f"{text}, which {beats}",
        evidence=(Source(blocker.source, blocker.line, text), *ours),
        remedy=_take_out(setting.key, blocker),
        by_hand=True,
    )


def written_later(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD065: tuned, ufw and kdump-tools write settings of their own after the sysctl.d files were read, so that no file
    can win against them (tuned.conf(5), ufw-framework(8), kdump-config(8))."""
    for setting, wanted, suits in _wanted(facts, policy):
        last = setting.later[-1] if setting.later else None
        if last and not suits(last.value):
            yield Finding(
                id="KD065",
                severity=Severity.ERROR if last.line else Severity.WARNING,
                title=f"{last.program} sets {setting.key} after the sysctl.d files",
                current=f"{setting.key} = {last.value}",
                wanted=wanted,
                evidence=(Source(last.source, last.line, f"{setting.key} = {last.value}"),),
                remedy=_take_out(setting.key, last) if last.line else "nothing: the program has no option for it",
                by_hand=True,
            )


def read_again(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD066: The command `sysctl --system` reads the files by other rules than systemd-sysctl does at boot, and
    /etc/sysctl.conf after all of them (sysctl(8)); who runs it would lose a setting until the next boot."""
    for setting, wanted, suits in _wanted(facts, policy):
        found, at_boot = setting.by_command, setting.next_boot
        if found and at_boot and suits(at_boot.value) and not suits(found.value):
            yield Finding(
                id="KD066",
                severity=Severity.WARNING,
                title=f"`sysctl --system` would set {setting.key} to {found.value}",
                current=f"{found.value}; {at_boot.value} at boot",
                wanted=wanted,
                evidence=(
                    Source(found.source, found.line, f"{setting.key} = {found.value}"),
                    Source(at_boot.source, at_boot.line, f"{setting.key} = {at_boot.value}"),
                ),
                remedy=_take_out(setting.key, found),
                by_hand=True,
            )


def _wanted(facts: Facts, policy: Policy) -> Iterator[tuple[Setting, str, Suits]]:
    """Each setting that the policy wants here, the value, and what is enough."""
    for key, value in panic_settings(facts, policy).items():
        yield facts.settings[key], str(value), partial(_is_enough, facts.settings[key], policy)
    crash_key = sysrq(facts, policy)
    if crash_key is not None:
        yield facts.settings[SYSRQ], str(crash_key), partial(_has_crash_key, crash_key, policy)


def _is_enough(setting: Setting, policy: Policy, text: str) -> bool:
    return satisfied(setting, text, policy)


def _has_crash_key(wanted: int, policy: Policy, text: str) -> bool:
    number = integer(text)
    if number is None or isinstance(policy.sysrq, int):
        return number == wanted
    return number in (0, 1) or bool(number & SYSRQ_CRASH)


def _take_out(key: str, place: Assignment) -> str:
    return f"take {key} out of {place.source}, line {place.line}, or leave it alone by the policy"
