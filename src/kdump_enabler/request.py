"""What a command is asked to do, as the command line states it; refused at once where it cannot be meant."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import UserError
from .finding import ENABLE, ENABLE_THERE
from .policy import PROFILE, Layer, effective, policy_file


@dataclass(frozen=True)
class Request:
    """What commands can be asked: the hosts, how much to say, for looking what to look at, for changes with which
    consent. `options` are the policy variables that options of the command line state."""

    form: str
    output: str | None
    inventory: str | None = None
    limit: str | None = None
    ask_become_pass: bool = False
    host_timeout: int | None = None
    verbose: bool = False
    ansible: Sequence[str] = ()
    baseline: str | None = None
    yes: bool = False
    reboot: str = "never"
    dry_run: bool = False
    diff: bool = False
    batch: str | None = None
    canary: int | None = None
    max_failures: int | None = None
    policy: str | None = None
    profile: str | None = None
    become: bool = False
    root: Sequence[str] = ()
    evidence: Sequence[str] = ()
    save_evidence: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse at once what would only be found after a long run, or silently ignored."""
        if "" in (self.inventory, self.limit):  # of a script whose variable is not set: all hosts, or this machine
            raise UserError(f"{'-i' if self.inventory == '' else '--limit'} is given, and empty", "Name the hosts.")
        if self.ansible and not self.inventory and not self.ansible[0].startswith("-"):
            raise UserError(f"{self.ansible[0]} is no option", f"For the hosts of an inventory: -i {self.ansible[0]}")
        most_trees = 0 if self.inventory else 1
        if self.save_evidence and (self.evidence or len(self.root) > most_trees):
            raise UserError("--save-evidence keeps what is seen of one machine or inventory", "Give nothing else.")
        self._refuse_to_save()
        if not self.inventory and (self.become or self.ask_become_pass):
            raise UserError("--become and --ask-become-pass are for the hosts of an inventory", "Use sudo here.")
        if self.batch and not re.fullmatch(r"[1-9]\d*|[1-9]\d?%|100%", self.batch):
            raise UserError(f"--batch {self.batch} is neither a number of hosts nor a percentage", "Examples: 5, 10%.")
        if self.limit and not self.inventory:
            raise UserError("--limit chooses hosts of an inventory", "Give the inventory with -i.")
        if self.output and not os.access(Path(self.output).resolve().parent, os.W_OK):
            raise UserError(f"Nothing can be written to {self.output}", "Give a file in a directory that exists.")

    def _refuse_to_save(self) -> None:
        """Refuse a place for evidence that cannot be written to."""
        place = Path(self.save_evidence or "")
        if not self.save_evidence or self.evidence:
            return
        if not self.inventory and place.is_dir():
            raise UserError(f"--save-evidence {place} is a directory", "Give a file; with -i it is a directory.")
        around = [place.absolute(), *place.absolute().parents]  # a directory is made, whatever of its path is missing
        there = next(one for one in around if one.exists()) if self.inventory else around[1]
        if not (there.is_dir() and os.access(there, os.W_OK)):
            hint = "With -i give a directory, for a file of each host." if self.inventory else "Give a file."
            raise UserError(f"Nothing can be kept in {place}", hint)

    @property
    def where(self) -> str:
        """The hosts, for a sentence."""
        return f"the hosts of {self.inventory}" if self.inventory else "this machine"

    @property
    def enable_command(self) -> str:
        """What to type to enable the hosts that are asked; a recording is of a machine elsewhere."""
        if not self.inventory and (self.root or self.evidence):
            return ENABLE_THERE
        if not self.inventory:
            return f"sudo {ENABLE}"
        given = {"-i": self.inventory, "--limit": self.limit, "--policy": self.policy, "--profile": self.profile}
        words = [word for option, value in given.items() if value for word in (option, value)]
        return shlex.join([*ENABLE.split(), *words, *(["-K"] if self.ask_become_pass else [])])

    def layers(self) -> list[Layer]:
        """The policy as --policy and options state it. Raises UserError for what cannot be meant."""
        file = [policy_file.load(self.policy)] if self.policy else []
        own = {**self.options, **({PROFILE: self.profile} if self.profile is not None else {})}
        found = [*file, *([Layer("command line", own)] if own else [])]
        effective(found)
        return found

    def ansible_words(self) -> list[str]:
        """The request as options of ansible-playbook."""
        return [
            *(["--ask-become-pass"] if self.ask_become_pass else []),
            *(["--check"] if self.dry_run else []),
            *(["--diff"] if self.diff else []),
            *self.ansible,
        ]
