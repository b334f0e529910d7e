"""Carries out a plan on recorded evidence, as the roles do on a host; `sh` makes grub.cfg's command lines."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kdump_enabler import evidence
from kdump_enabler.audit import Audit, audit
from kdump_enabler.changing.changes import FileChange
from kdump_enabler.changing.plan import Plan
from kdump_enabler.policy import Layer, sysctls
from kdump_enabler.policy.policy_file import in_effect
from tests.hosts import arch, bases, machines, red_hat, suse, systemd_boot
from tests.hosts.faults import boards
from tests.hosts.machines import Raw
from tests.unit.building import judge

GRUB_CFG = "/boot/grub/grub.cfg"
ECHO = 'for file; do . "$file"; done; printf "%s\\0%s" "$GRUB_CMDLINE_LINUX" "$GRUB_CMDLINE_LINUX_DEFAULT"'
ROUNDS = 3  # packages, then what their files make possible, then nothing


def converge(raw: Raw, **variables: Any) -> list[Audit]:
    """Judge and apply until the plan is empty; the last judgement is the last of the list. Variables are those that
    the first run is told; later ones go by what the machine remembers."""
    looks = [judge(raw, **variables)]
    while not looks[-1].plan.empty and len(looks) <= ROUNDS:
        apply(raw, looks[-1].plan)
        looks.append(remembering(raw))
    return looks


def settles(raw: Raw) -> None:
    """Fails where nothing is left to do and the next boot still reserves less than is wanted, or something is left."""
    last = converge(raw)[-1]
    assert last.plan.empty, last.plan.steps()
    assert last.facts is not None
    assert last.wanted is not None
    assert last.facts.next_boot is not None
    assert last.facts.next_boot.size_bytes >= last.wanted.size_bytes


def remembering(raw: Raw, *chosen: Layer) -> Audit:
    """The machine judged by what it remembers, and by what was chosen over it."""
    seen = evidence.from_raw(raw)
    return audit(seen, in_effect(seen, chosen))


def apply(raw: Raw, plan: Plan) -> None:
    """Everything the plan holds, in the order of the roles."""
    if plan.packages:
        _packages(raw, plan)
    for change in plan.leftovers + plan.kdump_config + plan.crashkernel + plan.panic_policy + plan.sysrq:
        _file(raw, change)
    if plan.regenerate_grub or (plan.packages and plan.package_manager == "apt" and plan.grub_config):
        update_grub(raw, (plan.grub_config or {}).get("path", GRUB_CFG))
    for name, *words in plan.boot_files["commands"] if plan.make_boot_files and plan.boot_files else ():
        TOOLS[name](raw, *words)
    for key, value in (plan.sysctls or {}).items():
        machines.write(raw, sysctls.table()[key].file, f"{value}\n")
    if plan.reload_units:
        states = next(run for run in raw["commands"] if run["argv"][:2] == ["systemctl", "show"])
        states["out"] = states["out"].replace("UMask=0022\nId=kdump-tools-dump", DUMP_UNIT)
    if plan.enable_unit:
        machines.unit(raw, plan.enable_unit, UnitFileState="enabled")
    if plan.restart_unit:
        machines.kernel(raw, kexec_crash_loaded="1")


DUMP_UNIT = "UMask=0077\nId=kdump-tools-dump"


def _install(raw: Raw) -> None:
    facts = judge(raw).facts
    assert facts is not None
    assert facts.platform is not None
    done = bases.installed()
    raw["commands"][:2] = done["commands"][:2]
    raw["directories"]["/var/crash"] = done["directories"]["/var/crash"]
    raw["files"][bases.CONFIG] = done["files"][bases.CONFIG]
    asked = facts.platform.crashkernel[facts.arch or ""]
    line = f'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT crashkernel={asked}"\n'
    machines.write(raw, "/etc/default/grub.d/kdump-tools.cfg", line)


def _packages(raw: Raw, plan: Plan) -> None:
    """What the packages of each family bring."""
    if plan.package_manager == "dnf":
        old = ".el8" in raw["files"]["/proc/sys/kernel/osrelease"]["text"]
        red_hat.install(raw, red_hat.EL8 if old else red_hat.FEDORA, "disabled")
    elif plan.package_manager == "zypper":
        suse.install(raw, suse.TUMBLEWEED)
    elif "kdump-tools" not in plan.packages:
        arch.install(raw)
    else:
        _install(raw)


def _file(raw: Raw, change: FileChange) -> None:
    record = raw["files"].get(change.path, {"error": "ENOENT"})
    assert change.before == record.get("sha256", ""), f"{change.path} is not what the plan was made from"
    if change.absent:
        machines.remove(raw, change.path)
    elif change.text is not None:
        machines.write(raw, change.path, change.text)
    else:
        lines = record["text"].split("\n")
        for number, text in (change.lines or {}).items():
            lines[int(number) - 1] = text + ("\r" if lines[int(number) - 1].endswith("\r") else "")
        machines.write(raw, change.path, "\n".join(lines))
    if change.path == "/etc/sysctl.conf":
        machines.write(raw, "/etc/sysctl.d/99-sysctl.conf", raw["files"][change.path]["text"])  # a link to it


def kernel_install(raw: Raw, verb: str, version: str, kernel: str) -> None:
    """What kernel-install does with ukify: the template, and the machine's identity after it."""
    assert verb == "add"
    assert "error" not in raw["files"][kernel]
    path = systemd_boot.image_of(version)
    words = raw["files"][systemd_boot.TEMPLATE]["text"].split()
    own = f"systemd.machine_id={systemd_boot.ID}"
    line = " ".join(words if own in words else [*words, own])
    _, others = raw["files"][path]["text"].split("\n", 1)
    machines.write(raw, path, f"options {line}\n{others}")


def update_grub(raw: Raw, path: str = GRUB_CFG) -> None:
    """What grub-mkconfig does with the defaults: both variables for an entry, only the first for recovery."""
    first, second = _variables(raw)
    lines = []
    for line in raw["files"][path]["text"].splitlines():
        match = re.match(r"(\s*linux\s+\S+ root=\S+(?: r[ow])?(?: +\$\{extra_cmdline\})?)( single)?", line)
        words = f" single {first}" if match and match[2] else f" {first} {second}"
        lines.append(match[1] + words if match else line)
    machines.write(raw, path, "\n".join(lines) + "\n")


def update_all_entries(raw: Raw) -> None:
    """What sdbootutil does with /etc/kernel/cmdline (create_boot_options, update_entry_conf)."""
    options = " ".join(raw["files"][suse.TEMPLATE]["text"].split())
    for path, record in list(raw["files"].items()):
        if path.startswith(f"{suse.ESP}/loader/entries/") and suse.SUBVOLUME in record.get("text", ""):
            text = re.sub(r"(?m)^options .*$", f"options    {options} {suse.SUBVOLUME}", record["text"])
            machines.write(raw, path, text)


def _variables(raw: Raw) -> tuple[str, str]:
    seen = evidence.from_raw(raw)
    files = [seen.file("/etc/default/grub"), *seen.below("/etc/default/grub.d", ".cfg")]
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, file in enumerate(file for file in files if file.text is not None):
            path = Path(folder, f"{number:03}")
            text = (file.text or "").replace("/etc/system-release", "/dev/null")  # there on Fedora and EL only
            path.write_text(text, encoding="utf-8")
            paths.append(str(path))
        run = subprocess.run(["sh", "-e", "-c", ECHO, "sh", *paths], capture_output=True, text=True, check=True)
    first, second = run.stdout.split("\0")
    return first, second


def u_boot_update(raw: Raw) -> None:
    """What u-boot-update 4.2.2 puts into each label: its settings, sourced one after the other."""
    files = raw["files"]
    paths = ["/etc/default/u-boot", *sorted(path for path in files if path.startswith("/etc/u-boot-menu/conf.d/"))]
    script = "".join(files[path].get("text", "") + "\n" for path in paths if path in files)
    run = subprocess.run(
        ["sh", "-ec", f'{script}printf %s "$U_BOOT_PARAMETERS"'], capture_output=True, text=True, check=True, env={}
    )
    words = run.stdout
    if not words and "text" in files.get("/etc/kernel/cmdline", {}):
        words = files["/etc/kernel/cmdline"]["text"].strip().replace(boards.BOARD_ROOT, "").strip()
    words = words or "ro quiet"
    text = boards.MADE.format(words=words, rescue=words.replace(" quiet", ""))
    machines.write(raw, boards.EXTLINUX, text)


# What stands in for the boot loaders' own tools, by their names.
TOOLS: dict[str, Callable[..., None]] = {
    "kernel-install": kernel_install,
    "sdbootutil": lambda raw, *_: update_all_entries(raw),
    "u-boot-update": u_boot_update,
}
