"""/boot/extlinux/extlinux.conf, as U-Boot reads it: which label boots by itself, and its command line.

From boot/pxe_utils.c of U-Boot (parse_pxefile_top, parse_label, handle_pxe_menu): keywords in any case, a value to the
end of its line, the last `append` of a label counts, and `menu default` names its label where no `default` came before.
Without a default, or with one that is no label, the labels are tried in their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ..evidence import Evidence
from .grub import Entry, Menu

KIND, GENERATED = "extlinux", "u-boot-menu"
PATH = "/boot/extlinux/extlinux.conf"
TOOL = "u-boot-update"
# u-boot-update writes its own name into what it makes, and does nothing where U_BOOT_UPDATE is not true.
SWITCHED_OFF = re.compile(r"(?m)^\s*(?:export\s+)?U_BOOT_UPDATE=(?![\"']?(?:true|)[\"']?\s*(?:#|$))")
LINE = re.compile(r"[ \t]*(?P<key>[^\s#]\S*)[ \t]*(?P<value>.*?)\r?\Z")
KERNEL = ("kernel", "linux", "fit")
SETTINGS, FRAGMENTS, SHIPPED = "/etc/default/u-boot", "/etc/u-boot-menu/conf.d", "/usr/share/u-boot-menu/conf.d"


def read(evidence: Evidence) -> Menu:
    """The menu of the next boot."""
    text = evidence.text(PATH) or ""
    labels: list[Entry] = []
    default = ""
    for number, key, value in _lines(text):
        if key == "label":
            labels.append(Entry((len(labels),), (frozenset((value,)),), "", "", number, "", PATH))
        elif not labels:
            default = value if key in ("default", "ontimeout") else default
        elif key in KERNEL:
            labels[-1] = replace(labels[-1], kernel=value.partition("#")[0])
        elif key == "append":
            labels[-1] = replace(labels[-1], command_line=value, line=number)
        elif key == "default":
            default = value
        elif (key, value.lower()) == ("menu", "default") and not default:
            default = next(iter(labels[-1].names[0]))
    entries = tuple(one for one in labels if one.kernel)
    chosen = next((one for one in entries if default in one.names[0]), entries[0] if entries else None)
    return Menu(PATH, "", entries, chosen)


def is_generated(evidence: Evidence) -> bool:
    """Whether u-boot-update makes the file anew with each kernel."""
    texts = [evidence.text(SETTINGS) or "", *(file.text or "" for file in evidence.below(FRAGMENTS, ".conf"))]
    return TOOL in (evidence.text(PATH) or "") and not any(SWITCHED_OFF.search(text) for text in texts)


def _lines(text: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        match = LINE.match(line)
        if match:
            yield number, match["key"].lower(), match["value"]
