"""Machines that systemd-boot boots, reconstructed: the files are what kernel-install of systemd 252 writes on the disk
of `tests/vm/recipe/assemble-uefi.sh`; the rest is that of the machine which is changed.
"""

from __future__ import annotations

import json

from kdump_enabler.facts import kernelstub
from kdump_enabler.facts.boot_loader import FILES, LOADER_INFO, STUB_INFO
from kdump_enabler.facts.systemd_boot import CHOSEN, LAST, ONCE

from .bases import CMDLINE, KERNEL
from .machines import Raw, remove, write
from .roots import FILE

ID = "5f2c8a0e1d6b4c93a7e40b19d2f35c68"
ESP = "/boot/efi"
LOADER_CONF, TEMPLATE = f"{ESP}/loader/loader.conf", "/etc/kernel/cmdline"
OPTIONS = "root=UUID=6b64756d-7000-4000-8000-000000000001 ro net.ifnames=0 console=ttyS0 mitigations=off norandmaps"
OLDER = "6.1.0-53-amd64"
PRODUCT = "systemd-boot 252.39-1~deb12u2"
POP_OPTIONS = ["quiet", "loglevel=0", "systemd.show_status=false", "splash"]
POP_ROOT = "root=UUID=6b64756d-7000-4000-8000-000000000001 ro"
KERNELSTUB = {
    "default": {
        "kernel_options": ["quiet", "splash"],
        "esp_path": ESP,
        "setup_loader": False,
        "manage_mode": False,
        "force_update": False,
        "live_mode": False,
        "config_rev": 3,
    },
    "user": {
        "kernel_options": POP_OPTIONS,
        "esp_path": ESP,
        "setup_loader": True,
        "manage_mode": True,
        "force_update": False,
        "live_mode": False,
        "config_rev": 3,
    },
}


def path_of(version: str, esp: str = ESP, tries: str = "") -> str:
    """The file of a kernel's entry."""
    return f"{esp}/loader/entries/{ID}-{version}{tries}.conf"


def entry(version: str, options: str, name: str = "Debian GNU/Linux 12 (bookworm)", key: str = "debian") -> str:
    """An entry's file as 90-loaderentry.install leaves it."""
    return (
        f"title      {name}\nversion    {version}\nmachine-id {ID}\nsort-key   {key}\n"
        f"options    {options} systemd.machine_id={ID}\nlinux      /{ID}/{version}/linux\n"
        f"initrd     /{ID}/{version}/initrd.img-{version}\n"
    )


def variable(raw: Raw, path: str, value: str) -> None:
    """An EFI variable as efivarfs shows it: four bytes of attributes, then UTF-16."""
    write(raw, path, "\x06\0\0\0" + "".join(letter + "\0" for letter in value + "\0"))


def lay_out(raw: Raw, kernels: tuple[str, ...] = (KERNEL,), words: str = "", esp: str = ESP) -> None:
    """systemd-boot on this machine in place of GRUB, with these words on each command line."""
    for path in [path for path in raw["files"] if path.startswith("/boot/grub")]:
        remove(raw, path)
    for path in (*(path for path, _ in FILES), CHOSEN, LAST, ONCE):
        raw["files"].setdefault(path, {"error": "ENOENT"})
    raw["mounts"][esp] = {
        "source": "/dev/vda1",
        "type": "vfat",
        "options": "rw,relatime,fmask=0077,dmask=0077",
        "free": 191 << 20,
        "total": 252 << 20,
    }
    options = " ".join(word for word in (OPTIONS, words) if word)
    write(raw, f"{esp}/loader/loader.conf", "timeout 1\n")
    for version in kernels:
        write(raw, path_of(version, esp), entry(version, options))
        raw["files"][f"/boot/vmlinuz-{version}"] = dict(FILE)
    write(raw, TEMPLATE, options + "\n")
    running = raw["files"]["/proc/sys/kernel/osrelease"]["text"].strip()
    write(raw, CMDLINE, f"initrd=\\{ID}\\{running}\\initrd.img-{running} {options} systemd.machine_id={ID}\n")
    variable(raw, LOADER_INFO, PRODUCT)


def unify(raw: Raw, kernels: tuple[str, ...], words: str = "", conf: str = "layout=uki\n", release: str = "") -> None:
    """The same kernels as unified images, made by kernel-install and ukify; the probe keeps lines of three sections."""
    lay_out(raw, kernels, words)
    own = release or raw["files"]["/etc/os-release"]["text"]
    for version in kernels:
        text = raw["files"].pop(path_of(version))["text"]
        (line,) = (line for line in text.splitlines() if line.startswith("options"))
        said = [f"osrel {line}" for line in own.splitlines() if line]
        write(raw, image_of(version), "\n".join([" ".join(line.split()), *said, f"uname {version}", ""]))
        del raw["files"][image_of(version)]["sha256"]
    write(raw, "/etc/kernel/install.conf", conf)
    raw["files"][STUB_INFO] = dict(FILE)


def image_of(version: str) -> str:
    """The unified image of a kernel."""
    return f"{ESP}/EFI/Linux/{ID}-{version}.efi"


def pop(raw: Raw, *words: str, **user: bool) -> None:
    """Pop!_OS on EFI: kernelstub writes two entries from its configuration (installer.py and config.py of
    pop-os/kernelstub)."""
    lay_out(raw, ())
    remove(raw, TEMPLATE)
    write(raw, LOADER_CONF, "default Pop_OS-current\n")
    folder = "/EFI/Pop_OS-6b64756d-7000-4000-8000-000000000001"
    options = " ".join([POP_ROOT, *POP_OPTIONS, *words])
    for name, suffix in (("current", ""), ("oldkern", "-previous")):
        files = f"linux {folder}/vmlinuz{suffix}.efi\ninitrd {folder}/initrd.img{suffix}\n"
        write(raw, f"{ESP}/loader/entries/Pop_OS-{name}.conf", f"title Pop!_OS\n{files}options {options}\n")
    known = {**KERNELSTUB, "user": {**KERNELSTUB["user"], "kernel_options": [*POP_OPTIONS, *words], **user}}
    write(raw, kernelstub.PATH, json.dumps(known, indent=2))
    write(raw, CMDLINE, f"initrd={folder.replace('/', chr(92))}\\initrd.img {options}\n")
    variable(raw, LOADER_INFO, "systemd-boot 249.11-0ubuntu3.12pop0")
