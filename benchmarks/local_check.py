"""What a check of the machine itself costs, against the commands that a shell script would ask the same machine.

    python -m benchmarks.local_check [-n ROUNDS]        (root: it starts a container)

In a Debian 12 container with systemd (tests.container), set up by `kdump-enabler enable`: `kdump-enabler check` from
a copy of the package, with Debian's own Python and libraries, in turn with COMMANDS. Those are what a well-known
set-up script runs to report: is the service there, active and enabled, is crashkernel= on the command line, how many
dumps are there. Prints the medians and the median of the ratios within each round.
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import subprocess
import sys
from pathlib import Path

from tests.container.container import Container, unused_name

BUDGET = 0.5  # seconds
COMMANDS = """\
systemctl list-unit-files kdump-tools.service
systemctl status kdump-tools.service
systemctl status kdump-tools
systemctl is-active --quiet kdump-tools.service
systemctl is-enabled --quiet kdump-tools.service
grep -E ^ID= /etc/os-release
grep -E ^VERSION_ID= /etc/os-release
grep -q crashkernel= /proc/cmdline
find /var/crash -type f -name '*.crash'
"""
OURS = "env PYTHONPATH=/opt/kdump-enabler python3 -m kdump_enabler check"
THEIRS = "sh /opt/commands.sh"
PACKAGE = Path(__file__).resolve().parents[1] / "src" / "kdump_enabler"


def set_up(container: Container) -> None:
    """Make it crash-ready in its kernel's and our eyes, and bring what is measured."""
    enable = [str(Path(sys.executable).with_name("kdump-enabler")), "enable", "-i", str(container.inventory()), "-y"]
    subprocess.run(enable, check=False, stdout=subprocess.DEVNULL)
    container.kernel.set(kexec_crash_size=256 * 1024 * 1024, kexec_crash_loaded=1)
    subprocess.run(enable, check=True, stdout=subprocess.DEVNULL)
    container.ssh("mkdir /opt/kdump-enabler")
    container.login.copy_to(PACKAGE, "/opt/kdump-enabler")
    container.login.copy_to(Path(__file__).with_name("alternating.py"), "/opt")
    container.ssh(f"printf %s {shlex.quote(COMMANDS)} > /opt/commands.sh")
    # Without the mark it is judged whole, as a machine; a container's check would end early.
    container.ssh("rm /run/systemd/container; find /opt/kdump-enabler -name __pycache__ -prune -exec rm -r {} +")
    container.ssh("python3 -m compileall -q /opt/kdump-enabler")  # as pip does


def measure(container: Container, rounds: int) -> tuple[list[float], list[float]]:
    """The seconds of each round, ours and theirs."""
    command = f"python3 /opt/alternating.py {rounds} {shlex.quote(OURS)} {shlex.quote(THEIRS)}"
    ours, theirs = json.loads(container.ssh(command, timeout=600).stdout)
    return ours, theirs


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--rounds", type=int, default=20)
    options = parser.parse_args()
    with Container(unused_name("local-check")) as container:
        set_up(container)
        print(container.ssh(OURS, check=False).stdout, flush=True)
        ours, theirs = measure(container, options.rounds)
    for name, times in (("kdump-enabler check", ours), ("the commands", theirs)):
        print(f"{name:20} {statistics.median(times):.3f} s ({min(times):.3f}-{max(times):.3f})")
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    print(f"ratio {ratio:.2f}, budget of the check {BUDGET} s")


if __name__ == "__main__":
    main()
