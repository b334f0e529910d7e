"""What the configuration of kdump says, in whichever dialect it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..evidence import Evidence
from ..finding import Source
from ..platforms import Platform
from . import kdump_conf, sysconfig, tools
from .shell_value import CUT_OUT
from .tools import Value

KDUMP_CONF, OF_SUSE = "kdump.conf", "sysconfig"  # what the table calls these dialects
SYSCONFIG = "/etc/sysconfig/kdump"
DIRECTORY = "KDUMP_COREDIR"
PLAIN_PATH = re.compile(r"/[\w./@:+-]*")  # what systemd and sh take as it is
REMOTE = ("NFS", "SSH", "FTP")


@dataclass(frozen=True)
class Target:
    """Where dumps go instead of a directory of this machine: `kind` is nfs, cifs, ssh, sftp, ftp, raw, or a kind of
    file system; `written` is the setting as it stands in the file."""

    kind: str
    value: str
    written: str
    line: int

    @property
    def leaves(self) -> bool:
        """It is another machine."""
        return self.kind in ("nfs", "cifs", "ssh", "sftp", "ftp")

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
    the setting that removes words, empty where there is none; `removed_by_default` are those that go without it.
    `panics`: where no word says panic=, one is added."""

    file: str
    key: str
    whole: Value | None
    appended: Value | None
    by_default: bool = False
    panics: bool = False
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
    default, and `directory_key` its name; `key` is the file of the SSH key, and with `any_key` root's usual ones do;
    `kexec_options` are those with which the capture kernel is loaded, and `kexec_setting` says where they stand;
    `switch` is the setting that can turn kdump off, in the same file as `capture_line`; `kernel` is the release of a
    capture kernel that is not the running one, set in that file, too. `makes_directory` is who makes a dump directory
    that is not there, empty for nobody; with less than `free_bytes` left after it a dump is deleted, which
    `free_setting` says; `copies_all` is the setting by which all memory is saved as it is; `written_directory` is
    where dumps go as it stands there, if that can be a URL."""

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
    any_key: bool = False
    makes_directory: str = ""
    free_bytes: int = 0
    free_setting: str = ""
    copies_all: str = ""
    written_directory: Value | None = None

    @property
    def directory(self) -> Value | None:
        """The setting of the dump directory."""
        return self.values.get(self.directory_key)


def read(evidence: Evidence, platform: Platform | None) -> KdumpConfig:
    """The configuration of this machine."""
    text = evidence.text(platform.config) or "" if platform else ""
    if platform and platform.dialect == KDUMP_CONF:
        return _kdump_conf(platform, text, tools.shell_values(evidence.text(SYSCONFIG) or ""))
    if platform and platform.dialect == OF_SUSE:
        return _of_suse(platform.config, tools.shell_values(text.replace(CUT_OUT, "***")))  # it has blanks
    if platform and platform.own_units:
        return _own(platform.config, tools.shell_values(text))
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
        directory_key=DIRECTORY,
        key=key.value if key else "",
        kexec_options=_options(values.get("KDUMP_KEXEC_ARGS")),
        kexec_setting=f'KDUMP_KEXEC_ARGS="-s" in {path}',
        capture_line=CaptureLine(path, appended, values.get("KDUMP_CMDLINE"), values.get(appended), by_default=True),
        switch=values.get("USE_KDUMP"),
        any_key=True,
        makes_directory="kdump-config",
    )


def _own(path: str, values: Mapping[str, Value]) -> KdumpConfig:
    """The settings of our own units, one so far; what they say of the capture kernel is in their texts (data/own)."""
    return KdumpConfig(
        values=values,
        targets=(),
        directory_key=DIRECTORY,
        key="",
        kexec_options=("-a",),
        kexec_setting="kexec -a",
        capture_line=CaptureLine(path, "", Value("panic=10", 0), None),
        faults=tuple(_own_faults(path, values)),
    )


def _own_faults(path: str, values: Mapping[str, Value]) -> Iterator[Fault]:
    for name, value in values.items():
        where = Source(path, value.line, f"{name}={value.value}")
        if name != DIRECTORY:
            yield Fault(where, f"our own units know {DIRECTORY} alone, a directory of this machine")
        elif not PLAIN_PATH.fullmatch(value.value):
            yield Fault(where, "it is no full path of letters, digits and ._/@:+-")


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


def _of_suse(path: str, values: Mapping[str, Value]) -> KdumpConfig:
    """kdump(5) of SUSE; the command line is that of build_kdump_commandline in load.sh, which tries kexec_file_load(2)
    first in any case."""
    where = values.get(sysconfig.SAVEDIR)
    places = tuple(sysconfig.places(where.value)) if where else ()
    targets = tuple(
        Target(kind, place, f"{sysconfig.SAVEDIR}={where.value}", where.line)
        for kind, place in places
        if where and kind not in ("file", "")
    )
    local = next((place for kind, place in places if kind == "file"), "")
    others = {name: value for name, value in values.items() if name != sysconfig.SAVEDIR}
    appended, free = "KDUMP_COMMANDLINE_APPEND", sysconfig.number(values, "KDUMP_FREE_DISK_SIZE", sysconfig.FREE_MIB)
    identity = sysconfig.text_of(values, "KDUMP_SSH_IDENTITY").partition(" ")[0]
    return KdumpConfig(
        values=others | ({sysconfig.SAVEDIR: Value(local, where.line)} if where and local else {}),
        targets=targets,
        directory_key=sysconfig.SAVEDIR,
        key=f"/root/.ssh/{identity or 'id_rsa'}",
        kexec_options=("-a", *_options(values.get("KEXEC_OPTIONS"))),
        kexec_setting=f'KEXEC_OPTIONS="-s" in {path}',
        capture_line=CaptureLine(path, appended, values.get("KDUMP_COMMANDLINE"), values.get(appended), panics=True),
        any_key=not identity,
        makes_directory="mkdumprd",
        free_bytes=max(free, 0) << 20,
        free_setting="KDUMP_FREE_DISK_SIZE",
        copies_all="KDUMP_DUMPFORMAT=raw" if sysconfig.text_of(values, "KDUMP_DUMPFORMAT") == "raw" else "",
        written_directory=where,
    )
