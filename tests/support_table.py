"""The README's table of what is supported, from the platform table and the recorded machines that stand for it.

`python -m tests.support_table` prints it.
"""

from __future__ import annotations

from collections.abc import Iterator

from kdump_enabler import evidence, platforms
from kdump_enabler.facts import machine
from kdump_enabler.facts.machine import Facts
from kdump_enabler.platforms import Platform
from tests.hosts import machines

RECONSTRUCTED = "reconstructed machine"
JUDGED = "judged only"
HEAD = "| platform | boot loader | kdump's configuration | how it is tested |\n|---|---|---|---|\n"
BOOT_LOADERS = {
    "bls": "GRUB with entries of their own (BLS)",
    "bls-kernelopts": "GRUB with entries of their own (BLS, kernelopts)",
    "extlinux": "U-Boot with a hand-written extlinux.conf",
    "grub-defaults": "GRUB",
    "grub-dropin": "GRUB",
    "grub-mkconfig": "GRUB",
    "kernel-install-uki": "systemd-boot with unified images by kernel-install",
    "kernelstub": "systemd-boot by kernelstub",
    "ostree": "GRUB with entries of ostree",
    "sdbootutil": "GRUB or systemd-boot with entries by sdbootutil",
    "raspberry-pi": "firmware of the Raspberry Pi",
    "systemd-boot": "systemd-boot",
    "u-boot-menu": "U-Boot with u-boot-menu",
}
TESTED = (
    "virtual machine",
    "container",
    "recorded machine",
    RECONSTRUCTED,
    JUDGED,
)  # the best first; README says what each means


Row = tuple[str, str, str]  # boot loaders, configuration, how they are tested


def table() -> str:
    """The table in Markdown: platforms that are alike in a line, the best tested first, then what is built on them."""
    stand_ins, own, built = supported_machines(), dict[tuple[str, Row], list[str]](), dict[Row, set[str]]()
    for platform in platforms.table():
        for loaders in _groups(platform):
            for arches, row in _tested(platform, loaders):
                own.setdefault((arches, row), []).append(platform.name)
            others = [facts for facts in stand_ins if facts.platform == platform and facts.boot_loader in loaders]
            names = {_name(facts) for facts in others if _identifier(facts) not in platform.match.ids}
            if names:
                built.setdefault(_row(platform, loaders, _of_others(platform, loaders)), set()).update(names)
    best = sorted(own.items(), key=lambda item: TESTED.index(item[0][1][2]))
    lines = [_line(f"{platforms.together(names)} ({arches})", row) for (arches, row), names in best]
    lines += [_line(f"built on these: {', '.join(sorted(names))}", row) for row, names in built.items()]
    return HEAD + "".join(lines)


def supported_machines() -> list[Facts]:
    """The facts of every recorded machine that this version knows how to judge."""
    found = (machine.read(evidence.from_raw(machines.load(name))) for name in machines.names())
    return [facts for facts in found if not facts.unsupported]


def _tested(platform: Platform, loaders: list[str]) -> Iterator[tuple[str, Row]]:
    """The architectures that were tested alike, with their row."""
    tested = platform.tested_with.get(loaders[0], platform.tested)
    if platform.transactional:
        yield ", ".join(tested), _row(platform, loaders, JUDGED)
        return
    for word in TESTED:
        arches = [arch for arch in platform.architectures if tested.get(arch) == word]
        if arches:
            yield ", ".join(arches), _row(platform, loaders, word)


def _row(platform: Platform, loaders: list[str], word: str) -> Row:
    known = dict.fromkeys(BOOT_LOADERS[loader] for loader in loaders)
    return ", ".join(known), f"`{platform.config}`", word


def _of_others(platform: Platform, loaders: list[str]) -> str:
    """What is known of distributions that are built on one: no more than files."""
    tested = platform.tested_with.get(loaders[0], platform.tested)
    return "recorded machine" if RECONSTRUCTED not in tested.values() else RECONSTRUCTED


def _groups(platform: Platform) -> Iterator[list[str]]:
    """The boot loaders that were tested alike."""
    yield [loader for loader in platform.boot_loaders if loader not in platform.tested_with]
    yield from ([loader] for loader in platform.boot_loaders if loader in platform.tested_with)


def _line(name: str, row: Row) -> str:
    return f"| {name} | {' | '.join(row)} |\n"


def _name(facts: Facts) -> str:
    return f"{facts.release.name} ({facts.arch})" if facts.release else ""


def _identifier(facts: Facts) -> str:
    return facts.release.id if facts.release else ""


if __name__ == "__main__":
    print(table(), end="")
