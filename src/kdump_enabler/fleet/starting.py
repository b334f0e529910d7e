"""How Ansible's programs are started: with the collection of this package, and what asks a fleet ahead of its time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import UserError

ANSIBLE_DEFAULT = "~/.ansible/collections:/usr/share/ansible/collections"
LOOKING = ("check", "enable")  # the commands that begin with a look at all hosts of an inventory
INVENTORY = ("-i", "--inventory")
# `python -m` would look for modules in the working directory first, which may be anybody's.
ASKS = "import sys; sys.path = list(filter(None, sys.path)); from kdump_enabler.fleet.asking import main; main()"
_begun: list[tuple[subprocess.Popen[str], int]] = []


def begin(words: Sequence[str]) -> None:
    """Start what asks the hosts of a fleet before the command line is understood, if that seems to be what it is for:
    Ansible takes longer to start than all the rest. It waits for asking(), and ends without a word when we do."""
    if words[:1] and words[0] in LOOKING and any(word.startswith(INVENTORY) for word in words):
        with suppress(UserError):  # said where it is needed
            _begun.append(_asker())


def asking(command: Sequence[str]) -> subprocess.Popen[str]:
    """What does the work of this ansible-playbook command, see asking.py."""
    process, words = _begun.pop() if _begun else _asker()
    with suppress(BrokenPipeError), os.fdopen(words, "w", encoding="utf-8") as pipe:  # what it said last is read later
        json.dump(command, pipe)
    return process


def started(command: Sequence[str], also: Sequence[int] = ()) -> subprocess.Popen[str]:
    """A program of Ansible's that runs, with a pipe for all that it prints; `also` are descriptors that it gets."""
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(), pass_fds=also
    )


def _asker() -> tuple[subprocess.Popen[str], int]:
    """asking.py in a process of its own, and where it waits for its command."""
    theirs, ours = os.pipe()
    try:
        return started([sys.executable, "-c", ASKS, str(theirs)], [theirs]), ours
    finally:
        os.close(theirs)


def is_part_of_this_python() -> bool:
    """Whether Ansible can be imported here, and not only be run."""
    return Path(executable()).parent == Path(sys.executable).parent


def executable(name: str = "ansible-playbook") -> str:
    """The path of one of Ansible's programs. Raises UserError when there is none."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        raise UserError(f"{name} could not be started: it is not installed", "pip install ansible-core")
    return found


def environment() -> dict[str, str]:
    """What Ansible's programs are told by variables. Raises UserError when there is no collection for them."""
    elsewhere = os.environ.get("ANSIBLE_COLLECTIONS_PATH", ANSIBLE_DEFAULT)
    return os.environ | {
        "ANSIBLE_COLLECTIONS_PATH": f"{_own_collections()}:{elsewhere}",
        "ANSIBLE_STDOUT_CALLBACK": "kdump.enabler.events",
        "ANSIBLE_NOCOLOR": "1",
        # Hosts that are left out without a word would count as looked at.
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
        "ANSIBLE_PIPELINING": os.environ.get("ANSIBLE_PIPELINING", "1"),
        "PYTHONWARNINGS": "ignore",
    }


def _own_collections() -> Path:
    """The folder of the collection that belongs to this package, installed beside it or in the clone: another
    version in the user's home must not carry out what this one decides."""
    package = Path(__file__).resolve().parents[1]
    places = (package.parent, package.parents[1] / "ansible" / "collections")
    found = next((place for place in places if (place / "ansible_collections/kdump/enabler").is_dir()), None)
    if found is None:
        raise UserError("The Ansible collection of this package is missing", "Install kdump-enabler again with pip.")
    return found
