"""Makes up sysctl.d files, odd ones among them, for the comparison with the programs that read them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from kdump_enabler.facts.sysctl_files import CREDENTIAL, SYSCTL_CONF

INTERFACE = "l.1"  # the loopback device, renamed: a dot in a name is what the separators are about
# Plain C integers of each network namespace (proc_dointvec, as most of kernel.*), without an effect on anything here.
KEYS = (
    "net/ipv4/conf/all/tag",
    "net/ipv4/conf/default/tag",
    f"net/ipv4/conf/{INTERFACE}/tag",
    "net/ipv4/igmp_max_memberships",
    "net/ipv4/igmp_max_msf",
)
PATTERNS = (
    "net/ipv4/conf/*/tag",
    "net/ipv4/conf/?.1/tag",
    "net/ipv4/conf/[ad]*/tag",
    "net/ipv4/conf/[!a]*/tag",
    "net/ipv4/conf/[^d]*/tag",
    "net/ipv4/igmp_max_m*",
    "net/ipv4/igmp_max_ms?",
    "net/*/igmp_max_msf",
    "net/ipv4/*/tag",
    "*/*/igmp_max_memberships",
)
NAMES = ("10-a", "50-b", "9-c", "99-sysctl", "99-zz-kdump", "99-zzz", "A", "a", "local", "zz-kdump", "zz-local", "é")
VALUES = ("0", "1", "2", "3", "10", "-1", "0x10", "010", " 7", "8 ", "1 2", "4\t", "", "+5", "08", "abc", "1a", "=1")
REFUSED = ("2147483648", "-2147483649", "99999999999", "0" * 21 + "1", "0" * 20 + "1")


class Writer:
    """Makes up layouts. Each is a few files with a few lines, since a clash takes two lines and a sharp rule three."""

    def __init__(self, seed: int, without: Sequence[str]) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a layout has to be made again from its seed
        self.excluded_patterns = "excluded patterns" not in without
        self.credential = "credential" not in without
        self.dots = "dots" not in without

    def layout(self, root: Path, directories: Sequence[str]) -> None:
        """Write files below root."""
        if self.random.random() < 0.6:
            self._file(root, SYSCTL_CONF)
        if self.credential and self.random.random() < 0.1:
            self._file(root, CREDENTIAL)
        names = self.random.sample(NAMES, 4)
        for directory in self.random.choices(directories, k=self.random.randint(1, 6)):
            suffix = ".conf" if self.random.random() < 0.95 else self.random.choice((".conf~", ".txt", ".CONF"))
            self._entry(root, f"{directory}/{self.random.choice(names)}{suffix}")

    def _entry(self, root: Path, path: str) -> None:
        place = Path(f"{root}{path}")
        if place.exists() or place.is_symlink():
            return
        kind = self.random.random()
        links = {0: "/dev/null", 1: "../sysctl.conf", 2: "/nowhere", 3: "/etc/sysctl.conf"}
        if kind < 0.15:
            place.symlink_to(links[self.random.randrange(4)])
        elif kind < 0.17:
            place.mkdir()
        elif kind < 0.22:
            place.touch()
        else:
            self._file(root, path)

    def _file(self, root: Path, path: str) -> None:
        end = self.random.choices(("\n", "\r\n", "\r", "\n\n"), (90, 6, 2, 2))[0]
        text = end.join(self._line() for _ in range(self.random.randint(1, 4)))
        place = Path(f"{root}{path}")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((text + self.random.choice((end, end, end, ""))).encode("latin-1"))

    def _line(self) -> str:
        kind = self.random.random()
        if kind < 0.08:
            comment = self.random.choice(("# ", "; ", "#", " ;", "\t# "))
            return comment + self._assignment()
        if kind < 0.14:
            junk = (
                "",
                "   ",
                "net.ipv4.igmp_max_msf",
                "= 3",
                "-",
                "-=",
                "x=",
                "\xe9\xff = \xfe",
                "a = " + "b" * 9000,
                "\\",
            )
            return self.random.choice(junk)
        if kind < 0.22:
            return self._space() + "-" + self._name(patterns=self.excluded_patterns) + self._space()
        if kind < 0.24:
            return self._assignment() + "\0" + self._assignment()
        if kind < 0.26:
            return self._assignment() + "\\"
        return self._assignment()

    def _assignment(self) -> str:
        dash = self.random.choices(("", "-", "- ", "--"), (80, 14, 3, 3))[0]
        value = self.random.choice(REFUSED) if self.random.random() < 0.04 else self.random.choice(VALUES)
        return f"{self._space()}{dash}{self._name(patterns=True)}{self._space()}={self._space()}{value}{self._space()}"

    def _space(self) -> str:
        return self.random.choices(("", " ", "\t", "  ", "\v", "\f"), (40, 40, 10, 6, 2, 2))[0]

    def _name(self, patterns: bool) -> str:
        path = self.random.choice(PATTERNS if patterns and self.random.random() < 0.3 else KEYS)
        if self.random.random() < 0.6:
            path = path.translate({ord("."): "/", ord("/"): "."})
        if self.random.random() < 0.06 and not any(sign in path for sign in "*?["):
            path = self.random.choice(self._odd(path))
        return path

    def _odd(self, path: str) -> list[str]:
        """Names that lead to the same key, or to none."""
        doubled = [path.replace(".", "..", 1), path.replace("/", "//", 1)]
        up = [path.replace("/igmp", "/conf/../igmp")] if self.dots else []
        return [f"/{path}", f".{path}", f"./{path}", f"{path}/", *doubled, *up, path.upper(), path[:-1]]
