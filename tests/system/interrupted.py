"""What holds of a machine whose run was cut off, by a kill or by a reset, as others see it."""

from __future__ import annotations

import re
from difflib import unified_diff
from typing import Any

from .driving import GRUB_CFG, OWN, Changes, Driven, Files, difference, ids

UNIT = "kdump-tools.service"
# A machine with the packages of kdump, which somebody switched off.
SWITCHED_OFF = (
    "export DEBIAN_FRONTEND=noninteractive; apt-get update -qq;"
    " apt-get install -qq --no-install-recommends kdump-tools makedumpfile > /dev/null 2>&1;"
    f" sed -i 's/^USE_KDUMP=.*/USE_KDUMP=0/' /etc/default/kdump-tools; systemctl disable -q {UNIT}"
)
READY, DRIFT, REBOOT_PENDING = 0, 1, 3


def authored(files: Files) -> Files:
    """What must come back: everything but our own notes; grub.cfg and the kernel's settings, too."""
    return {path: content for path, content in files.items() if not path.startswith(OWN)}


def record(host: Driven, expect: int) -> dict[str, Any]:
    """The machine's record, without the table."""
    return host.record(host.run("check", "-i", host.inventory, "--format", "json", expect=expect, quiet=True))


def looks_truthful(host: Driven, step: str) -> None:
    """The check says what others see, and the machine has a grub.cfg that boots."""
    host.machine.ssh(f"grub-script-check {GRUB_CFG}")
    text = host.cat(GRUB_CFG)
    assert re.search(r"^\s+linux\s+\S*vmlinuz", text, re.MULTILINE), step
    loaded = host.cat("/sys/kernel/kexec_crash_loaded") == "1"
    found = record(host, expect=(READY if loaded else REBOOT_PENDING) if is_complete(host) else DRIFT)
    lines = [line for line in text.splitlines() if line.lstrip().startswith("linux") and " single" not in line]
    assert ("KD021" in ids(found)) is not all("crashkernel=1G-8G:256M" in line for line in lines), step
    assert ("KD091" in ids(found)) is is_noted(host), step
    assert (found["captures_now"] is not False) is loaded, step


def is_noted(host: Driven) -> bool:
    """Whether a run is noted on the machine."""
    return host.machine.ssh(f"test -e {OWN}run.json", check=False).returncode == 0


def is_complete(host: Driven) -> bool:
    """Nothing but a reboot is missing, as others see it: our files, the unit, the running kernel's own word."""
    files = f"test -e {' -a -e '.join(host.ours())}"
    command = f"{files} && systemctl -q is-enabled {UNIT} && grep -qx 10 /proc/sys/kernel/panic"
    return host.machine.ssh(command, check=False).returncode == 0


def go_on(host: Driven, step: str, expect: int, ended: str = "went on with") -> None:
    """The next enable converges, says what it did with the killed run, and leaves nothing of it beside grub.cfg."""
    noted = is_noted(host)
    said = host.run("enable", "-i", host.inventory, "-y", expect=expect, quiet=True)
    assert (f"had been killed; this run {ended} it." in " ".join(said.split())) is noted, step
    assert not {"KD091", "KD021"} & ids(record(host, expect)), step
    assert host.machine.ssh("find /boot/grub -name '*kdump-enabler*'").stdout == "", step


def undo(host: Driven, ended: str = "ended") -> None:
    """Roll back what was begun; a run that was killed before it changed anything left nothing to go back to."""
    sets = host.machine.ssh(f"grep -L restored_at {OWN}backups/*/manifest.json 2>/dev/null || true").stdout.split()
    noted = is_noted(host)
    said = host.run("rollback", "-i", host.inventory, "-y", expect=0 if sets else 1, quiet=True)
    assert (f"had been killed; this run {ended} it." in " ".join(said.split())) is noted


def same(host: Driven, first: Files, step: str) -> None:
    """Rollback gave back the first state: bytes, links and units."""
    left = difference(authored(first), authored(host.files()))
    assert left == {}, f"{step}: {_differing(left)}"
    assert host.unit(UNIT)["UnitFileState"] == "disabled", step


def _differing(left: Changes) -> str:
    """The lines of each file that differ."""
    texts = {path: [(one or b"").decode(errors="replace").splitlines() for one in pair] for path, pair in left.items()}
    diffs = (unified_diff(old, new, path, path, lineterm="", n=0) for path, (old, new) in texts.items())
    return "\n".join("\n".join(diff) for diff in diffs)
