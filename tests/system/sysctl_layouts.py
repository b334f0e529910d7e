"""Random layouts of sysctl.d files, given to the real systemd-sysctl and `sysctl --system` and to our model of them.

`python -m tests.system.sysctl_layouts` needs root and goes into namespaces of its own: only /proc/sys/net of a private
network can be written there, which is made sure of before anything is. `--root` takes the programs of another root
directory, such as one of another Debian suite.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kdump_enabler import probe
from kdump_enabler.evidence import Evidence, File, from_raw
from kdump_enabler.facts import sysctl_files
from kdump_enabler.facts.sysctl_files import CREDENTIAL, SYSCTL_CONF, Line
from kdump_enabler.facts.sysctl_value import integer, taken

from .sysctl_writer import INTERFACE, KEYS, Writer

# What the run inside is told: the network outside, and a directory to mount things in.
OUTSIDE, WORK = "KDUMP_ENABLER_TEST_OUTSIDE", "KDUMP_ENABLER_TEST_WORK"
NETWORK = Path("/proc/self/ns/net")
UNSET = 4711
SLOW = 30


@dataclass(frozen=True)
class Program:
    """A reader of the files, and what we think of it."""

    argv: tuple[str, ...]
    lines: Callable[[Evidence, Sequence[File]], list[Line]]
    writes: Callable[[list[Line], str], list[Line]]


def programs(root: Path) -> dict[str, Program]:
    """Those that a root directory has."""
    systemd = next(
        path for path in ("/usr/lib/systemd", "/lib/systemd") if Path(f"{root}{path}/systemd-sysctl").exists()
    )
    return {
        "systemd-sysctl": Program((f"{systemd}/systemd-sysctl",), sysctl_files.at_boot, sysctl_files.systemd_counts),
        "procps": Program(("/sbin/sysctl", "-q", "--system"), sysctl_files.by_command, sysctl_files.procps_writes),
    }


def main() -> None:
    """Compare on so many layouts; print the figures and the layouts that differ as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path("/"))
    parser.add_argument("--layouts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=("procps", "excluded patterns", "credential", "dots"),
        help="what is left out: procps 3.3 reads by other rules, 4.0.4 takes no pattern out; systemd 247 has no "
        "credential and follows `..`",
    )
    options = parser.parse_args()
    if OUTSIDE not in os.environ:
        sys.exit(_again_inside())
    json.dump(compare(prepared(Path(os.environ[WORK]), options.root), options), sys.stdout)


def _again_inside() -> int:
    """Run this in namespaces of its own. What is mounted there goes with them, and leaves an empty directory: nothing
    here removes a tree, which might be a mount."""
    work = tempfile.mkdtemp(prefix="sysctl-layouts-")
    names = {OUTSIDE: str(NETWORK.readlink()), WORK: work}
    again = [
        "unshare",
        "--net",
        "--mount",
        "--propagation",
        "private",
        sys.executable,
        "-m",
        __spec__.name,
        *sys.argv[1:],
    ]
    try:
        return subprocess.run(again, env={**os.environ, **names}, check=False).returncode
    finally:
        Path(work).rmdir()


def prepared(work: Path, base: Path) -> Path:
    """A root directory with the programs of `base`, files of its own, and a /proc where only its network can be
    written. Raises RuntimeError where this machine could be changed."""
    run("mount", "-t", "tmpfs", "layouts", str(work))
    network, root = work / "net", work / "root"
    network.mkdir()
    root.mkdir()
    run("mount", "--bind", "/proc/sys/net", str(network))
    run("mount", "--bind", "/proc/sys", "/proc/sys")
    run("mount", "-o", "remount,bind,ro", "/proc/sys")
    run("mount", "--bind", str(network), "/proc/sys/net")
    _assert_harmless()
    run("ip", "link", "set", "lo", "name", INTERFACE)
    for name in ("usr", "lib", "lib64", "bin", "sbin"):
        _mirror(base / name, root / name)
    (root / "dev").mkdir()
    (root / "dev/null").touch()
    run("mount", "--bind", "/dev/null", str(root / "dev/null"))
    (root / "proc").mkdir()
    run("mount", "--rbind", "/proc", str(root / "proc"))
    for directory in _directories(root):
        _own(root, directory)
    return root


def _assert_harmless() -> None:
    """Opening for writing writes nothing; where it succeeds outside of a network of our own, we do not go on."""
    if str(NETWORK.readlink()) == os.environ[OUTSIDE]:
        raise RuntimeError("this is the machine's own network")
    for directory, _, names in os.walk("/proc/sys"):
        for name in names if not f"{directory}/".startswith("/proc/sys/net/") else ():
            try:
                os.close(os.open(f"{directory}/{name}", os.O_WRONLY))
            except OSError as error:
                if error.errno in (errno.EROFS, errno.EACCES, errno.ENOENT):
                    continue
            raise RuntimeError(f"{directory}/{name} can be written here")


def _mirror(original: Path, copy: Path) -> None:
    if original.is_symlink():
        copy.symlink_to(original.readlink())
    elif original.is_dir():
        copy.mkdir()
        run("mount", "--bind", "-o", "ro", str(original), str(copy))
    else:  # a root without the links of a merged /usr
        copy.symlink_to(f"usr/{copy.name}")


def _directories(root: Path) -> list[str]:
    """Those of sysctl.d; /lib is one of its own only where /usr is not merged."""
    merged = (root / "lib").is_symlink()
    return [path for path in sysctl_files.DIRECTORIES if not (merged and path.startswith("/lib/"))]


def _own(root: Path, directory: str) -> None:
    """Put an empty directory of ours over the one in the root, or over its parent if there is none."""
    place = Path(f"{root}{directory}")
    if not place.exists() and place.parent.exists():
        run("mount", "-t", "tmpfs", "layouts", str(place.parent))
    place.mkdir(parents=True, exist_ok=True)
    run("mount", "-t", "tmpfs", "layouts", str(place))


def compare(root: Path, options: argparse.Namespace) -> Mapping[str, object]:
    """The figures, and the layouts on which program and model differ."""
    directories = _directories(root)
    writer = Writer(options.seed, options.without)
    differ, compared, set_keys = [], 0, 0
    found = {name: one for name, one in programs(root).items() if name not in options.without}
    for number in range(options.layouts):
        _clear(root, directories)
        writer.layout(root, directories)
        evidence = _evidence(root)
        for name, program in found.items():
            real, ours = _real(root, program), _ours(evidence, program)
            compared += len(KEYS)
            set_keys += sum(value != UNSET for value in real.values())
            wrong = {key: [real[key], ours[key]] for key in KEYS if real[key] != ours[key]}
            if wrong:
                differ.append(
                    {"layout": number, "program": name, "real and ours": wrong, "files": dict(_texts(evidence))}
                )
    return {"layouts": options.layouts, "compared": compared, "set": set_keys, "differ": differ}


def _clear(root: Path, directories: Sequence[str]) -> None:
    for directory in directories:
        for path in Path(f"{root}{directory}").iterdir():
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()
    for name in (SYSCTL_CONF, CREDENTIAL):
        Path(f"{root}{name}").unlink(missing_ok=True)


def _evidence(root: Path) -> Evidence:
    """What the probe sees of the files."""
    patterns = [pattern for pattern in probe.TEXT_GLOBS if "sysctl" in pattern and "ufw" not in pattern]
    files = {path: probe.text_of(str(root), path) for path in probe.expanded(str(root), patterns)}
    empty: dict[str, object] = {"directories": {}, "mounts": {}, "commands": [], "kernel_log": {}}
    return from_raw({"live": True, "euid": 0, "machine": "", "collected_at": 0, "files": files, **empty})


def _real(root: Path, program: Program) -> dict[str, int]:
    """What the program makes of the files."""
    for key in KEYS:
        Path("/proc/sys", key).write_text(f"{UNSET}\n")
    environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(Path(CREDENTIAL).parent), "LC_ALL": "C.UTF-8"}
    command = ["chroot", str(root), *program.argv]
    subprocess.run(command, env=environment, capture_output=True, timeout=SLOW, check=False)
    return {key: int(Path("/proc/sys", key).read_text()) for key in KEYS}


def _ours(evidence: Evidence, program: Program) -> dict[str, int]:
    lines = program.lines(evidence, sysctl_files.listed(evidence).files)
    values: dict[str, int] = dict.fromkeys(KEYS, UNSET)
    for key in KEYS:
        for line in program.writes(lines, key):
            number = integer(taken(line.value))
            values[key] = values[key] if number is None else number
    return values


def _texts(evidence: Evidence) -> Iterator[tuple[str, str]]:
    for path, file in evidence.files.items():
        yield path, f"-> {file.link}" if file.link else ascii((file.text or file.error or "")[:400])


def run(*command: str) -> None:
    """A command that has to succeed."""
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
