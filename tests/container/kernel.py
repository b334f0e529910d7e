"""The kernel that a container's processes see: plain files in place of the kernel's own.

The kernel of the machine that runs the tests need not have kexec, its memory is not the test's business, and a
container that set kernel.panic would set it for the whole machine.
"""

import uuid
from pathlib import Path

SYSCTLS = Path("/proc/sys/kernel")
INSIDE = Path("/opt/kernel")  # nspawn binds below /proc only what the container itself can see
MEMORY_KIB = 2 * 1024 * 1024
KEXEC = {"kexec_crash_size": "0", "kexec_crash_loaded": "0", "kexec_loaded": "0"}
# A freshly booted Debian: the panic settings of an unconfigured kernel, and the SysRq bits of Debian's own.
SETTINGS = {
    "arch": "x86_64",
    "hardlockup_panic": "0",
    "kexec_load_disabled": "0",
    "max_rcu_stall_to_panic": "0",
    "panic": "0",
    "panic_on_io_nmi": "0",
    "panic_on_oops": "0",
    "panic_on_rcu_stall": "0",
    "panic_on_unrecovered_nmi": "0",
    "softlockup_panic": "0",
    "sysrq": "438",
    "unknown_nmi_panic": "0",
    "watchdog_thresh": "10",
}


class Kernel:
    """The files of one container below `directory`; `release` is what uname would say."""

    def __init__(self, directory: Path, release: str) -> None:
        self.directory = directory
        self.release = release

    def create(self) -> None:
        """Make the files of a kernel that has just booted with no reservation."""
        for part in ("config", "debug", "security", "tracing"):  # systemd mounts something on these
            (self.directory / "sys" / part).mkdir(parents=True)
        _copy_settings(SYSCTLS, self.directory / "sysctl")
        self.boot(f"BOOT_IMAGE=/boot/vmlinuz-{self.release} root=/dev/vda1 ro quiet")
        (self.directory / "iomem").write_text(f"00000000-{MEMORY_KIB * 1024 - 1:08x} : System RAM\n")
        (self.directory / "iomem").chmod(0o400)
        (self.directory / "meminfo").write_text(_meminfo())

    def boot(self, cmdline: str, reserved: int = 0) -> None:
        """What it says after a boot with this command line, for which it reserved so many bytes."""
        self.set(**KEXEC, **SETTINGS, osrelease=self.release, cmdline=cmdline)
        self.set(kexec_crash_size=reserved)
        (self.directory / "sysctl/random/boot_id").write_text(f"{uuid.uuid4()}\n")

    def set(self, **values: int | str) -> None:
        """Let the kernel say something else: files of /sys/kernel (`kexec_...`), of /proc/sys/kernel, or `cmdline`.

        Written in place, as the files are mounted one by one.
        """
        for name, value in values.items():
            self._path(name).write_text(f"{value}\n")

    def get(self, name: str) -> str:
        """What it says now."""
        return self._path(name).read_text().strip()

    def binds(self) -> list[str]:
        """The arguments of nspawn that put the files in place."""
        single = [f"--bind-ro={INSIDE / name}:/proc/{name}" for name in ("cmdline", "iomem", "meminfo")]
        return [
            f"--bind={self.directory}:{INSIDE}",
            # journald waits for changes of this one, which no plain file can tell; it is each container's own anyway.
            f"--bind-ro={SYSCTLS / 'hostname'}:{INSIDE / 'sysctl/hostname'}",
            f"--bind-ro={self.directory / 'sys'}:/sys/kernel",
            f"--bind={INSIDE / 'sysctl'}:{SYSCTLS}",
            *single,
        ]

    def _path(self, name: str) -> Path:
        if name in KEXEC:
            return self.directory / "sys" / name
        return self.directory / ("cmdline" if name == "cmdline" else f"sysctl/{name}")


def settings_of_this_machine() -> dict[str, str]:
    """The real values that a container could mean to change; no test may change them."""
    return {name: (SYSCTLS / name).read_text() for name in SETTINGS if (SYSCTLS / name).exists()}


def _copy_settings(source: Path, target: Path) -> None:
    """Copy what systemd and others read (pid_max, cap_last_cap, ...); what is unreadable comes out empty."""
    target.mkdir()
    for path in source.iterdir():
        if path.is_dir():
            _copy_settings(path, target / path.name)
            continue
        try:
            content = path.read_bytes()
        except OSError:  # not even root may read it
            content = b""
        (target / path.name).write_bytes(content)


def _meminfo() -> str:
    sizes = {"MemTotal": MEMORY_KIB - 50_000, "MemFree": MEMORY_KIB - 400_000, "Buffers": 20_000, "Cached": 150_000}
    return "".join(f"{name + ':':15}{kib:9} kB\n" for name, kib in sizes.items())
