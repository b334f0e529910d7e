"""Machines made of real package files: `roots/<name>.json` holds what the probe saw in a real root of a release.

Each root was made by `mmdebstrap --variant=important` with Recommends, grub-pc, initramfs-tools and linux-image-amd64
from Debian's archive; it was put on an ext4 disk of its own, where `update-grub` ran; then `probe.collect(root)`.
State `stock` is that, `installed` the same after `apt-get install --no-install-recommends kdump-tools makedumpfile`,
`enabled` after our own files and another `update-grub`; a state holds what differs from the one before it. Comments
were cut out. What only a running machine has (/proc, /sys, systemd's answers) comes from the Debian 12 recordings.
"""

from __future__ import annotations

import json
import re

from kdump_enabler.facts import boot_loader

from . import bases
from .machines import HERE, Raw, kernel, remove, replace, write

STATES = {"stock": bases.pristine, "installed": bases.installed, "enabled": bases.ready}
OF_THE_ROOT = ("/boot/", "/efi/", "/etc/", "/lib/", "/usr/")
# Looked at since the recordings were made, or taken away with the files of their root.
ABSENT = [path for path, _ in boot_loader.FILES] + [
    boot_loader.LOADER_INFO,
    boot_loader.STUB_INFO,
    bases.CONFIG,
    "/etc/default/kexec",
    "/etc/init.d/kexec-load",
    "/etc/sysctl.conf",
]
DIRECTORY = {"mode": 0o755, "type": 0o040000, "uid": 0, "gid": 0, "size": 60, "mtime": 0}
FILE = {"mode": 0o644, "type": 0o100000, "uid": 0, "gid": 0, "size": 600, "mtime": 0}
# /usr/share/kdump-tools/kdump-tools.conf on amd64
APPENDED = 'KDUMP_CMDLINE_APPEND="reset_devices systemd.unit=kdump-tools-dump.service nr_cpus=1 irqpoll usbcore.nousb'
X86_KEYS = ("/proc/sys/kernel/panic_on_unrecovered_nmi", "/proc/sys/kernel/unknown_nmi_panic")


def machine(name: str, state: str) -> Raw:
    """A machine with this root in this state; the kernel of its grub.cfg is the one that runs."""
    raw = STATES[state]()
    for path in [path for path in raw["files"] if path.startswith(OF_THE_ROOT)]:
        del raw["files"][path]
    booted(raw)
    states = json.loads((HERE / "roots" / f"{name}.json").read_text(encoding="utf-8"))
    for reached in list(STATES)[: list(STATES).index(state) + 1]:
        _lay_out(raw, states[reached]["files"])
        raw["commands"][0].update(out=states[reached]["packages"], rc=0 if reached != "stock" else 1)
    if state != "stock":
        _state_the_default(raw, panics=state == "enabled")
    _shell_read_the_defaults(raw)
    running(raw, re.findall(r"/boot/vmlinuz-(\S+)", raw["files"][bases.GRUB_CFG]["text"])[0])
    return raw


def _state_the_default(raw: Raw, panics: bool) -> None:
    """The comment with what the capture kernel is given, which was cut out; `enable` makes a line of it."""
    line = f'{APPENDED} panic=10"\n' if panics else f'#{APPENDED}"\n'
    write(raw, bases.CONFIG, raw["files"][bases.CONFIG]["text"] + line)


def booted(raw: Raw) -> None:
    """What recordings lack that were made before these paths were looked at: it is BIOS, GRUB and systemd."""
    for path in ABSENT:
        raw["files"].setdefault(path, {"error": "ENOENT"})
    raw["files"]["/run/systemd/system"] = dict(DIRECTORY)


def running(raw: Raw, version: str) -> None:
    """The machine runs this kernel, which is also the one in its menu."""
    for path in list(raw["files"]):
        if path.startswith("/var/lib/kdump/") and bases.KERNEL in path:
            raw["files"][path.replace(bases.KERNEL, version)] = raw["files"].pop(path)
    if bases.KERNEL in raw["files"][bases.GRUB_CFG]["text"]:
        replace(raw, bases.GRUB_CFG, bases.KERNEL, version)
    replace(raw, bases.CMDLINE, bases.KERNEL, version)
    kernel(raw, osrelease=version)


def arm64(raw: Raw) -> None:
    """The same machine with an arm64 kernel, which has no NMI settings."""
    raw["machine"] = "aarch64"
    kernel(raw, arch="aarch64")
    for path in X86_KEYS:
        remove(raw, path)


def os_release(raw: Raw, text: str) -> None:
    """Another distribution's identity."""
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        write(raw, path, text)


def there(raw: Raw, *paths: str) -> None:
    """Files of which only their existence is looked at."""
    raw["files"] |= {path: dict(FILE) for path in paths}


def _lay_out(raw: Raw, files: Raw) -> None:
    for path, record in files.items():
        write(raw, path, record["text"])
        raw["files"][path].update({name: value for name, value in record.items() if name != "text"})


def _shell_read_the_defaults(raw: Raw) -> None:
    paths = [path for path in sorted(raw["files"]) if path.startswith("/etc/default/grub")]
    answer = {"rc": 0, "out": "", "err": ""}
    read = [{"argv": ["sh", "-n", path], **answer} for path in paths if "text" in raw["files"][path]]
    raw["commands"] = [*raw["commands"][:2], *read]
