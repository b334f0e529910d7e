"""Image-based systems whose boot entries ostree writes and GRUB reads (rpm-ostree; Fedora's images).

The entries are changed in place, as `ostree admin kargs edit-in-place` does
(ostree_sysroot_deployment_set_kargs_in_place of libostree), because that can be undone byte for byte; `rpm-ostree
kargs` would make a new deployment for each change. Each later deployment takes its kernel arguments from the entry of
the one before (rpmostree-sysroot-upgrader.cxx), as it is on the disk then, since the daemon reads all entries for each
transaction (transaction_initable_init). A deployment that is staged has arguments of its own until the reboot writes
its entry.
"""

from __future__ import annotations

from ..changing.changes import FileChange
from ..changing.wanted import Reserve
from ..facts import crashkernel, ostree
from ..facts.bls import DIRECTORY
from ..facts.machine import Facts
from ..finding import ENABLE, REBOOT, Source
from ..policy import Policy
from . import bls
from .interface import Obstacle, Tool

GENERATOR: tuple[str, ...] = ()
BY_HAND: str = "rpm-ostree kargs"


def changes(facts: Facts, reservation: str, policy: Policy) -> tuple[FileChange, ...]:
    """The entries of all deployments that do not ask for enough."""
    return tuple(change for change in bls.changes(facts, reservation, policy) if change.path.startswith(DIRECTORY))


def tool(_: Facts, __: str | None) -> Tool | None:
    """GRUB and ostree read the files themselves."""
    return None


def lasts(_: Facts, __: Reserve, ___: Policy) -> bool:
    """A new deployment takes over the arguments of the one before."""
    return True


def spoiler(facts: Facts, want: Reserve, policy: Policy) -> Obstacle | None:
    """A deployment that waits for its reboot, a /boot that only ostree may write, or what holds for any entry."""
    if facts.evidence.file(ostree.STAGED).error is None:
        return Obstacle(Source(ostree.STAGED, 0, "a new deployment waits for a reboot"), f"{REBOOT}, then: {ENABLE}")
    held = bls.spoiler(facts, want, policy)
    return Obstacle(held.where, _by_rpm_ostree(facts, want.text)) if held else None


def stays(facts: Facts) -> str:
    """Why the next boot would reserve memory all the same."""
    held = bls.stays(facts)
    return f"{held.partition(';')[0]}; {_by_rpm_ostree(facts, '')}" if held else ""


def _by_rpm_ostree(facts: Facts, reservation: str) -> str:
    """The command with which a person lets ostree do it, in a new deployment."""
    words = crashkernel.words(facts.next_entry.command_line) if facts.next_entry else []
    gone = [f"--delete=crashkernel={word}" for word in words]
    come = [f"--append=crashkernel={word}" for word in reservation.split(" crashkernel=") if word]
    return f"rpm-ostree kargs {' '.join([*gone, *come])}, then reboot"
