"""What keeps the reservation when kdump's own packages are updated."""

from __future__ import annotations

from ..facts import crashkernel, kdump_conf, ostree
from ..facts.machine import Facts
from ..facts.shell_value import CUT_OUT
from ..policy import Policy
from .changes import FileChange, can_edit, edited
from .wanted import is_enough, reserve

RESET, NO = "auto_reset_crashkernel", "no"
RESETTING = "kdump-utils"


def is_reset(facts: Facts, policy: Policy) -> bool:
    """Whether an update would give the kernels less than is wanted: kdumpctl of kdump-utils gives each its own default
    when kdump-utils or a kernel is installed, in place of what was chosen, where the service is enabled and kdump.conf
    does not say otherwise (_should_reset_crashkernel; that of kexec-tools replaces only a former default). No such
    script runs for images (%posttrans of kdump-utils.spec)."""
    platform, want = facts.platform, reserve(facts, policy)
    image = facts.boot_loader == ostree.WAY or facts.changed_by == ostree.BY_HAND
    if platform is None or image or RESETTING not in platform.packages or want is None or want.problem:
        return False
    value = facts.config.values.get(RESET)
    default = platform.crashkernel.get(facts.arch or "", "")
    size = crashkernel.evaluate(f"crashkernel={default}", facts.memory_bytes or 0).size_bytes
    return not (value and value.value == NO) and not is_enough(size, want, policy)


def keeping(facts: Facts, policy: Policy) -> FileChange | None:
    """The line of kdump.conf that keeps kdumpctl from that; null where it is not needed, or the file cannot be changed
    for certain."""
    file = facts.evidence.file(facts.platform.config) if facts.platform else None
    if file is None or file.text is None or facts.config.faults or not is_reset(facts, policy):
        return None
    text = kdump_conf.with_value(file.text, RESET, NO)
    same_lines = text.count("\n") == file.text.count("\n")
    possible = can_edit(file, text) if same_lines else file.link is None and CUT_OUT not in file.text
    return edited(file, text) if possible else None
