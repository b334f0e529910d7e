"""What a machine should have: the values that rules compare with and that the plan writes.

Everything here keeps to one promise: an administrator's stronger setting stays as it was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..facts import crashkernel, ostree, sysconfig
from ..facts.crashkernel import MIB
from ..facts.grub_defaults import COMMAND_LINE, PACKAGE_DROPIN
from ..facts.kernel import telling
from ..facts.machine import Facts
from ..facts.settings import SYSRQ
from ..facts.shell_value import STRIP, UNKNOWN
from ..facts.sysctl import Setting, integer
from ..policy import Policy, sysctls
from ..policy.sysctls import Sysctl, Value

GIB = 1024 * MIB
X86 = "x86_64"
ENTRY_ROOM = MIB  # new files and second copies of the old ones, each in clusters of up to 32 KiB
BOOT_ROOM = 4 * MIB  # a grub.cfg and the packages' own copies of it are far smaller
SYSRQ_CRASH = 8  # "debugging dumps of processes etc.", which holds the crash key (admin-guide/sysrq.rst)
GRUB_DROPIN = "/etc/default/grub.d/zz-kdump-enabler.cfg"
# Sorts after override.conf, which `systemctl edit` writes.
UMASK_DROPIN = "/etc/systemd/system/kdump-tools-dump.service.d/zz-kdump-enabler.conf"
HEADER = "# Written by kdump-enabler; `kdump-enabler rollback` takes it away.\n"


@dataclass(frozen=True)
class Reserve:
    """What to reserve: `text` is what comes after `crashkernel=`, `size_bytes` what this machine's RAM makes of
    it; `problem` says why nothing can be recommended, empty when something is; `low_bytes` may come on top."""

    text: str
    size_bytes: int
    reason: str
    problem: str = ""
    low_bytes: int = 0


def reserve(facts: Facts, policy: Policy) -> Reserve | None:
    """The reservation the policy asks for on this machine; null when its RAM or platform is not known."""
    if facts.memory_bytes is None or facts.platform is None:
        return None
    if policy.crashkernel != "auto":
        return _explicit(policy.crashkernel, facts.memory_bytes, facts.next_kernel)
    return _automatic(facts, facts.memory_bytes, facts.platform.crashkernel_floor)


def is_enough(size_bytes: int | None, want: Reserve, policy: Policy) -> bool:
    """Whether a reservation satisfies the policy: more than wanted stays, unless lowering is allowed."""
    if not size_bytes or size_bytes < want.size_bytes:
        return False
    explicit_lower = policy.crashkernel != "auto" and policy.crashkernel_allow_lower
    return size_bytes in (want.size_bytes, want.size_bytes + want.low_bytes) or not explicit_lower


def asks_enough(command_line: str, facts: Facts, want: Reserve, policy: Policy, kernel: str = "") -> bool:
    """Whether the reservation that a boot command line makes on this machine satisfies the policy; by a kernel of the
    same make as the one that boots next, if none is named."""
    asked = crashkernel.evaluate(command_line, facts.memory_bytes or 0, telling(kernel, facts.next_kernel))
    return is_enough(asked.size_bytes, want, policy)


def goal(setting: Setting, policy: Policy) -> Value:
    """The value a wanted setting should have: the policy's own, or for one that has no stronger and weaker what
    another file or a boot parameter says already."""
    wanted, row, others = policy.sysctl_wanted()[setting.key], sysctls.table()[setting.key], _value(setting)
    is_choice = row.how == "exactly" and setting.key not in policy.sysctls and others is not None
    if not is_choice or others is None:
        return wanted
    shown = others if isinstance(wanted, str) else integer(others)
    return wanted if shown is None or row.wrong(shown) else row.written(shown)


def satisfied(setting: Setting, value: str | None, policy: Policy) -> bool:
    """Whether a value is at least what the policy wants of a setting (data/sysctls.yml, `how`), or exactly the
    policy's own value where it names one."""
    row, explicit = sysctls.table()[setting.key], policy.sysctls.get(setting.key)
    return row.enough(value, goal(setting, policy)) if explicit is None else row.same(value, explicit)


def waits(facts: Facts, key: str, policy: Policy) -> bool:
    """Whether a setting must not go live yet: it makes an event panic, and a panic would leave no dump."""
    return sysctls.table()[key].panics and policy.sysctl_wanted()[key] != 0 and not facts.capture_loaded


def held_back(facts: Facts, policy: Policy) -> list[str]:
    """The keys that would panic on the NMIs of this machine that nobody explains, unless the policy names them."""
    demanded = [sysctls.table()[key] for key in policy.sysctl_wanted() if key not in policy.sysctls]
    return [row.key for row in demanded if row.nmi] if facts.unexplained_nmi else []


def panic_settings(facts: Facts, policy: Policy) -> dict[str, Value]:
    """The keys of the panic policy that this kernel has and that are safe here, with their wanted values."""
    unsafe = held_back(facts, policy)
    return {
        key: goal(facts.settings[key], policy)
        for key in policy.sysctl_wanted()
        if key not in unsafe and _may_be_here(facts, sysctls.table()[key])
    }


def _may_be_here(facts: Facts, row: Sysctl) -> bool:
    """Whether the kernel has a setting, as far as anybody could see."""
    exists = facts.settings[row.key].exists
    return exists if exists is not None else not row.x86 or facts.arch in (None, X86)


def panic_dropin(facts: Facts, policy: Policy) -> dict[str, Value]:
    """The keys our sysctl.d file must hold: those that no other file or boot parameter already satisfies, without
    those that are set late."""
    late = late_dropin(facts, policy)
    return {key: value for key, value in _lacking(facts, policy).items() if key not in late}


def late_dropin(facts: Facts, policy: Policy) -> dict[str, Value]:
    """The keys that our unit must set after a capture kernel is loaded: what makes an event panic, if that is asked
    for. What other files set at once stays theirs."""
    lacking = _lacking(facts, policy) if policy.late_arming else {}
    return {key: value for key, value in lacking.items() if sysctls.table()[key].panics and value}


def _lacking(facts: Facts, policy: Policy) -> dict[str, Value]:
    return {
        key: value
        for key, value in panic_settings(facts, policy).items()
        if not satisfied(facts.settings[key], _value(facts.settings[key]), policy)
    }


def sysrq(facts: Facts, policy: Policy) -> int | None:
    """The value kernel.sysrq must have, null when it stays as it is: 0 (off by choice) and 1 (everything) stay,
    anything else gains the crash key. What is off stays so, too, where only a profile names a number."""
    setting = facts.settings[SYSRQ]
    if policy.sysrq == "keep" or setting.exists is False:
        return None
    base = integer(_value(setting))
    if base is None:
        base = integer(setting.running)
    if isinstance(policy.sysrq, int):
        return None if base == 0 and not policy.sysrq_stated else policy.sysrq
    if base is None or base in (0, 1):
        return None
    return base | SYSRQ_CRASH


def sysrq_now(facts: Facts, policy: Policy) -> int | None:
    """The value kernel.sysrq must have in the running kernel, null when it stays: what works now goes on working,
    and off stays off, unless the policy names a value."""
    wanted, running = sysrq(facts, policy), integer(facts.settings[SYSRQ].running)
    if wanted is None or running is None or (isinstance(policy.sysrq, int) and policy.sysrq_stated):
        return wanted
    if running in (0, 1):
        return None
    return policy.sysrq if isinstance(policy.sysrq, int) else running | SYSRQ_CRASH


def sysrq_dropin(facts: Facts, policy: Policy) -> dict[str, Value]:
    """The line our SysRq drop-in must hold; empty when another file already gives the value."""
    value = sysrq(facts, policy)
    return {} if value is None or integer(_value(facts.settings[SYSRQ])) == value else {SYSRQ: value}


def sysctl_text(values: Mapping[str, Value]) -> str:
    """A sysctl.d file."""
    return HEADER + "".join(f"{key} = {value}\n" for key, value in sorted(values.items()))


def grub_text(reservation: str) -> str:
    """A GRUB drop-in that takes out every crashkernel= that earlier files put on the command line, and adds one
    (none for an empty reservation). Several would do harm: the kernel obeys the last (kernel/crash_reserve.c)."""
    lines = [f'{name}="$(printf \'%s\' "${name}" | {STRIP})' for name in COMMAND_LINE]
    added = f" crashkernel={reservation}" if reservation else ""
    return f'{HEADER}{lines[0]}"\n{lines[1]}{added}"\n'


def umask_text() -> str:
    """A drop-in for the unit that writes the dump: a vmcore holds every secret that was in memory."""
    return f"{HEADER}[Service]\nUMask=0077\n"


def _explicit(text: str, ram: int, kernel: str) -> Reserve:
    found = crashkernel.evaluate(f"crashkernel={text}", ram, kernel)
    problem = "" if found.size_bytes else f"crashkernel={text} reserves nothing here: {found.problem}"
    return Reserve(text, found.size_bytes, "the policy's own", problem, found.low_bytes)


def candidates(facts: Facts, policy: Policy) -> list[Reserve]:
    """What can be chosen from on this machine: what `auto` compares, the policy's own value, and what a crash on
    purpose used, to compare with: no measurement makes `auto` ask for less."""
    if facts.memory_bytes is None or facts.platform is None:
        return []
    own = [] if policy.crashkernel == "auto" else [_explicit(policy.crashkernel, facts.memory_bytes, facts.next_kernel)]
    return _compared(facts, facts.memory_bytes, facts.platform.crashkernel_floor) + own + _used(facts)


def _compared(facts: Facts, memory: int, floor: str) -> list[Reserve]:
    """The distribution's value, what administrators wrote, and from 2 GiB of RAM on our floor; none below 1 GiB."""
    ram = crashkernel.rounded(memory)
    reasons = {_package_default(facts): "what our own units need" if facts.own_units else "the distribution's own"}
    reasons |= {text: "written in the GRUB defaults" for text in _authored(facts) if text not in reasons}
    reasons |= {text: "written in the boot entry" for text in _of_entry(facts) if text not in reasons}
    reasons |= {text: f"written in {sysconfig.PATH}" for text in _of_config(facts) if text not in reasons}
    if ram >= 2 * GIB:
        reasons.setdefault(floor, "enough by experience for this RAM")
    if ostree.is_booted(facts.evidence):
        reasons.setdefault(ostree.RESERVATION, "recommended for image-based systems")
    reasons |= {text: reason for text, reason in _measured(facts) if text not in reasons}
    sizes = {text: crashkernel.evaluate(f"crashkernel={text}", memory).size_bytes for text in reasons if text}
    return [Reserve(text, sizes[text], reasons[text]) for text in sizes] if ram >= GIB else []


def _measured(facts: Facts) -> Iterator[tuple[str, str]]:
    """Twice what the capture kernel could not do with in the last crash on purpose."""
    note = facts.proof
    if note and note.outcome and note.outcome["kind"] == "out_of_memory" and note.reserved_bytes:
        yield f"{2 * note.reserved_bytes // MIB}M", f"twice what was too little in the crash of {note.begun_at}"


def _used(facts: Facts) -> list[Reserve]:
    """What the capture kernel used in the last crash on purpose, and half as much again."""
    note = facts.proof
    if note is None or note.memory_use is None:
        return []
    size = -(-note.memory_use.used_bytes * 3 // 2 // MIB) * MIB
    used = f"{note.memory_use.used_bytes // MIB} MiB used by the capture kernel in the crash of {note.begun_at}, + 50 %"
    return [Reserve(f"{size // MIB}M", size, used)]


def _automatic(facts: Facts, memory: int, floor: str) -> Reserve:
    """The largest candidate on this RAM."""
    ram = crashkernel.rounded(memory)
    if ram < GIB:
        return Reserve("", 0, "", "this machine has less than 1 GiB of RAM, and a capture kernel takes much of that")
    best = max(_compared(facts, memory, floor), key=lambda one: one.size_bytes, default=None)
    if best is None or not best.size_bytes:
        return Reserve("", 0, "", f"no recommendation matches {ram // MIB} MiB of RAM on {facts.arch}")
    return best


def _package_default(facts: Facts) -> str:
    assert facts.platform is not None  # noqa: S101 - reserve() asked
    found = [word.value for word in facts.grub_defaults.written if word.path == PACKAGE_DROPIN]
    if found and not facts.platform.own_units:
        return found[-1]
    return facts.platform.crashkernel.get(facts.arch or "", "")


def _authored(facts: Facts) -> list[str]:
    """What administrators wrote into the GRUB defaults: a larger value stays theirs, even where the package's
    drop-in, which comes later, overrules it. A pair of `,high` and `,low` is one value of two words."""
    others = (word for word in facts.grub_defaults.written if word.path not in (GRUB_DROPIN, PACKAGE_DROPIN))
    return _deciding([word.value for word in others if UNKNOWN not in word.value])


def _of_entry(facts: Facts) -> list[str]:
    """What an entry asks for that somebody wrote into its own file."""
    entry = facts.next_entry
    return _deciding(crashkernel.words(entry.command_line)) if entry and entry.by_bls else []


def _of_config(facts: Facts) -> list[str]:
    """What SUSE's kdump is told to ask the boot loader for."""
    value = facts.config.values.get(sysconfig.CRASHKERNEL)
    return _deciding(crashkernel.words(value.value)) if value else []


def _deciding(values: list[str]) -> list[str]:
    """The words that count, of which a pair is one value."""
    plain = [value for value in values if not value.endswith((",high", ",low"))]
    pair = [found[-1] for suffix in (",high", ",low") if (found := [v for v in values if v.endswith(suffix)])]
    return plain or ([" crashkernel=".join(pair)] if pair else [])


def _value(setting: Setting) -> str | None:
    return setting.next_boot_of_others.value if setting.next_boot_of_others else None
