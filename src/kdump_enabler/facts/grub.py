"""Which entry GRUB boots next, read from the grub.cfg, the grubenv and the entries that GRUB itself reads."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ..evidence import Evidence, File
from . import bls, grub_env
from .bls import Fragment

GRUB_CFG = "/boot/grub/grub.cfg"
GRUB_ENV = "/boot/grub/grubenv"
GRUB2_CFG = "/boot/grub2/grub.cfg"  # where GRUB 2 is named so: Fedora, EL, SUSE
# With UEFI the file beside GRUB is read first. On EL 9, Fedora 34 and later it only leads to the one in /boot, but not
# where the machine was installed before, nor in some images.
ESP_CFG = re.compile(r"/boot/efi/EFI/[^/]+/grub\.cfg")
EFI_MARK = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
OPENING = re.compile(r"^\s*(menuentry|submenu)\s", re.MULTILINE)
LINUX = re.compile(r"^\s*linux(?:16|efi)?\s+(\S+)\s*(.*)$")
# What 20_linux_xen of GRUB writes; the word after the path is there in place of a program's name.
XEN = re.compile(r"^\s*(?:multiboot2?|xen_hypervisor)\s+(\S*xen\S*)\s*(?:placeholder\s*)?(.*)$")
DEFAULT = re.compile(r'^\s*set default="?([^"]*)"?\s*$', re.MULTILINE)
VARIABLE = re.compile(r"\$\{?(\w+)\}?")
SECTION = re.compile(r"^### (BEGIN|END) (\S+) ###$")
# What 10_linux of GRUB 2.02 to 2.06 with GRUB_ENABLE_BLSCFG=true has for entries whose options stand in the environment
# block, where that has none.
FALLBACK = re.compile(r'^if \[ -z "\$\{(\w+)\}" \]; then\n\s*set \1="([^"]*)"$', re.MULTILINE)
LOADS = re.compile(r"^\s*load_env\b", re.MULTILINE)
BLSCFG = re.compile(r"^\s*blscfg\s*$", re.MULTILINE)
# Sets another default only when a boot that is being counted has failed, which image-based systems do.
COUNTING = re.compile(r"^### BEGIN \S*_fallback_counting ###$.*?^### END \S+ ###$", re.MULTILINE | re.DOTALL)
# 10_linux, 10_linux_zfs, 20_linux_xen: they put the GRUB defaults into their entries, the others copy or quote them.
GENERATOR = re.compile(r"/\d+_linux[^/]*\Z")
OTHER_SYSTEMS = re.compile(r"/\d+_os-prober\Z")
RESCUE_KERNEL = "vmlinuz-0-rescue-"  # what 51-dracut-rescue.install of dracut makes
RECOVERY = frozenset(("single", "recovery", "rescue", "emergency", "1", "s"))


@dataclass(frozen=True)
class Entry:
    """A boot entry: `path` holds the position, and `names` the titles and ids, of each menu level down to it;
    `made_by` is the script of /etc/grub.d that wrote it, as grub-mkconfig notes in grub.cfg, empty if nothing says;
    `file` and `line` is where its command line stands, in grub.cfg or in a file of the entry's own."""

    path: tuple[int, ...]
    names: tuple[frozenset[str], ...]
    kernel: str
    command_line: str
    line: int
    made_by: str = ""
    file: str = GRUB_CFG

    @property
    def by_bls(self) -> bool:
        """It has a file of its own."""
        return bls.BELOW in self.file

    @property
    def release(self) -> str:
        """The kernel's release, as far as its path tells: kernel-install names a directory by it, others the file."""
        directory, _, name = self.kernel.rpartition("/")
        own = name == "linux" or name.startswith("linux-")  # sdbootutil adds a digest
        return directory.rpartition("/")[2] if own else name.removeprefix("vmlinuz-").removesuffix(".efi")

    @property
    def by_xen(self) -> bool:
        """It starts Xen, whose command line this is; Linux is its first module."""
        return "xen" in self.kernel.rpartition("/")[2]

    @property
    def generated(self) -> bool:
        """Made from the GRUB defaults, so that regenerating grub.cfg brings a new command line into it."""
        return not self.made_by or GENERATOR.search(self.made_by) is not None

    @property
    def boots_this_system(self) -> bool:
        """Not the entry of another system, nor one for recovery."""
        rescue = not RECOVERY.isdisjoint(self.command_line.split()) or "systemd.unit=rescue" in self.command_line
        rescue = rescue or RESCUE_KERNEL in self.kernel or self.by_xen
        return OTHER_SYSTEMS.search(self.made_by) is None and not rescue


@dataclass(frozen=True)
class Menu:
    """What GRUB shows: the grub.cfg and the grubenv that it reads, and the entries that boot Linux, `fragments` being
    the files of those that have their own; `variables` is what it puts into them. `next_entry` is what it takes by
    itself, null when grub.cfg is absent, unreadable or has no Linux, or when not all those
    files were seen."""

    config: str
    env: str
    entries: tuple[Entry, ...]
    next_entry: Entry | None
    fragments: tuple[Fragment, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


def read(evidence: Evidence) -> Menu:
    """The menu of the next boot."""
    config = _config(evidence)
    beside, env = config.rpartition("/")[0] + "/grubenv", GRUB2_CFG.replace("grub.cfg", "grubenv")
    env = env if evidence.file(beside).absent else beside
    text, variables = evidence.text(config), grub_env.read(_block(evidence, env))
    if text is None:
        return Menu(config, env, (), None)
    variables = dict(FALLBACK.findall(text)) | {name: value for name, value in variables.items() if value}
    by_files = bool(BLSCFG.search(text))
    fragments = bls.fragments(evidence) if by_files else ()
    found = tuple(entries(text, config, [(one, one.command_line(variables)) for one in fragments]))
    wanted = _default(text, variables)
    # GRUB itself falls back to the first entry when the default names none (grub manual, "default").
    chosen = next((entry for entry in found if _matches(entry, wanted)), found[0] if found else None)
    unseen = (by_files and not evidence.lists(bls.DIRECTORY)) or _may_choose(evidence.file(env), text)
    return Menu(config, env, found, None if unseen else chosen, fragments, variables)


def _may_choose(env: File, text: str) -> bool:
    """Whether an environment block that could not be read may name another entry. Archives have none of Debian's, where
    only grub-reboot(8) writes an entry into it."""
    names_one = env.closed or (env.unknown and "$" in _written_default(text))
    return names_one and LOADS.search(text) is not None


def _block(evidence: Evidence, path: str) -> str:
    """The environment block, which GRUB finds behind a link only on the same file system: that of grub2-efi in
    /boot/grub2 leads to the ESP, and means nothing to a boot by BIOS."""
    link = evidence.file(path).link
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link)) if link else path
    return (evidence.text(path) or "") if evidence.mount_of(target) == evidence.mount_of(path) else ""


def _config(evidence: Evidence) -> str:
    """The grub.cfg that counts; one that is there before one that only might be."""
    if evidence.file(EFI_MARK).error is None:
        for path in evidence.files:
            text = evidence.text(path) if ESP_CFG.fullmatch(path) else None
            if text and (BLSCFG.search(text) or OPENING.search(text)):
                return path
    known = [path for path in (GRUB_CFG, GRUB2_CFG) if path in evidence.files]
    there = [path for path in known if evidence.file(path).error is None]
    unseen = [path for path in known if evidence.file(path).unknown]
    return [*there, *unseen, GRUB_CFG][0]


def entries(text: str, config: str = GRUB_CFG, fragments: Sequence[tuple[Fragment, str]] = ()) -> Iterator[Entry]:
    """Every entry that boots Linux, with the first `linux` line of each; the fragments, with their command lines, come
    where `blscfg` stands."""
    stack: list[tuple[int, frozenset[str]] | None] = []
    counts = [0]
    taken, made_by = False, ""
    for number, line in enumerate(text.splitlines(), 1):
        opening, linux, section = OPENING.match(line), LINUX.match(line) or XEN.match(line), SECTION.match(line)
        if section:
            made_by = section[2] if section[1] == "BEGIN" else ""
        elif opening:
            stack.append((counts[-1], _names(line)))
            counts[-1] += 1
            counts.append(0)
            taken = False
        elif line.rstrip().endswith("{"):
            stack.append(None)
        elif line.strip() == "}" and stack:
            counts = counts[:-1] if stack.pop() else counts
        elif linux and stack and not taken:
            levels = [level for level in stack if level]
            path, names = tuple(level[0] for level in levels), tuple(level[1] for level in levels)
            yield Entry(path, names, linux[1], linux[2].strip(), number, made_by, config)
            taken = True
        elif BLSCFG.match(line) and len(counts) == 1:
            yield from _of_fragments(fragments, counts[0])
            counts[0] += len(fragments)


def _of_fragments(fragments: Sequence[tuple[Fragment, str]], first: int) -> Iterator[Entry]:
    for at, (one, command_line) in enumerate(fragments, first):
        line = one.options[0][0] if one.options else 0
        yield Entry((at,), (frozenset((one.title, one.id)),), one.kernel, command_line, line, "", one.file.path)


def _names(line: str) -> frozenset[str]:
    """The title and id of a menuentry line."""
    try:
        tokens = shlex.split(line.rstrip().rstrip("{"))
    except ValueError:  # a title with odd quoting: the entry still counts by its position
        return frozenset()
    identifiers = [value for option, value in pairwise(tokens) if option in ("$menuentry_id_option", "--id")]
    return frozenset(tokens[1:2] + identifiers)


def _default(text: str, variables: dict[str, str]) -> str:
    if variables.get("next_entry"):
        return variables["next_entry"]
    return VARIABLE.sub(lambda match: variables.get(match[1], ""), _written_default(text))


def _written_default(text: str) -> str:
    """What grub.cfg takes where nothing is named for the next boot alone."""
    values = [value for value in DEFAULT.findall(COUNTING.sub("", text)) if "next_entry" not in value]
    return values[-1] if values else "0"


def _matches(entry: Entry, wanted: str) -> bool:
    levels = wanted.split(">")
    return len(levels) == len(entry.path) and all(
        level == str(position) or level in names
        for level, position, names in zip(levels, entry.path, entry.names, strict=True)
    )
