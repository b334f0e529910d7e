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

    @property
    def place(self) -> str:
        """What it is, for messages."""
        return "another machine" if self.leaves else "a device of their own"

    @property
    def to_look(self) -> str:
        """What lets `prove` look there."""
        if self.leaves:
            return "set kdump_dump_server to that machine's name in the inventory"
        return "set kdump_dump_directories to where that device is mounted"


@dataclass(frozen=True)
class Fault:
    """A line because of which the whole configuration is refused."""

    where: Source
    reason: str


@dataclass(frozen=True)
class CaptureLine:
    """What the capture kernel's command line is made of, in a `file` for sh: `whole` stands for the running kernel's,
    words that `removing` names go, and `appended`, whose setting is `key`, comes behind; null where nothing says. With
    `by_default` words are appended then, too, those of the line that the package ships as a comment. `removed_key` is
    the setting that removes words, empty where there is none; `removed_by_default` are those that go without it."""

    file: str
    key: str
    whole: Value | None
    appended: Value | None
    by_default: bool = False
    removing: Value | None = None
    removed_key: str = ""
    removed_by_default: tuple[str, ...] = ()

    @property
    def removed(self) -> tuple[str, ...]:
        """The names of the words that go."""
        return tuple(self.removing.value.split()) if self.removing else self.removed_by_default


@dataclass(frozen=True)
class KdumpConfig:
    """`values` are the settings by name; `directory` is the setting of the dump directory, null where it is left at its
    default, and `directory_key` its name; `key` is the file of the SSH key; `kexec_options` are those with which the
    capture kernel is loaded, and `kexec_setting` says where they stand; `switch` is the setting that can turn kdump
    off, in the same file as `capture_line`; `kernel` is the release of a capture kernel that is not the running one,
    set in the file of `capture_line`, too."""

    values: Mapping[str, Value]
    targets: tuple[Target, ...]
    directory_key: str
    key: str
    kexec_options: tuple[str, ...]
    kexec_setting: str
    capture_line: CaptureLine
    switch: Value | None = None
    kernel: Value | None = None
    faults: tuple[Fault, ...] = ()

    @property
    def directory(self) -> Value | None:
        """The setting of the dump directory."""
        return self.values.get(self.directory_key)


def read(evidence: Evidence, platform: Platform | None) -> KdumpConfig:
    """The configuration of this machine."""
    text = evidence.text(platform.config) or "" if platform else ""
    if platform and platform.dialect == KDUMP_CONF:
        return _kdump_conf(platform, text, tools.shell_values(evidence.text(SYSCONFIG) or ""))
    return _kdump_tools(platform.config if platform else "", tools.shell_values(text))


def _options(value: Value | None) -> tuple[str, ...]:
    return tuple(value.value.split()) if value else ()


def _kdump_tools(path: str, values: Mapping[str, Value]) -> KdumpConfig:
    """kdump-tools.conf(5)"""
    found = [(name, values[name]) for name in REMOTE if name in values and values[name].value]
    targets = tuple(Target(name.lower(), one.value, f"{name}={one.value}", one.line) for name, one in found)
    key = values.get("SSH_KEY")
    appended = "KDUMP_CMDLINE_APPEND"
    return KdumpConfig(
        values=values,
        targets=targets,
        directory_key="KDUMP_COREDIR",
        key=key.value if key else "",
        kexec_options=_options(values.get("KDUMP_KEXEC_ARGS")),
        kexec_setting=f'KDUMP_KEXEC_ARGS="-s" in {path}',
        capture_line=CaptureLine(path, appended, values.get("KDUMP_CMDLINE"), values.get(appended), by_default=True),
        switch=values.get("USE_KDUMP"),
    )


def _kdump_conf(platform: Platform, text: str, of_kernel: Mapping[str, Value]) -> KdumpConfig:
    """kdump.conf(5); the command line is that of prepare_cmdline in kdump-lib.sh, the default of kdumpctl itself."""
    found, path = kdump_conf.read(text), platform.config
    values = {one.key: Value(one.value, one.line) for one in found}
    targets = (one for one in found if kdump_conf.TARGET in one.sets and one.value)
    refused = kdump_conf.faults(found, platform.unknown_keywords)
    faults = (Fault(Source(path, one.directive.line, one.directive.written), one.reason) for one in refused)
    key, appended, removing = values.get("sshkey"), "KDUMP_COMMANDLINE_APPEND", "KDUMP_COMMANDLINE_REMOVE"
    return KdumpConfig(
        values=values,
        targets=tuple(Target(one.key, one.value, one.written, one.line) for one in targets),
        directory_key="path",
        key=key.value if key else "",
        kexec_options=_options(of_kernel.get("KEXEC_ARGS")),
        kexec_setting=f'KEXEC_ARGS="-s" in {SYSCONFIG}',
        capture_line=CaptureLine(
            file=SYSCONFIG,
            key=appended,
            whole=of_kernel.get("KDUMP_COMMANDLINE"),
            appended=of_kernel.get(appended),
            removing=of_kernel.get(removing),
            removed_key=removing,
            removed_by_default=("hugepages", "hugepagesz", "slub_debug"),
        ),
        kernel=of_kernel.get("KDUMP_KERNELVER"),
        faults=tuple(faults),
    )
