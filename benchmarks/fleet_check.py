"""What a check and a converged enable of a fleet cost, against a ping of the same hosts.

    python -m benchmarks.fleet_check [HOSTS...] [-n ROUNDS] [--named] [--without-fifteen]

Needs root, as it starts containers; 1, 10 and 40 by default.

The hosts are Debian 12 containers with systemd and sshd (tests.container), all on the root of one that was set up by
`kdump-enabler enable`; 40 of them take 3 GiB of memory. All commands run in turn with the same forks, pipelining and
SSH options. Printed are the median wall times and the median of the ratios to ping within each round. FIFTEEN stands
for a role that looks with one module after the other; it runs once for each number of hosts. The inventory does not say
where the hosts have their Python, as few do: Ansible then looks for it in each run, and our look has a way of its own.
With --named it says so, which spares ping that.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kdump_enabler.verdict import EXIT_CODES, Verdict
from tests.container import root
from tests.container.container import Container, unused_name
from tests.container.kernel import KEXEC, SETTINGS

from .round_trip import PING

BIN = Path(sys.executable).parent
BUDGET = {"check": 0.6, "enable": 1.0}  # of a ping's time, for fleets
FLEET = 10  # hosts; with fewer the budget does not hold, as starting Ansible is most of the time
INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
ENOUGH = 1024  # each systemd takes five
FORKS = 20
FIFTEEN = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.setup: {gather_subset: min}
    - ansible.builtin.package_facts:
    - ansible.builtin.service_facts:
    - ansible.builtin.package: {name: [kdump-tools, makedumpfile], state: present}
    - ansible.builtin.stat: {path: /sys/kernel/kexec_crash_size}
    - ansible.builtin.slurp: {src: /sys/kernel/kexec_crash_size}
    - ansible.builtin.slurp: {src: /proc/cmdline}
    - ansible.builtin.command: {cmd: uname -r}
      changed_when: false
    - ansible.builtin.command: {cmd: systemctl is-enabled kdump-tools}
      changed_when: false
    - ansible.builtin.file: {path: /var/crash, state: directory}
    - ansible.builtin.copy: {dest: /etc/fifteen.conf, content: "path /var/crash\\n", mode: "0644"}
    - ansible.builtin.template: {src: fifteen.j2, dest: /etc/fifteen.tmpl, mode: "0644"}
    - ansible.builtin.lineinfile: {path: /etc/fifteen.line, line: "USE_KDUMP=1", create: true, mode: "0644"}
    - ansible.builtin.find: {paths: /var/crash, recurse: true}
    - ansible.builtin.service: {name: kdump-tools, enabled: true}
"""


def set_up(container: Container) -> None:
    """Make it crash-ready in its kernel's and our eyes, and end it in order."""
    enable = [str(BIN / "kdump-enabler"), "enable", "-i", str(container.inventory()), "-y"]
    subprocess.run(enable, check=False, stdout=subprocess.DEVNULL)
    container.kernel.set(kexec_crash_size=256 * 1024 * 1024, kexec_crash_loaded=1)
    subprocess.run(enable, check=True, stdout=subprocess.DEVNULL)
    container.ssh("sync")


@contextmanager
def watches() -> Iterator[None]:
    """Let more systemds run at once than a machine usually has."""
    before = INSTANCES.read_text()
    INSTANCES.write_text(str(max(ENOUGH, int(before))))
    try:
        yield
    finally:
        INSTANCES.write_text(before)


@contextmanager
def fleet(hosts: int) -> Iterator[list[Container]]:
    """So many running containers on one root, crash-ready."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=root.build("bookworm").parent)))
        stack.enter_context(watches())
        with Container(unused_name("fleet-first")) as first:
            _say("setting up the first")
            set_up(first)
            kernel = {name: first.kernel.get(name) for name in (*KEXEC, *SETTINGS)}
            image = folder / root.IMAGE
            image.hardlink_to(first.directory / root.IMAGE)
        started = []
        for number in range(hosts):
            started.append(stack.enter_context(Container(unused_name(f"fleet-{number}"), shared=image)))
            started[-1].kernel.set(**kernel)
        _say(f"{hosts} hosts are up")
        yield started


def inventory(path: Path, hosts: Sequence[Container], named: bool) -> Path:
    """The first hosts of the fleet; where their Python is only if that is to be named."""
    lines = [f"{one.name} ansible_host={one.login.address}" for one in hosts]
    shared = {
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(hosts[0].login.key),
        "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
        "kdump_test_container": "true",
    }
    if named:
        shared["ansible_python_interpreter"] = "/usr/bin/python3"
    path.write_text("\n".join([*lines, "[all:vars]", *(f"{name}={value}" for name, value in shared.items()), ""]))
    return path


def commands(listed: Path) -> dict[str, list[str]]:
    """What is compared, by name."""
    folder = listed.parent
    (folder / "ping.yml").write_text(PING)
    (folder / "fifteen.yml").write_text(FIFTEEN)
    (folder / "fifteen.j2").write_text("path {{ '/var/crash' }}\n")
    playbook, ours = [str(BIN / "ansible-playbook"), "-i", str(listed)], str(BIN / "kdump-enabler")
    return {
        "ping": [*playbook, str(folder / "ping.yml")],
        "check": [ours, "check", "-i", str(listed)],
        "check playbook": [*playbook, "kdump.enabler.check"],
        "enable": [ours, "enable", "-i", str(listed), "-y"],
        "fifteen": [*playbook, str(folder / "fifteen.yml")],
    }


def require_converged(listed: Path) -> None:
    """End here unless each host answers and nothing is left to do on it. Their verdict is `unknown`: that a dump comes
    out where / is an overlay, nobody has seen."""
    path = listed.with_name("result.json")
    command = [str(BIN / "kdump-enabler"), "check", "-i", str(listed), "--format", "json", "-o", str(path)]
    subprocess.run(command, check=False, stderr=subprocess.DEVNULL, env=environment())
    hosts = json.loads(path.read_text())["hosts"]
    left = [host["host"] for host in hosts if host["facts"] is None or host["plan"]]
    if left or not hosts:
        sys.exit(f"Not converged: {left}")


def environment() -> dict[str, str]:
    """The same settings for all; byte code is kept, as it is where pip installed us."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "ANSIBLE_PIPELINING": "1", "ANSIBLE_FORKS": str(FORKS)}


def seconds(argv: list[str]) -> float:
    """The wall time of one run. Raises CalledProcessError for an exit status that no verdict has."""
    started = time.monotonic()
    done = subprocess.run(argv, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
    if done.returncode not in (0, EXIT_CODES[Verdict.UNKNOWN]):
        done.check_returncode()
    return time.monotonic() - started


def measure(runs: Mapping[str, list[str]], rounds: int) -> dict[str, list[float]]:
    """The seconds of each round; `fifteen` has run before, so that it changes nothing either, and is in one round."""
    if "fifteen" in runs:
        seconds(runs["fifteen"])
    times: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds):
        for name, argv in runs.items():
            if name != "fifteen" or number == 0:
                times[name].append(seconds(argv))
        _say(", ".join(f"{name} {found[-1]:.2f} s" for name, found in times.items()))
    return times


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hosts", nargs="*", type=int, default=[1, 10, 40])
    parser.add_argument("-n", "--rounds", type=int, default=5)
    parser.add_argument("--named", action="store_true", help="the inventory names the hosts' Python")
    parser.add_argument("--without-fifteen", action="store_true", help="leave out the role, which takes minutes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, fleet(max(options.hosts)) as hosts:
        for number in options.hosts:
            listed = inventory(Path(folder, "hosts"), hosts[:number], options.named)
            require_converged(listed)
            runs = commands(listed)
            if options.without_fifteen:
                del runs["fifteen"]
            times = measure(runs, options.rounds)
            print(f"{number} hosts, load {os.getloadavg()[0]:.1f}")
            for name, found in times.items():
                _print(name, found, times["ping"], number)


def _print(name: str, found: list[float], ping: list[float], hosts: int) -> None:
    ratio = statistics.median(a / b for a, b in zip(found, ping, strict=False))
    budget = f" (budget {BUDGET[name]})" if name in BUDGET and hosts >= FLEET else ""
    median, least, most = statistics.median(found), min(found), max(found)
    print(f"  {name:14} {median:6.2f} s ({least:.2f}-{most:.2f})  ratio {ratio:.2f}{budget}", flush=True)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
