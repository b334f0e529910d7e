"""Why a host must not be changed, rebooted or crashed, and why its reboot did not do what it was for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .crash.proof import State, standing
from .trouble import Trouble

if TYPE_CHECKING:
    from .audit import Audit


def before_change(audit: Audit, alive: bool = False) -> Trouble | None:
    """Why this host must not be changed; null when it may be. `alive`: the run that is noted on it goes on."""
    facts = audit.facts
    if facts is None or facts.unsupported:
        return None
    if facts.run and alive:
        sentence = f"Another run is changing this host: {facts.run.goal} {facts.run.name}, begun {facts.run.started_at}"
        hint = "Wait for it. If you know that it is dead: -- -e kdump_take_over=true at the end of the command."
        return Trouble("running", sentence, hint)
    if not facts.privileged:
        return Trouble("no_root", "Changing a host needs root", "Run it with sudo, or let Ansible become root.")
    if audit.plan.refusal:
        code = 2 if facts.grub_fault else 1  # a file that nobody can read is bad input; a full disk is not
        return Trouble("refused", audit.plan.refusal, "Nothing was changed; mend that and run this again.", code)
    return None


def before_proof(audit: Audit, alive: bool, unknown_too: bool, place_named: bool) -> Trouble | None:
    """Why this host must not be crashed on purpose; null when it may be. `alive` as in before_change();
    `unknown_too`: it may be where nobody can see whether a dump would come out; `place_named`: it was said where the
    dump comes to lie."""
    found = before_change(audit, alive)
    if found or audit.facts is None:
        return found
    elsewhere = () if audit.facts.unsupported else audit.facts.config.targets
    if elsewhere and not place_named:  # also where an earlier crash is only looked at
        where, first = ", ".join(target.written for target in elsewhere), elsewhere[0]
        sentence = f"Its dumps go to {first.place} ({where}), and it was not said where to look for them"
        return Trouble("no_dump_server", sentence, f"{first.to_look[:1].upper()}{first.to_look[1:]}.")
    if standing(audit.facts).state is State.UNFINISHED:  # that is looked at, and nothing is crashed
        return None
    return before_crash(audit, unknown_too)


def before_crash(audit: Audit, unknown_too: bool, no_dump_too: bool = False) -> Trouble | None:
    """Why this host must not go down on purpose: it is no machine of its own, or it would leave no dump."""
    assert audit.facts is not None  # noqa: S101 - before_change() asked
    if audit.facts.unsupported:
        return Trouble("unsupported", audit.facts.unsupported, "Nothing was crashed.", 4)
    if audit.facts.test_container:
        return Trouble("unsupported", "The kernel of a container is that of its host, which would crash", "", 4)
    if audit.captures_now is False and not no_dump_too:
        return Trouble("not_ready", "A panic now would leave no dump, so it was not crashed", "Enable it first.", 1)
    if audit.captures_now is None and not unknown_too:
        sentence = "It cannot be seen whether a panic now would leave a dump, so it was not crashed"
        hint = "See `kdump-enabler check`; --unknown-too (kdump_prove_unknown) crashes it anyway."
        return Trouble("not_seen", sentence, hint)
    return None


def before_reboot(audit: Audit) -> Trouble | None:
    """Why this host must not be rebooted now: a reboot through kexec skips the boot loader, so that a new command
    line would not take effect; null when it may be."""
    found = next((finding for finding in audit.findings if finding.id == "KD024"), None)
    if found is None:
        return None
    sentence = f"A reboot of this host would skip the boot loader ({found.current}), so it was not rebooted"
    return Trouble("kexec_reboot", sentence, f"{found.remedy[:1].upper()}{found.remedy[1:]}; then run this again.", 3)


def after_reboot(before: Mapping[str, Any], audit: Audit) -> Trouble | None:
    """Why a reboot did not put the wanted command line into effect; null when it did."""
    assert audit.facts is not None  # noqa: S101 - an audit of a live host
    old = before["facts"]
    expected = old["crashkernel"]["next_boot"]
    got = audit.facts.running.text if audit.facts.running else ""
    if audit.facts.boot_id == old["boot_id"]:
        return Trouble("no_reboot", "The host was asked to reboot and did not", "Reboot it by hand and check again.", 3)
    if got != expected:
        return Trouble(
            "command_line",
            f"The host rebooted, but its command line has {got or 'no crashkernel='} where grub.cfg says"
            f" {expected or 'none'}",
            "It was started by another boot loader or entry than the grub.cfg that was written, or through kexec.",
            1,
        )
    return None
