"""The capture kernel: its tools, whether it is loaded, and what keeps it from being loaded."""

from __future__ import annotations

from collections.abc import Iterator

from ..back_ends import by_hand
from ..changing.obstacle import obstacle as grub_obstacle
from ..changing.wanted import is_enough, reserve
from ..evidence import File
from ..facts.machine import Facts
from ..facts.sysctl import Assignment, integer
from ..facts.tools import DATABASES
from ..finding import ENABLE, REBOOT, Finding, Severity, Source
from ..policy import Policy
from . import capture_words, lockdown
from .reservation import SMALLER, reservation_failed
from .words import unseen

MKINITRAMFS = "/usr/sbin/mkinitramfs"


def packages(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD010: kdump-tools only recommends makedumpfile and the initramfs tools, yet without them no dump is
    written (control file of kdump-tools). A snapshot that waits for a reboot may have them."""
    if facts.platform is None:
        return
    database = DATABASES[facts.platform.package_manager]
    if facts.packages is None:
        yield unseen("KD010", "Which packages are installed", database)
        return
    missing, coming = missing_packages(facts), by_hand.is_coming(facts, policy)
    if missing:
        yield Finding(
            id="KD010",
            severity=Severity.ERROR,
            title="The kdump tools are not installed",
            current=f"missing: {', '.join(missing)}",
            wanted=", ".join(facts.platform.packages),
            evidence=(Source(database, 0, f"not installed: {', '.join(missing)}"),),
            remedy=REBOOT if coming else by_hand.steps(facts, policy) if facts.changed_by else ENABLE,
            needs_reboot=coming,
            blocks_capture=not coming,
            by_hand=bool(facts.changed_by),
        )


def missing_packages(facts: Facts) -> tuple[str, ...]:
    """The platform's packages that are not installed, in its order."""
    installed = facts.packages or {}
    return tuple(name for name in (facts.platform.packages if facts.platform else ()) if name not in installed)


def loaded(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD030: a panic jumps into the capture kernel that is loaded at that moment; the only proof that one is, is
    /sys/kernel/kexec_crash_loaded (Documentation/ABI/testing/sysfs-kernel-kexec_crash_loaded)."""
    if facts.capture_loaded is None:
        yield unseen("KD030", "Whether a capture kernel is loaded", "/sys/kernel/kexec_crash_loaded")
    elif not facts.capture_loaded:
        after_reboot, in_the_way = _after_reboot(facts, policy), obstacle(facts) or _no_memory(facts, policy)
        yield Finding(
            id="KD030",
            severity=Severity.ERROR,
            title="No capture kernel is loaded",
            current="a panic now would leave no dump",
            wanted="a loaded capture kernel",
            evidence=(Source("/sys/kernel/kexec_crash_loaded", 0, "0"),),
            remedy=in_the_way or (REBOOT if after_reboot else ENABLE),
            needs_reboot=after_reboot,
            blocks_capture=bool(in_the_way) or _memory_stays_away(facts),
            by_hand=bool(in_the_way),
        )


def _no_memory(facts: Facts, policy: Policy) -> str:
    """What has to be done first where no memory is reserved and `enable` cannot bring any; empty for nothing."""
    held = grub_obstacle(facts, policy) if not facts.reserved_bytes else None
    return held.remedy if held else ""


def obstacle(facts: Facts) -> str:
    """What an administrator has to take out of the way before a capture kernel can be loaded; empty for nothing."""
    setting = _forbidden_at_boot(facts)
    if setting is not None:
        place = setting.source if setting.line else f"the {setting.source}"
        return f"take kernel.kexec_load_disabled out of {place}, then reboot"
    unit = facts.unit(facts.platform.unit) if facts.platform else None
    if unit is not None and "masked" in unit.unit_file_state:
        return f"systemctl unmask {facts.platform.unit}, then: {ENABLE}" if facts.platform else ""
    if facts.config.faults:
        where = facts.config.faults[0].where
        return f"mend {where.source}:{where.line}, then: {ENABLE}"
    if capture_words.is_gone(facts):
        return capture_words.remedy(facts)
    if reservation_failed(facts):
        return SMALLER
    return lockdown.remedy(facts) if lockdown.refused(facts) else ""


def _forbidden_at_boot(facts: Facts) -> Assignment | None:
    """The line that forbids loading at each boot; null when there is none."""
    setting = facts.load_disabled_setting.next_boot
    return setting if setting is not None and integer(setting.value) == 1 else None


def _after_reboot(facts: Facts, policy: Policy) -> bool:
    """Whether a reboot alone brings a capture kernel: it brings the memory, and makes loading possible again."""
    want = reserve(facts, policy)
    enough = want is not None and is_enough(facts.next_boot.size_bytes if facts.next_boot else None, want, policy)
    return enough and _memory_comes(facts) and not obstacle(facts)


def _memory_comes(facts: Facts) -> bool:
    """Whether loading had to fail in this boot and need not in the next, which has memory for it."""
    return _had_to_fail(facts) and facts.next_boot is not None and facts.next_boot.size_bytes > 0


def _memory_stays_away(facts: Facts) -> bool:
    """Whether the next boot will do no better; what it reserves may be unknown."""
    nothing = facts.next_boot is not None and not facts.next_boot.size_bytes
    return nothing or not _had_to_fail(facts)


def _had_to_fail(facts: Facts) -> bool:
    """Whether nothing could be loaded in this boot for a reason that the next need not have: there was no memory, it
    was forbidden, or the running kernel's image is gone."""
    no_image = bool(facts.removed_image) or _not_loadable(facts)
    this_boot = not facts.reserved_bytes or bool(facts.load_disabled) or no_image
    return this_boot and not reservation_failed(facts)


def _not_loadable(facts: Facts) -> bool:
    """Our own unit finds no image of the kernel that runs."""
    return facts.own_units and bool(facts.image.fault) and not facts.image.kept


def loading_disabled(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD031: kernel.kexec_load_disabled=1 forbids loading any kernel until the next reboot; hardening profiles set
    it at boot, before the capture kernel is loaded (admin-guide/sysctl/kernel.rst)."""
    setting = facts.load_disabled_setting.next_boot
    at_boot = _forbidden_at_boot(facts) is not None
    if not facts.load_disabled and not at_boot:
        return
    running = Source("/proc/sys/kernel/kexec_load_disabled", 0, "1" if facts.load_disabled else "0")
    file = (Source(setting.source, setting.line, f"kernel.kexec_load_disabled = {setting.value}"),) if setting else ()
    yield Finding(
        id="KD031",
        severity=Severity.ERROR,
        title="Loading a capture kernel is forbidden",
        current="kernel.kexec_load_disabled is 1" + (" at every boot" if at_boot else " until the next reboot"),
        wanted="0",
        evidence=(running, *file),
        remedy=obstacle(facts) if at_boot else REBOOT,
        needs_reboot=not at_boot,
        blocks_capture=at_boot and not facts.capture_loaded,
        by_hand=at_boot,
    )


def service(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD040: the unit loads the capture kernel at each boot. An active unit proves nothing (it also succeeds after
    a failed load), a unit that is not enabled or masked loads nothing at the next boot."""
    if facts.platform is None or not facts.packages or facts.platform.packages[0] not in facts.packages:
        return
    if facts.own_units:
        return  # KD048
    unit = facts.unit(facts.platform.unit)
    if unit is None:
        yield unseen("KD040", f"Whether {facts.platform.unit} is enabled", "systemctl")
    elif unit.unit_file_state != "enabled":
        masked, coming = "masked" in unit.unit_file_state, by_hand.is_coming(facts, policy)
        yield Finding(
            id="KD040",
            severity=Severity.ERROR,
            title=f"{facts.platform.unit} does not run at boot",
            current=unit.unit_file_state or unit.load_state,
            wanted="enabled",
            evidence=(Source(f"systemctl show {facts.platform.unit}", 0, f"UnitFileState={unit.unit_file_state}"),),
            remedy=REBOOT if coming else obstacle(facts) if masked else ENABLE,
            needs_reboot=coming,
            blocks_capture=not facts.capture_loaded and not coming,
            by_hand=masked,
        )


def switched_on(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD041: with USE_KDUMP=0 kdump-tools loads nothing and still ends with success (/etc/init.d/kdump-tools)."""
    value = facts.config.switch
    if facts.platform is None or value is None or not is_off(value.value):
        return
    yield Finding(
        id="KD041",
        severity=Severity.ERROR,
        title="kdump is switched off in its configuration",
        current=f"USE_KDUMP={value.value}",
        wanted="USE_KDUMP=1",
        evidence=(Source(facts.platform.config, value.line, f"USE_KDUMP={value.value}"),),
        remedy=ENABLE,
        blocks_capture=not facts.capture_loaded,
    )


def refused(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD043: with a line that it does not know, or two lines for the same thing, kdumpctl refuses the whole file and
    loads nothing, at each start of the service (parse_config of kdumpctl)."""
    for fault in facts.config.faults:
        yield Finding(
            id="KD043",
            severity=Severity.ERROR,
            title="The kdump configuration would be refused",
            current=f"{fault.where.text}: {fault.reason}",
            wanted="a configuration that is taken",
            evidence=(fault.where,),
            remedy=f"mend {fault.where.source}:{fault.where.line}, then: {ENABLE}",
            blocks_capture=not facts.capture_loaded,
            by_hand=True,
        )


def waits(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD047: with `failure_action shell` (or `default`, its old name) a capture kernel that cannot write the dump opens
    a shell on its console, until somebody leaves it (kdump.conf(5), kdump_emergency_shell of kdump.sh)."""
    for key in ("failure_action", "default"):
        value = facts.config.values.get(key)
        if facts.platform is not None and value is not None and value.value == "shell":
            yield Finding(
                id="KD047",
                severity=Severity.WARNING,
                title="A dump that fails would leave the machine at a shell",
                current=f"{key} shell",
                wanted="failure_action reboot, where nobody is at the console",
                evidence=(Source(facts.platform.config, value.line, f"{key} shell"),),
                remedy=f"write failure_action reboot in {facts.platform.config}:{value.line}",
                by_hand=True,
            )


def is_off(value: str) -> bool:
    """Whether a USE_KDUMP means no: kdump-config takes an empty or zero value for that."""
    return value in ("", "0")


def initrd(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD042: without a capture initrd of the running kernel kdump-config loads nothing: it points its links in
    /var/lib/kdump to the running kernel each time, whatever they pointed to. kdump-tools makes the initrd then, and
    skips that without an error where mkinitramfs is not there, as on a host with dracut alone
    (kdump_create_symlinks of kdump-config, /etc/kernel/postinst.d/kdump-tools)."""
    file = facts.capture_initrd
    if file is None or not facts.reserved_bytes or facts.capture_loaded is not False or facts.removed_image:
        return
    if facts.own_units:
        return  # KD049: it is kept when it is loaded
    if file.unknown:
        yield unseen("KD042", "Whether the capture initrd exists", file.path)
    elif file.absent and not _is_chosen(facts):
        toolless = _makes_none(facts)
        others = ", ".join(other.path.rpartition("/")[2] for other in _other_initrds(facts, file.path))
        yield Finding(
            id="KD042",
            severity=Severity.ERROR,
            title="The running kernel has no capture initrd",
            current=f"{file.path} does not exist"
            + (f", only {others}" if others else "")
            + (f", and without {MKINITRAMFS} none is made" if toolless else ""),
            wanted=f"a capture initrd for {facts.kernel}",
            evidence=(Source(file.path),),
            remedy="apt-get install --reinstall initramfs-tools-core" if toolless else ENABLE,
            blocks_capture=True,
            by_hand=toolless,
        )


def _makes_none(facts: Facts) -> bool:
    """The tool that makes the initrd is gone, though its package is there."""
    wanted = facts.platform is not None and "initramfs-tools-core" in facts.platform.packages
    return wanted and facts.evidence.file(MKINITRAMFS).absent and not missing_packages(facts)


def _is_chosen(facts: Facts) -> bool:
    """The configuration names another initrd than the one that kdump-tools makes (KDUMP_INITRD)."""
    value = facts.config.values.get("KDUMP_INITRD")
    return value is not None and value.value not in ("", "/var/lib/kdump/initrd.img")


def _other_initrds(facts: Facts, path: str) -> list[File]:
    directory, _, name = path.rpartition("/")
    prefix = name.partition(facts.kernel or "")[0] if facts.kernel else name
    there = [file for file in facts.evidence.below(directory) if not file.absent]
    return [file for file in there if file.path.startswith(f"{directory}/{prefix}")]
