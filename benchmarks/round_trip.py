"""What a check and a converged enable cost, against a playbook that only pings the same hosts.

    python -m benchmarks.round_trip -i INVENTORY [-n RUNS] [--forks N]

Runs the three in turn, RUNS times each, and prints the median wall time of each, its ratio to ping in the same round
(median of ratios, so that a busy machine does not decide), and the number of remote executions of one run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PING = "- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.ping:\n"
BUDGET = {"ping": 1.0, "check": 0.7, "enable": 1.5}


def commands(inventory: str, folder: str) -> dict[str, list[str]]:
    """The three playbook runs, called the same way."""
    ping = Path(folder, "ping.yml")
    ping.write_text(PING, encoding="utf-8")
    playbook = str(Path(sys.executable).with_name("ansible-playbook"))
    books = {"ping": str(ping), "check": "kdump.enabler.check", "enable": "kdump.enabler.enable"}
    return {name: [playbook, "-i", inventory, book] for name, book in books.items()}


def seconds(command: list[str]) -> float:
    """The wall time of one run."""
    started = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment())
    return time.monotonic() - started


def remote_executions(command: list[str]) -> int:
    """How often ssh executes something on a host in one run."""
    ended = subprocess.run([*command, "-vvv"], check=True, capture_output=True, text=True, env=environment())
    return ended.stdout.count("SSH: EXEC")


def environment() -> dict[str, str]:
    """The same settings for all: pipelining, as any fleet that cares for speed has it."""
    return os.environ | {"ANSIBLE_PIPELINING": "1"}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-i", "--inventory", required=True)
    parser.add_argument("-n", "--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = commands(options.inventory, folder)
        trips = {name: remote_executions(command) for name, command in runs.items()}  # warms the connection, too
        times: dict[str, list[float]] = {name: [] for name in runs}
        for number in range(options.runs):
            print(f"round {number + 1} of {options.runs}", file=sys.stderr, flush=True)
            for name, command in runs.items():
                times[name].append(seconds(command))
    for name, measured in times.items():
        ratio = statistics.median(a / b for a, b in zip(measured, times["ping"], strict=True))
        print(
            f"{name:7} {statistics.median(measured):6.2f} s ({min(measured):.2f}-{max(measured):.2f})"
            f"  ratio {ratio:.2f} (budget {BUDGET[name]})  remote executions {trips[name]}"
        )


if __name__ == "__main__":
    main()
