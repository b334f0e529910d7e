"""/etc/kdump.conf: a keyword and its value on a line, read as kdumpctl reads it, and the words that it refuses.

From parse_config of kdumpctl, kdump_get_conf_val of kdump-lib-initramfs.sh and verify_core_collector of mkdumprd
(kdump-utils 1.0.61); kdump.conf(5).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass

COMMENT_OR_EMPTY = re.compile(r"\s*(#|\Z)")
DIRECTIVE = re.compile(r"[ \t]*(?P<key>\S+)[ \t]*(?P<value>.*?)[ \t]*\Z")
FILE_SYSTEMS = frozenset(["btrfs", "ext2", "ext3", "ext4", "minix", "virtiofs", "xfs"])
TARGETS = FILE_SYSTEMS | {"nfs", "raw", "ssh"}
KNOWN = TARGETS | {
    "auto_reset_crashkernel",
    "core_collector",
    "default",
    "dracut_args",
    "extra_bins",
    "extra_modules",
    "failure_action",
    "fence_kdump_args",
    "fence_kdump_nodes",
    "final_action",
    "force_no_rebuild",
    "force_rebuild",
    "kdump_emergency",
    "kdump_post",
    "kdump_pre",
    "path",
    "sshkey",
}
ACTIONS = frozenset(["reboot", "halt", "poweroff"])
CHOICES = {
    "failure_action": ACTIONS | {"shell", "dump_to_rootfs"},
    "final_action": ACTIONS,
    "force_no_rebuild": frozenset("01"),
    "force_rebuild": frozenset("01"),
}
OLD_NAMES = {"default": "failure_action"}
TARGET = "target"
FLATTENED = frozenset(["raw", "ssh"])


@dataclass(frozen=True)
class Directive:
    """A line that says something: keyword and value, without comment and quotes, and its number from 1."""

    key: str
    value: str
    line: int

    @property
    def written(self) -> str:
        """As it stands there."""
        return f"{self.key} {self.value}".rstrip()

    @property
    def sets(self) -> tuple[str, ...]:
        """What it sets, of each of which there may be one. dracut can be told to mount a target, too."""
        if self.key in TARGETS:
            return (TARGET,)
        mounts = self.key == "dracut_args" and "--mount" in self.value
        return (OLD_NAMES.get(self.key, self.key), *([TARGET] if mounts else []))


@dataclass(frozen=True)
class Fault:
    """A line because of which kdumpctl loads nothing, and why."""

    directive: Directive
    reason: str


def read(text: str) -> tuple[Directive, ...]:
    """The directives in order. A `#` begins a comment also inside a value; one pair of quotes around it goes."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        match = DIRECTIVE.match(line)
        if match and not COMMENT_OR_EMPTY.match(line):
            value = match["value"].partition("#")[0].rstrip()
            quoted = len(value) > 1 and value[0] == value[-1] == '"'
            found.append(Directive(match["key"], value[1:-1] if quoted else value, number))
    return tuple(found)


def value_of(directives: tuple[Directive, ...], key: str) -> Directive | None:
    """The last directive with this keyword."""
    return next((one for one in reversed(directives) if one.key == key), None)


def faults(directives: tuple[Directive, ...], unknown: Container[str] = ()) -> Iterator[Fault]:
    """What kdumpctl or mkdumprd refuses, line by line; an old kdumpctl has not heard yet of the `unknown` keywords."""
    target = next((one.key for one in directives if one.key in TARGETS), "")
    seen: dict[str, Directive] = {}
    for one in directives:
        before = next((seen[name] for name in one.sets if name in seen), None)
        reason = f"this kdumpctl knows no {one.key} yet" if one.key in unknown else _refused(one, before, target)
        if reason:
            yield Fault(one, reason)
        for name in one.sets:
            seen.setdefault(name, one)
    yield from _both_rebuilds(directives)


def _refused(one: Directive, before: Directive | None, target: str) -> str:
    if one.key not in KNOWN:
        return f"kdumpctl knows no {one.key}"
    if not one.value:
        return f"{one.key} has no value"
    if before:
        return f"line {before.line} says {before.written} already, and only one may"
    allowed = CHOICES.get(one.sets[0])
    if allowed and one.value not in allowed:
        return f"{one.key} is one of {', '.join(sorted(allowed))}"
    if one.key == "ssh" and "@" not in one.value:
        return "it is not USER@HOST"
    if one.key == "core_collector" and target in FLATTENED and _lacks_flattening(one.value):
        return f"with {target}, makedumpfile needs its option -F"
    return ""


def _lacks_flattening(command: str) -> bool:
    return command.split(maxsplit=1)[0] == "makedumpfile" and "-F" not in command


def _both_rebuilds(directives: tuple[Directive, ...]) -> Iterator[Fault]:
    """Of both, need_initrd_rebuild of kdumpctl takes none."""
    always, never = (value_of(directives, key) for key in ("force_rebuild", "force_no_rebuild"))
    if always and never and always.value == never.value == "1":
        yield Fault(never, f"line {always.line} says {always.written}, and both cannot be")


def with_value(text: str, key: str, value: str) -> str:
    """The text with this value for a keyword that kdumpctl knows: its last line gets it, a file without one such a line
    at its end, and every other byte stays. ValueError for a keyword or a value that would make the file faulty."""
    if key not in KNOWN or not value or value != value.strip() or re.search(r'[#\n\r"]', value):
        raise ValueError(f"{key} {value}")
    lines = text.split("\n")
    mine = value_of(read(text), key)
    if mine is None:
        end = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{end}{key} {value}\n"
    match = DIRECTIVE.match(lines[mine.line - 1])
    assert match  # noqa: S101 - read() matched it
    line = lines[mine.line - 1]
    comment = re.search(r"[ \t]*#.*\Z", match["value"])
    rest = (comment[0] if comment else "") + line[match.end("value") :]
    lead = line[: match.start("value")] if match.start("value") > match.end("key") else line[: match.end("key")] + " "
    lines[mine.line - 1] = lead + value + rest
    return "\n".join(lines)
