"""Panics that are armed after kdump, on a real boot."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdump_enabler.facts.settings import PANIC_DROPIN
from tests.vm.machine import Machine
from tests.vm.patience import factor

from .driving import Driven, ids

pytestmark = [pytest.mark.system, pytest.mark.long]
UNIT = "kdump-enabler-late-arming.service"
KEYS = ("panic_on_oops", "panic_on_rcu_stall", "unknown_nmi_panic")
REBOOT_SECONDS = 600


def test_a_boot_arms_what_panics_only_with_a_capture_kernel(tmp_path: Path) -> None:
    """The first boot with everything, one without a capture kernel, and back to sysctl.d."""
    with Machine("late-arming") as machine:
        host = Driven(machine, machine.inventory(path=tmp_path / "inventory.yml"))
        patience = ("-e", f"kdump_reboot_timeout={int(REBOOT_SECONDS * factor())}")
        words = ("--profile", "vm", "--no-sysrq", "--reboot", "if-needed")
        host.run(
            "enable", "-i", host.inventory, "-y", *words, "--", "-e", "kdump_late_arming=true", *patience, expect=0
        )
        assert ids(host.check(expect=0)) == set()
        assert [host.cat(f"/proc/sys/kernel/{key}") for key in KEYS] == ["1", "1", "1"]
        assert machine.ssh(f"systemctl is-active {UNIT}").stdout.strip() == "active"
        assert machine.ssh("grep -rl panic_on_oops /etc/sysctl.d /usr/lib/sysctl.d", check=False).stdout == ""
        host.converged()

        machine.ssh("sed -i 's/^USE_KDUMP=1/USE_KDUMP=0/' /etc/default/kdump-tools")
        before = machine.boot_id()
        machine.ssh("systemctl reboot", check=False)
        machine.wait_for_reboot(before)
        machine.ssh("systemctl is-system-running --wait", check=False, timeout=300)
        assert [host.cat(f"/proc/sys/kernel/{key}") for key in KEYS] == ["0", "0", "0"]
        assert machine.ssh(f"systemctl is-active {UNIT}", check=False).stdout.strip() == "inactive"

        host.run("enable", "-i", host.inventory, "-y", "--", "-e", "kdump_late_arming=false", *patience, expect=0)
        assert "kernel.panic_on_oops = 1" in host.cat(PANIC_DROPIN)
        assert [host.cat(f"/proc/sys/kernel/{key}") for key in KEYS] == ["1", "1", "1"]
        # The edit above is somebody's own: without --force nothing is put back over it.
        host.run("rollback", "-i", host.inventory, "-y", "--to", "first", "--force", expect=0)
        assert machine.ssh(f"ls /etc/systemd/system/{UNIT} /etc/kdump-enabler", check=False).stdout == ""
