"""What the configuration of kdump says, in whichever dialect it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..evidence import Evidence
from ..finding import Source
from ..platforms import Platform
from . import kdump_conf, tools
from .tools import Value

KDUMP_CONF = "kdump.conf"  # what the table calls this dialect
SYSCONFIG = "/etc/sysconfig/kdump"
APPENDED = "KDUMP_COMMANDLINE_APPEND"
REMOTE = ("NFS", "SSH", "FTP")


@dataclass(frozen=True)
class Target:
    """Where dumps go instead of a directory of this machine: `kind` is nfs, ssh, ftp, raw, or a kind of file system;
    `written` is the setting as it stands in the file."""

    kind: str
    value: str
    written: str
    line: int

    @property
    def leaves(self) -> bool:
        """It is another machine."""
        return self.kind in ("nfs", "ssh", "ftp")


@dataclass(frozen=True)
class Fault:
    """A line because of which the whole configuration is refused."""

    where: Source
    reason: str


@dataclass(frozen=True)
class KdumpConfig:
    """`values` are the settings by name; `directory` is the setting of the dump directory, null where it is left at its
    default, and `directory_key` its name; `key` is the file of the SSH key; `kexec_options` are those with which the
    capture kernel is loaded, and `kexec_setting` says where they stand; `appended` is what goes behind the capture
    kernel's command line, null where nothing says."""

    values: Mapping[str, Value]
    targets: tuple[Target, ...]
    directory_key: str
    key: str
    kexec_options: tuple[str, ...]
    kexec_setting: str
    faults: tuple[Fault, ...] = ()
    appended: Value | None = None

    @property
    def directory(self) -> Value | None:
        """The setting of the dump directory."""
        return self.values.get(self.directory_key)


def read(evidence: Evidence, platform: Platform | None) -> KdumpConfig:
    """The configuration of this machine."""
    text = evidence.text(platform.config) or "" if platform else ""
    if platform and platform.dialect == KDUMP_CONF:
        return _kdump_conf(platform.config, text, tools.shell_values(evidence.text(SYSCONFIG) or ""))
    return _kdump_tools(platform.config if platform else "", tools.shell_values(text))


def _options(value: Value | None) -> tuple[str, ...]:
    return tuple(value.value.split()) if value else ()


def _kdump_tools(path: str, values: Mapping[str, Value]) -> KdumpConfig:
    """kdump-tools.conf(5)"""
    found = [(name, values[name]) for name in REMOTE if name in values and values[name].value]
    targets = tuple(Target(name.lower(), one.value, f"{name}={one.value}", one.line) for name, one in found)
    key = values.get("SSH_KEY")
    options, setting = _options(values.get("KDUMP_KEXEC_ARGS")), f'KDUMP_KEXEC_ARGS="-s" in {path}'
    return KdumpConfig(values, targets, "KDUMP_COREDIR", key.value if key else "", options, setting)


def _kdump_conf(path: str, text: str, of_kernel: Mapping[str, Value]) -> KdumpConfig:
    """kdump.conf(5)"""
    found = kdump_conf.read(text)
    values = {one.key: Value(one.value, one.line) for one in found}
    targets = (one for one in found if kdump_conf.TARGET in one.sets and one.value)
    faults = (
        Fault(Source(path, one.directive.line, one.directive.written), one.reason) for one in kdump_conf.faults(found)
    )
    key = values.get("sshkey")
    return KdumpConfig(
        values=values,
        targets=tuple(Target(one.key, one.value, one.written, one.line) for one in targets),
        directory_key="path",
        key=key.value if key else "",
        kexec_options=_options(of_kernel.get("KEXEC_ARGS")),
        kexec_setting=f'KEXEC_ARGS="-s" in {SYSCONFIG}',
        faults=tuple(faults),
        appended=of_kernel.get(APPENDED),
    )
