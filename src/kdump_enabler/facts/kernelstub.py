"""kernelstub's configuration: the options that it gives to the boot entries it writes (config.py and application.py of
pop-os/kernelstub)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from ..evidence import Evidence

PATH = "/etc/kernelstub/configuration"
ARRAY = re.compile(r'"user"\s*:\s*\{.*?"kernel_options"\s*:\s*(?=\[)', re.DOTALL)
STRING = r'"(?:[^"\\]|\\.)*"'
OURS = r'"crashkernel=(?:[^"\\]|\\.)*"'


@dataclass(frozen=True)
class Configuration:
    """Its text, and the options of every entry; `by_entries` is whether it writes entries for systemd-boot, and not
    the command line into the firmware's variables or a unified image."""

    text: str
    options: tuple[str, ...]
    by_entries: bool

    @property
    def command_line(self) -> str:
        """What every new entry gets beside the root file system."""
        return " ".join(self.options)

    def with_reservation(self, reservation: str) -> str | None:
        """The text with this reservation in its list (none for an empty one) and no other byte changed; null where it
        is written in a way that kernelstub does not write."""
        match = ARRAY.search(self.text)
        if match is None:
            return None
        _, end = json.JSONDecoder().raw_decode(self.text, match.end())
        item = json.dumps(f"crashkernel={reservation}") if reservation else ""
        text = self.text[: match.end()] + _changed(self.text[match.end() : end], item) + self.text[end:]
        others = [option for option in self.options if not option.startswith("crashkernel=")]
        wanted = sorted([*others, *([json.loads(item)] if item else [])])
        after = _parsed(text)
        return text if after is not None and sorted(after.options) == wanted else None


def read(evidence: Evidence) -> Configuration | None:
    """The configuration; null when there is none, or it is not what kernelstub can read."""
    text = evidence.text(PATH)
    return _parsed(text) if text is not None else None


def _parsed(text: str) -> Configuration | None:
    try:
        user = json.loads(text)["user"]
        options = user["kernel_options"]
        by_entries = bool(user["setup_loader"] and user["manage_mode"] and not user.get("unified_kernel"))
    except (ValueError, KeyError, TypeError):
        return None
    words = options.split() if isinstance(options, str) else options
    return Configuration(text, tuple(words), by_entries)


def _changed(array: str, item: str) -> str:
    """The list with one item for the reservation in place of all that are there, or at its end."""
    if item and re.search(OURS, array):
        first = re.sub(OURS, "\0", array, count=1)
        return re.sub(rf",\s*{OURS}", "", first).replace("\0", item)
    for pattern in (rf",\s*{OURS}", rf"{OURS}\s*,\s*", OURS):
        array = re.sub(pattern, "", array)
    strings = list(re.finditer(STRING, array))
    if not item or not strings:
        return array if not item else f"[{item}]"
    gap, end = array[1 : strings[0].start()], strings[-1].end()
    return f"{array[:end]},{gap or ' '}{item}{array[end:]}"
