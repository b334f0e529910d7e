"""Which entry systemd-boot boots next, read from the partitions and the EFI variables that it reads itself.

src/boot/boot.c of systemd (252 to 257): config_load_all_entries, config_entry_compare, config_default_entry_select;
systemd-boot(7), loader.conf(5), Boot Loader Specification (uapi-group.org).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase

from ..evidence import Evidence, File
from . import bls
from .bls import Fragment
from .grub import Entry, Menu
from .tools import shell_values

# Where kernel-install(8) and bootctl(1) look for the EFI system partition and the extended boot loader partition.
PARTITIONS = ("/efi", "/boot", "/boot/efi")
ENTRIES = "/loader/entries"
CONFIG = "/loader/loader.conf"
IMAGES, IMAGE = "/EFI/Linux", ".efi"
VERSIONS = ("IMAGE_VERSION", "VERSION", "VERSION_ID", "BUILD_ID")  # bootspec_pick_name_version_sort_key
EFI_VARIABLE = "/sys/firmware/efi/efivars/{name}-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
ONCE, CHOSEN, LAST = (
    EFI_VARIABLE.format(name=name) for name in ("LoaderEntryOneShot", "LoaderEntryDefault", "LoaderEntryLastBooted")
)
SAVED = "@saved"
COUNTER = re.compile(r"\+(\d+)(?:-(\d+))?\Z")
# vercmp of the Version Format Specification: `~` is older than the end, the end than all others, letters than digits.
TOKEN = re.compile(r"[-~^.]|\d+|[A-Za-z]+")
RANKS = {"~": 0, "-": 2, "^": 3, ".": 4}
END, LETTERS, DIGITS = 1, 5, 6


def read(evidence: Evidence) -> Menu:
    """The menu of the next boot: our entries, and the one that boots by itself whosoever it is. That is null when no
    entry could be seen, or it does not say what its command line is."""
    config = _config(evidence)
    fragments = _in_order(evidence)
    chosen = _next(evidence, config, fragments)
    told = chosen is not None and (bool(chosen.options) or not is_image(chosen))
    next_entry = _entry(fragments.index(chosen), chosen) if chosen and told else None
    ours = [_entry(at, one) for at, one in enumerate(fragments) if is_ours(evidence, one) or one == chosen]
    return Menu(config, "", tuple(ours), next_entry, tuple(fragments))


def partitions(evidence: Evidence) -> list[str]:
    """The mount points of what systemd-boot reads: an ESP, and a partition for /boot beside it. A directory of the root
    file system is not among them, whatever entries it has."""
    mounted = {mount.point for mount in evidence.mounts if mount.kind in ("vfat", "autofs")}
    return [point for point in PARTITIONS if point in mounted]


def is_ours(evidence: Evidence, entry: Fragment) -> bool:
    """Whether an entry boots this system: it has the root= of the running kernel. An ESP may hold those of others."""
    running = evidence.text("/proc/cmdline") or ""
    return _root(command_line(entry)) == _root(running)


def why_unseen(evidence: Evidence, menu: Menu) -> str:
    """Why nobody can say which entry boots next, as a clause; empty when one can."""
    if menu.next_entry:
        return ""
    if not partitions(evidence):
        return f"no partition with boot entries is mounted at {', '.join(PARTITIONS[:-1])} or {PARTITIONS[-1]}"
    for path in (menu.config, menu.env):
        if path and evidence.file(path).unknown:
            return f"{path} could not be read"
    chosen = _next(evidence, menu.config, list(menu.fragments))
    if chosen:
        return f"what boots next, {chosen.file.path}, says no command line"
    return f"no boot entry is in {menu.config.rpartition('/')[0]}/entries"


def command_line(entry: Fragment) -> str:
    """What the kernel gets, word by word as it is written."""
    return " ".join(options for _, options in entry.options)


def by_kernel_install(evidence: Evidence) -> bool:
    """Whether kernel-install makes unified kernel images with ukify, from /etc/kernel/cmdline (60-ukify.install)."""
    values = shell_values(evidence.text("/etc/kernel/install.conf") or "")
    said = {name: values[name].value if name in values else "" for name in ("layout", "uki_generator")}
    return said["layout"] == "uki" and said["uki_generator"] in ("", "ukify")


def is_image(entry: Fragment | Entry) -> bool:
    """Whether an entry is a unified kernel image (type 2 of the specification) and no file with options."""
    path = entry.file if isinstance(entry, Entry) else entry.file.path
    return path.endswith(IMAGE)


def version_order(text: str) -> tuple[tuple[int, int, str], ...]:
    """What to sort a version by."""
    found = (_token(one) for one in TOKEN.findall(text))
    return (*found, (END, 0, ""))


def _token(text: str) -> tuple[int, int, str]:
    return (DIGITS, int(text), "") if text.isdigit() else (RANKS.get(text, LETTERS), 0, text)


def _config(evidence: Evidence) -> str:
    """The loader.conf: on the ESP, which is the one of the partitions that has it."""
    found = [point + CONFIG for point in partitions(evidence)]
    there = [path for path in found if evidence.file(path).error is None]
    return [*there, *found, PARTITIONS[-1] + CONFIG][0]


def _in_order(evidence: Evidence) -> list[Fragment]:
    """All entries as the menu has them, those with no tries left at the end, without those whose kernel is gone."""
    files = (file for point in partitions(evidence) for file in evidence.below(point + ENTRIES, bls.SUFFIX))
    found = [bls.fragment(file) for file in files if not file.path.rpartition("/")[2].startswith("auto-")]
    found = [one for one in found if one.kernel and not _kernel(evidence, one).absent]
    found += [_image(file) for point in partitions(evidence) for file in evidence.below(point + IMAGES, IMAGE)]
    found.sort(key=_tries)
    found.sort(key=lambda one: version_order(_id(one)), reverse=True)
    found.sort(key=lambda one: version_order(one.version if one.sort_key else ""), reverse=True)
    found.sort(key=lambda one: (_tries(one)[0] == 0, not one.sort_key, one.sort_key, one.machine))
    return found


def _kernel(evidence: Evidence, entry: Fragment) -> File:
    """The kernel that an entry names, on the partition of the entry."""
    return evidence.file(entry.file.path.partition(ENTRIES)[0] + entry.kernel)


def _next(evidence: Evidence, config: str, entries: list[Fragment]) -> Fragment | None:
    """The entry that is taken without a key press."""
    file = evidence.file(config)
    if file.unknown or not entries or not all(evidence.lists(point + ENTRIES) for point in partitions(evidence)):
        return None
    for pattern in (one.lower() for one in _wanted(evidence, file.text or "") if one):
        # Before .conf belonged to an entry's name, patterns had none, as kernelstub writes it to this day.
        also = pattern + bls.SUFFIX
        chosen = next((one for one in entries if fnmatchcase(_id(one), pattern) or fnmatchcase(_id(one), also)), None)
        if chosen:
            return chosen
    return entries[0]


def _wanted(evidence: Evidence, config: str) -> Iterator[str]:
    """The names and patterns that decide, the first that is there wins."""
    default, last = variable(evidence, CHOSEN), variable(evidence, LAST)
    yield variable(evidence, ONCE)
    yield last if default == SAVED else default
    written = _value(config, "default")
    if written != SAVED:
        yield written
    elif default != SAVED:
        yield last


def variable(evidence: Evidence, path: str) -> str:
    """An EFI variable as efivarfs shows it: four bytes of attributes, then UTF-16."""
    return (evidence.text(path) or "")[4:].replace("\0", "").strip()


def _value(config: str, name: str) -> str:
    """The last value of a key of loader.conf, which may be quoted."""
    matches = (bls.KEY.match(line.rstrip()) for line in config.split("\n"))
    values = [match[2].strip('"') for match in matches if match and match[1] == name]
    return values[-1] if values else ""


def _id(entry: Fragment) -> str:
    """How the boot loader knows an entry: the file's name without its counters, in lower case."""
    return (COUNTER.sub("", entry.id) + (IMAGE if is_image(entry) else bls.SUFFIX)).lower()


def _image(file: File) -> Fragment:
    """An image as an entry; what other entries write into keys is in its os-release (config_entry_add_unified)."""
    own = bls.fragment(file)
    said = (line.removeprefix("osrel ") for line in (file.text or "").splitlines() if line.startswith("osrel "))
    known = {name: value.value for name, value in shell_values("\n".join(said)).items()}
    version = next((known[name] for name in VERSIONS if known.get(name)), "")
    key = known.get("IMAGE_ID") or known.get("ID") or ""
    name, title = own.id.removesuffix(IMAGE), known.get("PRETTY_NAME", "")
    return replace(own, id=name, title=title, kernel=file.path, version=version, sort_key=key)


def _tries(entry: Fragment) -> tuple[int, int]:
    """More tries left come first, then fewer done; no counter is neither."""
    match = COUNTER.search(entry.id)
    return (-int(match[1]), int(match[2] or 0)) if match else (1, 0)


def _root(command_line: str) -> str:
    return next((word for word in command_line.split() if word.startswith("root=")), "")


def _entry(at: int, one: Fragment) -> Entry:
    line = one.options[0][0] if one.options else 0
    return Entry((at,), (frozenset((one.title, one.id)),), one.kernel, command_line(one), line, "", one.file.path)
