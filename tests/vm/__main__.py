"""The harness as a command, for molecule and for people: every call is a process of its own."""

import argparse
import os
import shlex
import signal
import sys
import time
from pathlib import Path

from .errors import VmError
from .machine import BOOTED, Machine, prepare


def main() -> int:
    """Run one command; returns the exit code, 2 after an error that was told in a sentence."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that both ways to stop clean up alike
    try:
        return int(options.run(options))
    except VmError as error:
        print(f"error: {error.sentence}", error.hint, sep="\n" if error.hint else "", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m tests.vm", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    build = commands.add_parser("build", help="build and boot the disk, unless the cache has it")
    build.set_defaults(run=_build)
    up = commands.add_parser("up", help="start a machine that outlives this command")
    up.add_argument("name")
    up.add_argument("--inventory", type=Path, help="write the Ansible inventory here as well")
    up.add_argument("--user", default="root", help="the inventory's user: root, ops (sudo) or probe (no rights)")
    up.add_argument("--cold", action="store_true", help="boot through GRUB instead of loading the snapshot")
    up.set_defaults(run=_up)
    down = commands.add_parser("down", help="end a machine and remove its files; fine if there is none")
    down.add_argument("name")
    down.set_defaults(run=_down)
    commands.add_parser("list", help="the machines that run").set_defaults(run=_list)
    ssh = commands.add_parser("ssh", help="a shell, or a command after --, in a machine")
    ssh.add_argument("name")
    ssh.add_argument("--user", default="root")
    ssh.add_argument("command", nargs=argparse.REMAINDER)
    ssh.set_defaults(run=_ssh)
    return parser


def _build(options: argparse.Namespace) -> int:
    started = time.monotonic()
    print(f"{prepare()} ({time.monotonic() - started:.0f} s)")
    return 0


def _up(options: argparse.Namespace) -> int:
    machine = Machine(options.name, None if options.cold else BOOTED, detached=True).start()
    inventory = machine.inventory(options.user)
    if options.inventory:
        inventory = machine.inventory(options.user, options.inventory)
    print(f"{machine.name} is up; inventory: {inventory}")
    return 0


def _down(options: argparse.Namespace) -> int:
    for machine in Machine.known(options.name):
        machine.stop()
    return 0


def _list(options: argparse.Namespace) -> int:
    for machine in Machine.known():
        state = "running" if machine.running() else f"ended, serial log: {machine.serial_log}"
        print(f"{machine.name}  {state}")
    return 0


def _ssh(options: argparse.Namespace) -> int:
    machine = Machine.attach(options.name)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    # One word is a shell line, as with ssh itself; several are an argument vector.
    line = command if len(command) == 1 else [shlex.join(command)] if command else []
    argv = ["ssh", *machine.ssh_arguments(options.user), *line]
    os.execvp(argv[0], argv)  # noqa: S606 -- replaces this process, so that a terminal and signals just work


if __name__ == "__main__":
    sys.exit(main())
