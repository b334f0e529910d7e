"""The command line that the firmware of a Raspberry Pi gives the kernel: the first line of a file beside config.txt.

config.txt: `key=value` lines, the last one counts, `[...]` begins a section for some models only; `cmdline` names
another file, `os_prefix` is put before its name (raspberrypi.com, "config.txt", boot options). What a section for some
models says of these cannot be told from here.
"""

from __future__ import annotations

import re

from ..evidence import Evidence
from .grub import Entry, Menu

KIND = "raspberry-pi"
DIRECTORIES = ("/boot/firmware", "/boot")
NAME = "cmdline.txt"
SETTING = re.compile(r"(\w+)=(.*?)\s*\Z")
SECTION = re.compile(r"\[(.*)\]\s*\Z")
# Debian's own images: this hook makes cmdline.txt anew, with the words of this file at its end (raspi-firmware).
HOOK, EXTRA = "/etc/kernel/postinst.d/z50-raspi-firmware", "/etc/default/raspi-extra-cmdline"


def read(evidence: Evidence) -> Menu:
    """What boots next; nothing where config.txt leaves it open which file is read."""
    directory = next((one for one in DIRECTORIES if not evidence.file(f"{one}/{NAME}").absent), DIRECTORIES[0])
    settings = _settings(evidence.text(f"{directory}/config.txt") or "")
    file = f"{settings.get('os_prefix') or ''}{settings.get('cmdline') or NAME}"
    path = f"{directory}/{file}"
    text = evidence.text(path)
    if text is None or not text.strip() or None in (settings.get("os_prefix", ""), settings.get("cmdline", "")):
        return Menu(path, "", (), None)
    line = text.split("\n")[0].removesuffix("\r")
    entry = Entry((0,), (frozenset(),), settings.get("kernel") or "the firmware's kernel", line, 1, "", path)
    return Menu(path, "", (entry,), entry)


def starts_u_boot(evidence: Evidence) -> bool:
    """Whether the firmware starts U-Boot, which brings its own command line."""
    texts = (evidence.text(f"{one}/config.txt") or "" for one in DIRECTORIES)
    return any(re.search(r"(?m)^kernel=.*u-?boot", text) for text in texts)


def is_generated(evidence: Evidence) -> bool:
    """Whether the hook of new kernels writes the file."""
    return "raspi-extra-cmdline" in (evidence.text(HOOK) or "")


def _settings(text: str) -> dict[str, str | None]:
    """The settings for every model; null for one that only some models have."""
    found: dict[str, str | None] = {}
    everywhere = True
    for line in text.splitlines():
        section, setting = SECTION.match(line.strip()), SETTING.match(line)
        if section:
            everywhere = section[1] == "all"
        elif setting:
            found[setting[1]] = setting[2] if everywhere else None
    return found
