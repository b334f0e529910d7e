"""What a fleet costs its controller: a check against a ping of the same hosts, which are files (connection_plugins).

    python -m benchmarks.controller [HOSTS...] [-n ROUNDS] [--forks N]          (1000 and 10000 hosts by default)

Each host answers the probe with one of the recordings of tests/hosts, in turn, and Ansible's ping with a pong. The
command `check`, its playbook and ping run in turn; printed is what each takes, and how much more than ping. Then
`kdump-enabler report` makes each form from the result.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .round_trip import PING
from .watched import MIB, Taken, watch

HERE = Path(__file__).resolve().parent
RECORDINGS = HERE.parent / "tests" / "hosts"
BIN = Path(sys.executable).parent
MOST_MORE, MOST_SECONDS = 200, 20  # MiB that a check may take more than a ping, seconds for a form of the report
FORMS = ("table", "html", "json", "junit", "prometheus")
VARIABLES = """
[all:vars]
ansible_connection=recorded
ansible_python_interpreter=/usr/bin/python3
"""


def answers(folder: Path) -> list[Path]:
    """What the probe would print on each of the recorded machines, as files."""
    folder.mkdir()
    for path in sorted(RECORDINGS.glob("*/evidence.json")):
        raw = json.loads(path.read_text(encoding="utf-8"))
        (folder / f"{path.parent.name}.json").write_text(json.dumps({"schema": raw["schema"], **raw}))
    return sorted(folder.iterdir())


def inventory(path: Path, hosts: int, files: list[Path]) -> Path:
    """So many hosts, each with one of the answers."""
    lines = [f"host{number:05} ansible_host={file}" for number, file in zip(range(hosts), itertools.cycle(files))]
    path.write_text("\n".join([*lines, VARIABLES]))
    return path


def environment(forks: int) -> dict[str, str]:
    """The same settings for all."""
    own = {
        "ANSIBLE_COLLECTIONS_PATH": str(HERE.parent / "ansible" / "collections"),
        "ANSIBLE_CONNECTION_PLUGINS": str(HERE / "connection_plugins"),
        "ANSIBLE_FORKS": str(forks),
        "ANSIBLE_PIPELINING": "1",
    }
    return {**os.environ, **own}


def measure(hosts: int, rounds: int, work: Path, env: Mapping[str, str]) -> dict[str, list[Taken]]:
    """All in turn; each check leaves its result in the work folder."""
    listed = ["-i", str(inventory(work / "hosts", hosts, sorted((work / "answers").iterdir())))]
    (work / "ping.yml").write_text(PING)
    playbook, result = [str(BIN / "ansible-playbook"), *listed], str(work / "result.json")
    commands = {
        "ping": [*playbook, str(work / "ping.yml")],
        "check playbook": [*playbook, "kdump.enabler.check", "-e", f"kdump_result_path={result}"],
        "check": [str(BIN / "kdump-enabler"), "check", *listed, "--format", "json", "-o", result],
    }
    found: dict[str, list[Taken]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, argv in commands.items():
            found[name].append(watch(argv, env))
            taken, load = found[name][-1], os.getloadavg()[0]
            together = f"{taken.together / MIB:.0f} MiB with all processes, load {load:.1f}"
            _say(f"{hosts:5} hosts, {name:14} {_told(taken)}, {together}")
    return found


def compare(found: Mapping[str, list[Taken]]) -> None:
    """Print the medians of the ratios, and how much more memory the controller needs."""
    for name in ("check playbook", "check"):
        pairs = list(zip(found[name], found["ping"], strict=True))
        wall = statistics.median(check.wall / ping.wall for check, ping in pairs)
        cpu = statistics.median(check.cpu / ping.cpu for check, ping in pairs)
        more = statistics.median(check.together - ping.together for check, ping in pairs) / MIB
        _say(f"  {name} to ping: {wall:.2f} in wall time, {cpu:.2f} in processor time, {more:+.0f} MiB of memory")
    _say(f"  (at most {MOST_MORE} MiB more are wanted)")


def report(work: Path) -> None:
    """Make each form of the report from the result."""
    result = work / "result.json"
    _say(f"  reports from a result of {_mib(result)}, each in at most {MOST_SECONDS} s:")
    for form in FORMS:
        output = work / f"report.{form}"
        words = ["report", str(result), "--format", form, "-o", str(output)]
        _say(f"  {form:10} {_told(watch([str(BIN / 'kdump-enabler'), *words]))}, {_mib(output)} written")


def _told(taken: Taken) -> str:
    return f"{taken.wall:6.1f} s, {taken.cpu:6.1f} s of processors, {taken.resident / MIB:4.0f} MiB resident"


def _mib(path: Path) -> str:
    return f"{path.stat().st_size / MIB:.1f} MiB"


def _say(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hosts", nargs="*", type=int, default=[1000, 10000])
    parser.add_argument("-n", "--rounds", type=int, default=1)
    parser.add_argument("--forks", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        answers(work / "answers")
        for hosts in options.hosts:
            compare(measure(hosts, options.rounds, work, environment(options.forks)))
            report(work)


if __name__ == "__main__":
    main()
