"""Panics that are armed late: at boot the keys that make an event panic are set by a unit after the kdump service, and
only with a capture kernel loaded. An early fault then cannot make a machine reboot for ever without a dump."""

from __future__ import annotations

from collections.abc import Mapping

from ..facts.late_arming import UNIT, VALUES, starter
from ..facts.machine import Facts
from ..policy.sysctls import Value
from .changes import FileChange, own_file
from .wanted import HEADER, sysctl_text

# ExecCondition= came with systemd 243 (systemd.service(5)); grep ends with 1 where nothing is loaded, which skips the
# unit and does not fail it. systemd-sysctl(8) applies no more than the files that it is given.
UNIT_TEXT = """{header}[Unit]
Description=Let events panic, now that a capture kernel is loaded
Documentation=https://docs.kernel.org/admin-guide/sysctl/kernel.html
After={unit}
# Not in the capture kernel itself.
ConditionPathExists=!/proc/vmcore

[Service]
Type=oneshot
RemainAfterExit=yes
ExecCondition=/bin/grep -qx 1 /sys/kernel/kexec_crash_loaded
ExecStart=/lib/systemd/systemd-sysctl {values}
"""
# A drop-in of the service that loads the capture kernel, so that starting it again later arms the panics, too.
STARTER_TEXT = """{header}[Unit]
Wants={name}
"""


def files(facts: Facts, values: Mapping[str, Value]) -> tuple[FileChange, ...]:
    """What has to change for these keys, and no others, to be set late; none for no keys."""
    assert facts.platform is not None  # noqa: S101 - who plans asked
    unit, name = facts.platform.unit, UNIT.rpartition("/")[2]
    texts = {
        VALUES: sysctl_text(values),
        UNIT: UNIT_TEXT.format(header=HEADER, unit=unit, values=VALUES),
        starter(unit): STARTER_TEXT.format(header=HEADER, name=name),
    }
    changes = (own_file(facts.evidence, path, text if values else None) for path, text in texts.items())
    return tuple(change for found in changes for change in found)
