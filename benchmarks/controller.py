"""What a fleet costs its controller: a check against a ping of the same hosts, which are files (connection_plugins).

    python -m benchmarks.controller [HOSTS...] [-n ROUNDS] [--forks N]          (1000 and 10000 hosts by default)

Each host answers the probe with one of the recordings of tests/hosts, in turn, and Ansible's ping with a pong. Both
playbooks run in turn; printed are the medians, and of the processor time and the memory how much a check takes more.
Then `kdump-enabler report` makes each form from the result.
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
    """Both playbooks in turn; the check leaves its result in the work folder."""
    listed = ["-i", str(inventory(work / "hosts", hosts, sorted((work / "answers").iterdir())))]
    (work / "ping.yml").write_text(PING)
    books = {
        "ping": [str(work / "ping.yml")],
        "check": ["kdump.enabler.check", "-e", f"kdump_result_path={work / 'result.json'}"],
    }
    found: dict[str, list[Taken]] = {name: [] for name in books}
    for _ in range(rounds):
        for name, words in books.items():
            found[name].append(watch([str(BIN / "ansible-playbook"), *listed, *words], env))
            _print(f"{hosts} hosts", name, found[name][-1])
    return found


def compare(found: Mapping[str, list[Taken]]) -> None:
    """Print the medians' ratios and differences."""
    more = {name: statistics.median(one.resident for one in found[name]) for name in found}
    ratios = {
        what: statistics.median(getattr(a, what) / getattr(b, what) for a, b in zip(found["check"], found["ping"]))
        for what in ("wall", "cpu")
    }
    print(
        f"  a check is {ratios['wall']:.2f} pings in wall time, {ratios['cpu']:.2f} in processor time; its controller"
        f" takes {(more['check'] - more['ping']) / MIB:.0f} MiB more (at most {MOST_MORE})",
        flush=True,
    )


def report(work: Path) -> None:
    """Make each form of the report from the result."""
    print(
        f"  the result has {(work / 'result.json').stat().st_size / MIB:.0f} MiB; forms of it, in at most {MOST_SECONDS} s:"
    )
    for form in FORMS:
        words = ["--format", form, "-o", str(work / f"report.{form}")]
        taken = watch([str(BIN / "kdump-enabler"), "report", str(work / "result.json"), *words])
        _print("report", form, taken, (work / f"report.{form}").stat().st_size)


def _print(what: str, name: str, taken: Taken, size: int = 0) -> None:
    written = f", wrote {size / MIB:.1f} MiB" if size else ""
    together = f", all together {taken.together / MIB:.0f} MiB" if not size else ""
    load = os.getloadavg()[0]
    print(
        f"{what:12} {name:10} {taken.wall:7.1f} s, processor {taken.cpu:7.1f} s, resident {taken.resident / MIB:5.0f} MiB"
        f"{together}{written}  (load {load:.1f})",
        flush=True,
    )


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
