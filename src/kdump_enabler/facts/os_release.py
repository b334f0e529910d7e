"""Which distribution a machine runs, from its os-release text (os-release(5))."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..evidence import Evidence
from . import tools

try:
    from distro import LinuxDistribution
except ImportError:  # a collection without the package: ansible-core carries its own copy
    from ansible.module_utils.distro import LinuxDistribution

UNFINISHED = re.compile(r"(\w+)/sid$")
OWN_CODENAMES = ("version_codename", "release_codename")


@dataclass(frozen=True)
class OsRelease:
    """Identity as the distro package normalises it; `version` is empty on rolling releases. `base_codenames` are
    the releases that it names of others, by their ID: UBUNTU_CODENAME=noble is ubuntu: noble."""

    id: str
    like: tuple[str, ...]
    version: str
    codename: str
    base_codenames: Mapping[str, str]
    name: str


def read(evidence: Evidence) -> OsRelease | None:
    """The identity, or null when neither os-release file could be read.

    The distro package parses files below a root only, so the recorded text is laid out as one: that keeps its
    quoting rules and its table of odd identifiers, and never reads a file of the machine this runs on.
    """
    text = evidence.text("/etc/os-release") or evidence.text("/usr/lib/os-release")
    if text is None:
        return None
    with tempfile.TemporaryDirectory(prefix="kdump-enabler-") as root:
        etc = Path(root, "etc")
        etc.mkdir()
        # Distro reads strict UTF-8 and stops at a quote without its partner; such a line says nothing.
        Path(etc, "os-release").write_text(tools.whole_lines(text), encoding="utf-8", errors="replace")
        return _identity(LinuxDistribution(include_lsb=False, root_dir=root))


def _identity(found: LinuxDistribution) -> OsRelease:
    pretty = found.os_release_attr("pretty_name")
    unfinished = UNFINISHED.search(pretty)  # "trixie/sid" of releases in the making that had no VERSION_CODENAME yet
    codename = found.os_release_attr("version_codename") or (unfinished[1] if unfinished else "")
    plain = (
        f"{found.os_release_attr('name') or found.id() or 'this distribution'} {found.os_release_attr('version_id')}"
    )
    return OsRelease(
        id=found.id(),
        like=tuple(found.like().split()),
        version=found.os_release_attr("version_id"),
        codename=codename,
        base_codenames={
            name.removesuffix("_codename"): value
            for name, value in found.os_release_info().items()
            if name.endswith("_codename") and name not in OWN_CODENAMES and value
        },
        name=pretty or plain.strip(),
    )
