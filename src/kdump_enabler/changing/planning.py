"""Makes the plan: from what a machine is and what the policy wants to the changes between, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from .. import back_ends
from ..back_ends import by_hand
from ..facts.boot_loader import ENTRY_FILES
from ..facts.late_arming import VALUES as LATE_VALUES
from ..facts.machine import Facts
from ..facts.settings import PANIC_DROPIN, SYSRQ, SYSRQ_DROPIN
from ..facts.sysctl import integer
from ..policy import Policy, sysctls
from ..policy.policy_file import HOST_FILE
from ..policy.policy_file import text as policy_text
from ..policy.sysctls import Value
from ..rules import capture_words, lockdown
from ..rules.capture import is_off, missing_packages
from ..rules.dumps import new_dumps_are_open
from . import capture_line, late_arming, own_units
from .changes import FileChange, edited, own_file
from .cleanup import Cleanup, cleanup
from .keeping import keeping
from .obstacle import obstacle, stays_reserved, unchangeable_entries
from .pinning import pinned
from .plan import Plan
from .wanted import (
    BOOT_ROOM,
    ENTRY_ROOM,
    GRUB_DROPIN,
    UMASK_DROPIN,
    grub_text,
    is_enough,
    late_dropin,
    panic_dropin,
    panic_settings,
    reserve,
    satisfied,
    sysctl_text,
    sysrq_dropin,
    sysrq_now,
    umask_text,
    waits,
)

UNITS = "/etc/systemd/"
SWITCH = re.compile(r"(USE_KDUMP=)[\"']?\w*[\"']?")
# A masked unit is an administrator's decision.
SETTLED_UNIT_STATES = ("enabled", "masked", "masked-runtime")


def make(facts: Facts, policy: Policy) -> Plan:
    """The plan for one machine. Files of packages that are not there yet are planned after their installation."""
    if facts.unsupported or facts.platform is None:
        return Plan()
    impossible = _impossible(facts, policy)
    if impossible:
        return Plan(refusal=impossible)
    if by_hand.first(facts, policy):
        return Plan(finish=_unfinished(facts))
    missing = missing_packages(facts) if facts.packages is not None and not facts.changed_by else ()
    clean = cleanup(facts, policy)
    grub, tool = _crashkernel(facts, policy, clean), back_ends.of(facts).tool(facts, _text(facts, policy))
    units = own_units.planned(facts)
    config = units + (_kdump_config(facts, policy) if not missing else ())
    unit = facts.unit(facts.platform.unit)
    on_disk = unit is not None and unit.load_state == "loaded" and not facts.own_units
    restarts = own_units.restarts(facts, units, _can_load(facts)) or (on_disk and _can_load(facts))
    panics = _panics(facts, panic_dropin(facts, policy), late_dropin(facts, policy))
    plan = Plan(
        finish=_unfinished(facts),
        package_manager=facts.platform.package_manager,
        packages=missing,
        packages_note=facts.platform.packages_note,
        debconf=_debconf(facts),
        leftovers=_leftovers(facts, clean),
        crashkernel=grub or (),
        regenerate_grub=grub is not None and bool(back_ends.of(facts).GENERATOR),
        grub_config=_grub_config(facts),
        make_boot_files=grub is not None and tool is not None,
        boot_files=tool.as_dict() if tool else None,
        kdump_config=_policy_file(facts, policy) + config,
        reload_units=_has_units(config + panics),
        panic_policy=panics,
        sysrq=_sysrq(clean.after, policy),
        sysctls=_live(clean.after, policy) or None,
        enable_unit=facts.platform.unit if on_disk and unit and unit.unit_file_state not in SETTLED_UNIT_STATES else "",
        restart_unit=facts.platform.unit if restarts else "",
        stop_unit=own_units.stopped(units),
    )
    return _unless_refused(facts, plan)


def _impossible(facts: Facts, policy: Policy) -> str:
    """What the policy asks for by name and this machine cannot have; it is not begun, nor kept on the machine. Nor is
    what could only be set up half, because nobody can say what boots next."""
    if facts.boot_loader in ENTRY_FILES and facts.privileged and (why := unchangeable_entries(facts, policy)):
        return why
    want = reserve(facts, policy) if policy.crashkernel != "auto" else None
    size = f"kdump_crashkernel: {want.problem}" if want and want.problem else ""
    if problem := size or own_units.impossible(facts, policy):
        return problem
    stated = {key: value for key, value in policy.sysctls.items() if value is not None}
    wrong = {key: sysctls.table()[key].wrong(value, facts.kernel) for key, value in stated.items()}
    key = next((key for key, problem in wrong.items() if problem), "")
    return f"kdump_sysctls.{key}: {wrong[key]}, which is what Linux {facts.kernel} takes" if key else ""


def take_away(facts: Facts, purge: bool = False) -> Plan:
    """The plan of `disable`: no reservation at the next boot whoever asked for it, our other drop-ins gone, and with
    `purge` the packages too that we installed."""
    if facts.unsupported or facts.platform is None:
        return Plan()
    wrong = facts.next_boot is None or bool(facts.next_boot.text)
    refusal = stays_reserved(facts) if wrong else ""
    if refusal:
        return Plan(refusal=refusal)
    back_end, panics = back_ends.of(facts), _panics(facts, {}, {})
    tool = back_end.tool(facts, "")
    follows = bool(back_end.GENERATOR) or tool is not None
    dump_unit = own_file(facts.evidence, UMASK_DROPIN, None) + own_units.removal(facts.evidence)
    unit = facts.unit(facts.platform.unit)
    plan = Plan(
        finish=_unfinished(facts),
        crashkernel=back_end.changes(facts, "", Policy()) if wrong or not follows else (),
        regenerate_grub=wrong and bool(back_end.GENERATOR),
        grub_config=_grub_config(facts),
        make_boot_files=wrong and tool is not None,
        boot_files=tool.as_dict() if tool else None,
        kdump_config=dump_unit,
        reload_units=_has_units(dump_unit + panics),
        panic_policy=panics,
        sysrq=own_file(facts.evidence, SYSRQ_DROPIN, None),
        sysctls=_given_back(facts) or None,
        disable_unit=facts.platform.unit if unit is not None and unit.unit_file_state == "enabled" else "",
        stop_unit=own_units.stopped(dump_unit),
        package_manager=facts.platform.package_manager,
        remove_packages=_installed_by_us(facts) if purge else (),
    )
    return _unless_refused(facts, plan)


def go_back(facts: Facts) -> Plan:
    """The plan of `rollback` as far as the facts know it; the files are those of the backup set."""
    tool = back_ends.of(facts).tool(facts, None)
    return Plan(finish=_unfinished(facts), grub_config=_grub_config(facts), boot_files=tool.as_dict() if tool else None)


def _grub_config(facts: Facts) -> Mapping[str, Any] | None:
    """How grub.cfg is made from what the boot loader's files say; null where GRUB reads them itself."""
    command = back_ends.of(facts).GENERATOR
    return {"path": facts.menu.config, "command": list(command)} if command else None


def _installed_by_us(facts: Facts) -> tuple[str, ...]:
    """The platform's packages that are there because of a run of ours, as the backup sets tell."""
    noted = {name for found in facts.backups or () for name in found.packages}
    wanted = facts.platform.packages if facts.platform else ()
    return tuple(name for name in wanted if name in noted and name in (facts.packages or {}))


def _unfinished(facts: Facts) -> str:
    """The run that was noted on the machine and did not end."""
    return (facts.run.name or "unreadable") if facts.run else ""


def _leftovers(facts: Facts, clean: Cleanup) -> tuple[FileChange, ...]:
    """What an earlier version left in files goes out of them, and every other byte stays."""
    return tuple(edited(facts.evidence.file(path), text) for path, text in clean.texts.items())


def _crashkernel(facts: Facts, policy: Policy, clean: Cleanup) -> tuple[FileChange, ...] | None:
    """The boot loader's files when the next boot, or that of a kernel to come, would reserve too little; null when they
    are left alone. An empty tuple means that they are right and grub.cfg is not made from them yet."""
    if clean.words:
        return own_file(facts.evidence, GRUB_DROPIN, grub_text(clean.drop_in)) if clean.drop_in else ()
    want, back_end = reserve(facts, policy), back_ends.of(facts)
    if want is None or want.problem or facts.next_boot is None:
        return None
    enough = is_enough(facts.next_boot.size_bytes, want, policy)
    if obstacle(facts, policy) or (enough and back_end.lasts(facts, want, policy)):
        return None
    return back_end.changes(facts, want.text, policy)


def _text(facts: Facts, policy: Policy) -> str | None:
    want = reserve(facts, policy)
    return want.text if want and not want.problem else None


def _kdump_config(facts: Facts, policy: Policy) -> tuple[FileChange, ...]:
    assert facts.platform is not None  # noqa: S101 - make() asked
    changes = own_file(facts.evidence, UMASK_DROPIN, umask_text()) if new_dumps_are_open(facts) else ()
    file, switch = facts.evidence.file(facts.config.capture_line.file), facts.config.switch
    lines = capture_line.with_panic(facts) | capture_line.without_greedy(facts)
    if switch is not None and is_off(switch.value):
        line = (file.text or "").splitlines()[switch.line - 1]
        lines[str(switch.line)] = SWITCH.sub(r"\g<1>1", line, count=1)
    of_lines = FileChange(file.path, file.sha256 or "", lines=lines) if lines else None
    made = (pinned(facts, policy, lines) or of_lines, keeping(facts, policy))
    return changes + tuple(change for change in made if change)


def _policy_file(facts: Facts, policy: Policy) -> tuple[FileChange, ...]:
    """What was chosen is remembered on the machine; its file is left alone while it says the same in other words."""
    same = facts.remembered is None or policy.stated == facts.remembered
    return () if same else own_file(facts.evidence, HOST_FILE, policy_text(policy.stated))


def _panics(facts: Facts, early: Mapping[str, Value], late: Mapping[str, Value]) -> tuple[FileChange, ...]:
    """What sets the panic policy at boot: a file of sysctl.d, and a unit for what waits for the capture kernel."""
    return own_file(facts.evidence, PANIC_DROPIN, _sysctl_file(early)) + late_arming.files(facts, late)


def _has_units(changes: tuple[FileChange, ...]) -> bool:
    return any(change.path.startswith(UNITS) for change in changes)


def _sysrq(facts: Facts, policy: Policy) -> tuple[FileChange, ...]:
    """Our SysRq drop-in; left alone as well, not taken away, where SysRq is to be left alone."""
    if policy.sysrq == "keep":
        return ()
    return own_file(facts.evidence, SYSRQ_DROPIN, _sysctl_file(sysrq_dropin(facts, policy)))


def _sysctl_file(values: Mapping[str, Value]) -> str | None:
    return sysctl_text(values) if values else None


def _live(facts: Facts, policy: Policy) -> dict[str, Value]:
    """Values for the running kernel; what makes an event panic only with a capture kernel loaded."""
    wanted = panic_settings(facts, policy)
    live = _given_back(facts, wanted) | {
        key: value
        for key, value in wanted.items()
        if not satisfied(facts.settings[key], facts.settings[key].running, policy) and not waits(facts, key, policy)
    }
    crash_key = sysrq_now(facts, policy)
    if crash_key is not None and integer(facts.settings[SYSRQ].running) != crash_key:
        live[SYSRQ] = crash_key
    return live


def _given_back(facts: Facts, wanted: Collection[str] = ()) -> dict[str, Value]:
    """What our own file set, and is not wanted any more, becomes what other files say, else what the kernel has by
    itself, where the running value still is ours. So nothing makes events panic when a panic would leave nothing."""
    found: dict[str, Value] = {}
    for key, setting in facts.settings.items():
        row, ours, others = sysctls.table()[key], setting.next_boot, setting.next_boot_of_others
        if key in wanted or ours is None or ours.source not in (PANIC_DROPIN, LATE_VALUES):
            continue
        target, running = integer(others.value) if others else row.default, integer(setting.running)
        if target not in (None, running) and running == integer(ours.value):
            found[key] = target
    return found


def _debconf(facts: Facts) -> tuple[Mapping[str, str], ...]:
    answers = facts.platform.debconf if facts.platform else ()
    installed = facts.packages or {}
    return (
        tuple(asdict(answer) for answer in answers if answer.package not in installed)
        if facts.packages is not None
        else ()
    )


def _can_load(facts: Facts) -> bool:
    """Memory is there, nothing is loaded and nothing forbids loading: starting the unit again may help."""
    gone = facts.removed_image or capture_words.is_gone(facts)
    hopeless = facts.load_disabled or gone or lockdown.refused(facts) or facts.config.faults
    return bool(facts.reserved_bytes) and facts.capture_loaded is False and not hopeless


def _unless_refused(facts: Facts, plan: Plan) -> Plan:
    """The plan, or an empty one with the reason why it must not be begun."""
    reason = _refusal(facts, plan)
    return Plan(refusal=reason) if reason else plan


def _refusal(facts: Facts, plan: Plan) -> str:
    """Why the plan must not be begun: what would stop it half-way is found before the first change."""
    changes_grub = plan.regenerate_grub or (bool(plan.packages) and bool(back_ends.of(facts).GENERATOR))
    if changes_grub and facts.grub_fault:
        fault = facts.grub_fault
        return f"{fault.path}, line {fault.line}: {fault.message}; no grub.cfg could be made from it"
    boot = facts.evidence.mount_of(facts.menu.config)
    if changes_grub and boot and "ro" in boot.options:
        return f"{boot.point} is mounted read-only, so no grub.cfg can be written there"
    if changes_grub and facts.boot_free_bytes is not None and facts.boot_free_bytes < BOOT_ROOM:
        directory, kib = facts.menu.config.rpartition("/")[0], facts.boot_free_bytes // 1024
        return f"the file system of {directory} has {kib} KiB left, too little for a new grub.cfg"
    left = facts.boot_free_bytes if plan.crashkernel and facts.boot_loader in ENTRY_FILES else None
    if left is not None and left < ENTRY_ROOM:
        return f"the file system of the boot entries has {left // 1024} KiB left, too little for new ones"
    return ""
