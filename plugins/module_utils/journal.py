# SPDX-License-Identifier: MIT
"""The system journal of a host: who looks there later finds what was changed, and by whom."""

import syslog
from typing import Iterable


def note(lines: Iterable[str]) -> None:
    """Write each line at the moment of its change, as kdump-enabler (`journalctl -t kdump-enabler`)."""
    # Ansible's own logging has opened the log under the module's name.
    syslog.openlog("kdump-enabler", 0, syslog.LOG_USER)
    for line in lines:
        syslog.syslog(syslog.LOG_NOTICE, line)
