"""/etc/sysconfig/kdump of SUSE: what its settings mean, and how one of them is changed without touching another.

kdump sources the file with bash and gives each setting its default where it is empty (kdump-read-config.sh of
openSUSE/kdump; before 1.9 kdumptool did so). kdump(5) describes the settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from . import shell
from .shell_value import CUT_OUT
from .tools import Value

PATH = "/etc/sysconfig/kdump"
SAVEDIR, CRASHKERNEL, UPDATE = "KDUMP_SAVEDIR", "KDUMP_CRASHKERNEL", "KDUMP_UPDATE_BOOTLOADER"
AUTO = "auto"
YES, NO = frozenset(["yes", "1", "true"]), frozenset(["no", "0", "false"])
URL = re.compile(r"(?P<scheme>\w+)://(?P<rest>.*)", re.DOTALL)
# kdump-read-config.sh takes either word for the same.
KINDS = {"ftp": "ftp", "sftp": "sftp", "scp": "sftp", "ssh": "ssh", "nfs": "nfs", "cifs": "cifs", "smb": "cifs"}
DUMPS_NOTHING = "none"
FREE_MIB = 64
SAFE = re.compile(r"[\w.,:=@+ -]*", re.ASCII)  # what neither sh nor bash changes between double quotes


def text_of(values: Mapping[str, Value], name: str, default: str = "") -> str:
    """A setting; empty ones have their default."""
    value = values.get(name)
    return value.value if value and value.value else default


def flag(values: Mapping[str, Value], name: str, default: bool) -> bool:
    """A setting that is yes or no; one that is neither has its default."""
    word = text_of(values, name)
    return word in YES if word in YES | NO else default


def number(values: Mapping[str, Value], name: str, default: int) -> int:
    """A setting that is a number; one that is none has its default."""
    word = text_of(values, name)
    return int(word) if re.fullmatch(r"-?[0-9]+", word) else default


def places(written: str) -> Iterator[tuple[str, str]]:
    """Where dumps go: a kind and a place for each URL. `file` has a directory, nfs HOST:PATH, the others what comes
    after `//`; a kind that kdump does not know is empty."""
    for url in written.split():
        match = URL.fullmatch(url)
        if match is None or match["scheme"].lower() == "file":
            path = match["rest"] if match else url
            yield ("file" if match or path.startswith("/") else ""), path
            continue
        kind = KINDS.get(match["scheme"].lower(), "")
        host, slash, path = match["rest"].partition("/")
        yield kind, f"{host}:/{path}" if kind == "nfs" and slash else match["rest"]


def with_value(text: str, name: str, value: str) -> str | None:
    """The text with this value for a setting: its last assignment gets it, a file without one such a line at its end,
    and every other byte stays. Null where only a shell could tell what the file does; ValueError for a value that a
    shell would change."""
    if not SAFE.fullmatch(value):
        raise ValueError(value)
    # Of a secret its whole right side was cut out, so that the lines around it are as they were.
    found, doubt = shell.read(PATH, text.replace(CUT_OUT, "-" * len(CUT_OUT)), {})
    if doubt:
        return None
    mine = [made for made in found if made.name == name and not made.commented]
    if mine:
        return f'{text[: mine[-1].start]}"{value}"{text[mine[-1].end :]}'
    end = "" if not text or text.endswith("\n") else "\n"
    return f'{text}{end}{name}="{value}"\n'
