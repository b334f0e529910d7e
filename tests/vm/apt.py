"""How the guest reaches its packages: the machine's own Debian sources, proxy and authorities, read now.

Nothing of this is ever committed: it goes from the machine into the disk in the cache.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from .errors import VmError
from .host import run

SUITE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Only what decides about reaching and trusting an archive; everything else stays Debian's own.
SETTINGS = re.compile(
    r"^Acquire::(?:https?::(?:Proxy|Timeout|Verify-)[\w:.-]*"
    r'|Retries|Check-Valid-Until|Check-Date|ForceIPv\d) "'
)
LOOPBACK = re.compile(r"(?<=//)((?:[^/@]*@)?)(?:127\.0\.0\.1|localhost)(?=[:/]|$)")


@dataclass(frozen=True)
class Access:
    """One-line sources, apt settings as the machine and as the guest must spell them, extra authorities."""

    sources: tuple[str, ...]
    settings: tuple[str, ...]
    authorities: tuple[Path, ...]

    def guest_settings(self) -> str:
        """An apt.conf for the guest, where a proxy on the machine's loopback is the gateway 10.0.2.2."""
        own = 'Acquire::Languages "none";'  # translations are megabytes that the guest would have to index
        return "\n".join([own, *(LOOPBACK.sub(r"\g<1>10.0.2.2", line) for line in self.settings), ""])


def access(root: Path = Path("/")) -> Access:
    """What the machine with this root uses to reach Debian; raises if it has no usable Debian source."""
    etc = root / "etc/apt"
    found = [line for path in _source_files(etc) for line in _sources(path)]
    if not found:
        raise VmError(
            f"No apt source for Debian {SUITE} was found on this machine.",
            f"Give /etc/apt/sources.list.d one that is signed by {KEYRING}.",
        )
    authorities = sorted((root / "usr/local/share/ca-certificates").rglob("*.crt"))
    return Access(tuple(dict.fromkeys(found)), tuple(_settings()), tuple(authorities))


def _source_files(etc: Path) -> list[Path]:
    parts = etc / "sources.list.d"
    single = [etc / "sources.list"] if (etc / "sources.list").exists() else []
    return single + sorted([*parts.glob("*.list"), *parts.glob("*.sources")])


def _sources(path: Path) -> list[str]:
    text = path.read_text(errors="replace")
    return _deb822(text) if path.suffix == ".sources" else _one_line(text)


def _one_line(text: str) -> list[str]:
    lines: list[str] = []
    for match in re.finditer(r"^deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+?)\s*(?:#.*)?$", text, re.MULTILINE):
        options, uri, suite, components = match.groups()
        signed = re.search(r"signed-by=(\S+)", options or "")
        lines += _entry(uri, suite, components, signed.group(1) if signed else "")
    return lines


def _deb822(text: str) -> list[str]:
    lines: list[str] = []
    for stanza in re.split(r"\n\s*\n", re.sub(r"^#.*\n?", "", text, flags=re.MULTILINE)):
        fields = {
            key.lower(): " ".join(value.split())
            for key, value in re.findall(r"^([\w-]+):[ \t]*((?:.*)(?:\n[ \t].*)*)", stanza, re.MULTILINE)
        }
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in (
            "no",
            "false",
        ):
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                lines += _entry(uri, suite, fields.get("components", ""), fields.get("signed-by", ""))
    return lines


def _entry(uri: str, suite: str, components: str, signed_by: str) -> list[str]:
    """One source line, or none when it is not a network archive of this release signed by Debian's key."""
    # Without Signed-By apt takes any trusted key; naming Debian's makes a foreign archive fail, not slip in.
    ours = "debian-archive" in signed_by or not signed_by
    if not ours or not suite.startswith(SUITE) or not re.match(r"https?://|mirror\+https?://", uri):
        return []
    return [f"deb [signed-by={KEYRING}] {uri} {suite} {components}"]


def _settings() -> list[str]:
    lines = [line for line in run(["apt-config", "dump"]).splitlines() if SETTINGS.match(line)]
    for scheme in ("http", "https"):
        proxy = os.environ.get(f"{scheme}_proxy") or os.environ.get(f"{scheme.upper()}_PROXY")
        if proxy and not any(line.startswith(f"Acquire::{scheme}::Proxy ") for line in lines):
            lines.append(f'Acquire::{scheme}::Proxy "{proxy}";')
    return lines
