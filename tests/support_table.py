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
HEAD = "| platform | boot loader | how it is tested |\n|---|---|---|\n"
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
)  # the best first; README says what each means


def table() -> str:
    """The table in Markdown, a line for each platform and each way it is tested."""
    stand_ins = supported_machines()
    lines = [line for platform in platforms.table() for line in _lines(platform, stand_ins)]
    return HEAD + "".join(line + "\n" for line in lines)


def supported_machines() -> list[Facts]:
    """The facts of every recorded machine that this version can set up."""
    found = (machine.read(evidence.from_raw(machines.load(name))) for name in machines.names())
    return [facts for facts in found if not facts.unsupported]


def _lines(platform: Platform, stand_ins: list[Facts]) -> Iterator[str]:
    for loaders in _groups(platform):
        tested = platform.tested_with.get(loaders[0], platform.tested)
        for word in TESTED:
            arches = [arch for arch in platform.architectures if tested.get(arch) == word]
            if arches:
                yield _line(loaders, f"{platform.name} ({', '.join(arches)})", word)
        others = [facts for facts in stand_ins if facts.platform == platform and facts.boot_loader in loaders]
        names = sorted({_name(facts) for facts in others if _identifier(facts) != platform.match.id})
        if names:
            word = "recorded machine" if RECONSTRUCTED not in tested.values() else RECONSTRUCTED
            yield _line(loaders, f"{', '.join(names)}, as {platform.name}", word)


def _groups(platform: Platform) -> Iterator[list[str]]:
    """The boot loaders that were tested alike."""
    yield [loader for loader in platform.boot_loaders if loader not in platform.tested_with]
    yield from ([loader] for loader in platform.boot_loaders if loader in platform.tested_with)


def _line(loaders: list[str], name: str, word: str) -> str:
    return f"| {name} | {', '.join(BOOT_LOADERS[loader] for loader in loaders)} | {word} |"


def _name(facts: Facts) -> str:
    return f"{facts.release.name} ({facts.arch})" if facts.release else ""


def _identifier(facts: Facts) -> str:
    return facts.release.id if facts.release else ""


if __name__ == "__main__":
    print(table(), end="")
