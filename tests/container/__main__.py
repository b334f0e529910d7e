"""The harness as a command, for people and benchmarks: every call is a process of its own."""

import argparse
import os
import shlex
import signal
import sys
from pathlib import Path

from ..vm.errors import VmError
from . import root
from .container import Container


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
    parser = argparse.ArgumentParser(prog="python3 -m tests.container", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    build = commands.add_parser("build", help="build the root of a suite, unless the cache has it")
    build.add_argument("suite", choices=(*root.SUITES, *root.FAMILIES))
    build.set_defaults(run=_build)
    up = commands.add_parser("up", help="start a container that outlives this command")
    up.add_argument("name")
    up.add_argument("--suite", choices=(*root.SUITES, *root.FAMILIES), default=root.SUITES[0])
    up.add_argument("--inventory", type=Path, help="write the Ansible inventory here instead")
    up.add_argument("--user", default="root", help="the inventory's user: root, ops (sudo) or probe (no rights)")
    up.set_defaults(run=_up)
    down = commands.add_parser("down", help="end a container and remove its files; fine if there is none")
    down.add_argument("name", help="'*' for all")
    down.set_defaults(run=_down)
    commands.add_parser("list", help="the containers that run").set_defaults(run=_list)
    kernel = commands.add_parser("kernel", help="let a container's kernel say something else")
    kernel.add_argument("name")
    kernel.add_argument("values", nargs="+", metavar="FILE=VALUE", help="such as kexec_crash_loaded=1 or panic=10")
    kernel.set_defaults(run=_kernel)
    ssh = commands.add_parser("ssh", help="a shell, or a command after --, in a container")
    ssh.add_argument("name")
    ssh.add_argument("--user", default="root")
    ssh.add_argument("command", nargs=argparse.REMAINDER)
    ssh.set_defaults(run=_ssh)
    return parser


def _build(options: argparse.Namespace) -> int:
    print(root.build(options.suite))
    return 0


def _up(options: argparse.Namespace) -> int:
    container = Container(options.name, options.suite, detached=True).start()
    print(f"{container.name} is up; inventory: {container.inventory(options.inventory, options.user)}")
    return 0


def _down(options: argparse.Namespace) -> int:
    for container in Container.known(options.name):
        container.stop()
    return 0


def _list(_: argparse.Namespace) -> int:
    for container in Container.known():
        state = "running" if container.running() else f"ended, log: {container.log}"
        print(f"{container.name}  {container.suite}  {state}")
    return 0


def _kernel(options: argparse.Namespace) -> int:
    values = dict(word.partition("=")[::2] for word in options.values)
    Container.attach(options.name).kernel.set(**values)
    return 0


def _ssh(options: argparse.Namespace) -> int:
    container = Container.attach(options.name)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    # One word is a shell line, as with ssh itself; several are an argument vector.
    line = command if len(command) == 1 else [shlex.join(command)] if command else []
    argv = ["ssh", *container.login.arguments(options.user), *line]
    os.execvp(argv[0], argv)  # noqa: S606 -- replaces this process, so that a terminal and signals just work


if __name__ == "__main__":
    sys.exit(main())
