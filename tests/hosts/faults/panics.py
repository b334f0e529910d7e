"""What keeps wanted panics from happening, or makes a panic end badly."""

from __future__ import annotations

from collections.abc import Callable

from ..bases import CMDLINE, CONFIG, ENTRY_END, GRUB_CFG, Change, knobs, nothing_loaded, ready
from ..machines import Raw, kernel, replace, write
from ..roots import APPENDED

NO_NMI_WATCHDOG = "NMI watchdog: Perf NMI watchdog permanently disabled"
SYSCTL_FILE = "/etc/sysctl.d/50-admin.conf"
PROFILE = "/etc/kdump-enabler/policy.yml"
MARK = {"uid": 0, "gid": 0, "size": 0, "mtime": 0, "mode": 0o660, "type": 0o140000}


def boot_word(raw: Raw, word: str) -> None:
    """The machine was booted with this word, and will be again."""
    replace(raw, CMDLINE, " quiet", f" {word} quiet")
    replace(raw, GRUB_CFG, ENTRY_END, ENTRY_END.replace("quiet", f"{word} quiet"))


def chosen(raw: Raw, profile: str) -> None:
    """`enable --profile` was told so, and everything it writes is in effect."""
    knobs(raw)
    write(raw, PROFILE, f"kdump_panic_profile: {profile}\n")


def bare_metal(raw: Raw) -> None:
    """The profile for machines that see lockups of both kinds."""
    chosen(raw, "bare-metal")
    lines = ("hardlockup_panic = 1", "panic_on_io_nmi = 1", "softlockup_panic = 1")
    write(raw, SYSCTL_FILE, "".join(f"kernel.{line}\n" for line in lines))
    kernel(raw, hardlockup_panic="1", panic_on_io_nmi="1", softlockup_panic="1")


def nowatchdog(raw: Raw) -> None:
    """`nowatchdog` on the command line: the kernel says that all three are off (kernel/watchdog.c)."""
    bare_metal(raw)
    boot_word(raw, "nowatchdog")
    kernel(raw, watchdog="0", nmi_watchdog="0", soft_watchdog="0")


def no_nmi_word(raw: Raw) -> None:
    """`nmi_watchdog=0` on the command line."""
    bare_metal(raw)
    boot_word(raw, "nmi_watchdog=0")
    kernel(raw, nmi_watchdog="0")


def detector_file(raw: Raw) -> None:
    """A file switches the detector of soft lockups off from the next boot on."""
    bare_metal(raw)
    write(raw, "/etc/sysctl.d/60-quiet.conf", "# less noise\nkernel.soft_watchdog = 0\n")


def no_counter(raw: Raw) -> None:
    """A virtual machine without performance counters, with the standard profile."""
    knobs(raw)
    _without_counter(raw)


def _without_counter(raw: Raw) -> None:
    kernel(raw, nmi_watchdog="0")
    raw["kernel_log"]["lines"].append(NO_NMI_WATCHDOG)


def no_counter_bare_metal(raw: Raw) -> None:
    """The same with a profile that counts on it."""
    bare_metal(raw)
    _without_counter(raw)


def no_counter_vm(raw: Raw) -> None:
    """The same where RCU stalls panic."""
    chosen(raw, "vm")
    _without_counter(raw)
    lines = ("max_rcu_stall_to_panic = 3", "panic_on_rcu_stall = 1", "watchdog_thresh = 30")
    write(raw, SYSCTL_FILE, "".join(f"kernel.{line}\n" for line in lines))
    kernel(raw, panic_on_rcu_stall="1", max_rcu_stall_to_panic="3", watchdog_thresh="30")


def containers(raw: Raw) -> None:
    """A host of containers on which somebody followed an article."""
    knobs(raw)
    write(raw, SYSCTL_FILE, "# as it says on the net\nvm.panic_on_oom = 2\n")
    write(raw, "/proc/sys/vm/panic_on_oom", "2\n")
    raw["files"]["/run/containerd/containerd.sock"] = dict(MARK)


def no_containers(raw: Raw) -> None:
    """The same without containers: an administrator's choice."""
    containers(raw)
    raw["files"]["/run/containerd/containerd.sock"] = {"error": "ENOENT"}


def containers_at_one(raw: Raw) -> None:
    """Containers, and a host that panics only when it is out of memory itself."""
    containers(raw)
    replace(raw, SYSCTL_FILE, "oom = 2", "oom = 1")
    write(raw, "/proc/sys/vm/panic_on_oom", "1\n")


def own_words(raw: Raw) -> None:
    """An administrator's own words for the capture kernel, with a comment behind."""
    _appended(raw, f'{APPENDED} mce=off" # dead MCE bank')


def made_by_shell(raw: Raw) -> None:
    """Words that only a shell can put together."""
    _appended(raw, 'KDUMP_CMDLINE_APPEND="$COMMON nr_cpus=1"')


def hangs_by_choice(raw: Raw) -> None:
    """Somebody wants to look at the console of a capture kernel that panicked."""
    _appended(raw, f'{APPENDED} panic=0"')


def inherits(raw: Raw) -> None:
    """The running kernel's own line has panic=, which kdump-config passes on."""
    boot_word(raw, "panic=30")
    _appended(raw, f'{APPENDED}"')


def _appended(raw: Raw, line: str) -> None:
    lines = [old for old in raw["files"][CONFIG]["text"].splitlines() if "KDUMP_CMDLINE_APPEND" not in old]
    write(raw, CONFIG, "\n".join([*lines, line]) + "\n")


def load_disabled_by_word(raw: Raw) -> None:
    """sysctl.kernel.kexec_load_disabled=1 on the command line: set before anything of the system runs."""
    boot_word(raw, "sysctl.kernel.kexec_load_disabled=1")
    kernel(raw, kexec_load_disabled="1")
    nothing_loaded(raw)


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "debian12-nowatchdog": (ready, nowatchdog),
    "debian12-no-nmi-word": (ready, no_nmi_word),
    "debian12-detector-file": (ready, detector_file),
    "debian12-no-counter": (ready, no_counter),
    "debian12-no-counter-bare-metal": (ready, no_counter_bare_metal),
    "debian12-no-counter-vm": (ready, no_counter_vm),
    "debian12-oom-containers": (ready, containers),
    "debian12-oom-no-containers": (ready, no_containers),
    "debian12-oom-containers-at-one": (ready, containers_at_one),
    "debian12-capture-own-words": (ready, own_words),
    "debian12-capture-by-shell": (ready, made_by_shell),
    "debian12-capture-hangs-by-choice": (ready, hangs_by_choice),
    "debian12-capture-inherits": (ready, inherits),
    "debian12-load-disabled-by-word": (ready, load_disabled_by_word),
}
