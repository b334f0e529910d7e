"""Which distribution a machine runs, from its os-release text (os-release(5))."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..evidence import Evidence

try:
    from distro import LinuxDistribution
except ImportError:  # a collection without the package: ansible-core carries its own copy
    from ansible.module_utils.distro import LinuxDistribution


@dataclass(frozen=True)
class OsRelease:
    """Identity as the distro package normalises it; `version` is empty on rolling releases."""

    id: str
    like: tuple[str, ...]
    version: str
    codename: str
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
        Path(etc, "os-release").write_text(text, encoding="utf-8", errors="surrogateescape")
        found = LinuxDistribution(include_lsb=False, root_dir=root)
        return OsRelease(
            id=found.id(),
            like=tuple(found.like().split()),
            version=found.os_release_attr("version_id"),
            codename=found.codename(),
            name=found.name(pretty=True),
        )
