"""The variables that people state in an inventory, and the names there that can only be typing errors of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cache

from . import READERS, PolicyError

PREFIX = "kdump_"
STATED = frozenset(READERS) | {
    "kdump_after_down",
    "kdump_announce_mail",
    "kdump_announce_webhook",
    "kdump_batch",
    "kdump_become",
    "kdump_before_down",
    "kdump_canary",
    "kdump_check_textfile",
    "kdump_check_timer",
    "kdump_command",
    "kdump_dump",
    "kdump_dump_directories",
    "kdump_dump_server",
    "kdump_dump_units",
    "kdump_fail_on",
    "kdump_fetch_to",
    "kdump_fetch_unfinished",
    "kdump_host_timeout",
    "kdump_hosts",
    "kdump_max_failures",
    "kdump_package_lock_timeout",
    "kdump_prove_consent",
    "kdump_prove_console",
    "kdump_prove_groups",
    "kdump_prove_timeout",
    "kdump_prove_trigger",
    "kdump_prove_unknown",
    "kdump_prove_window",
    "kdump_prune_consent",
    "kdump_prune_keep",
    "kdump_prune_max_bytes",
    "kdump_prune_older_than_days",
    "kdump_purge",
    "kdump_reboot",
    "kdump_reboot_timeout",
    "kdump_result_artifact",
    "kdump_result_path",
    "kdump_rollback_force",
    "kdump_rollback_to",
    "kdump_simulate_force",
    "kdump_simulate_kind",
    "kdump_simulate_options",
    "kdump_take_over",
    "kdump_test_container",
}
# What is like one of them, and is none: what our plays register, variables of the role `kdump` of linux-system-roles
# (its README), and keywords of kdump.conf(5).
LIKE_THEM = frozenset({"kdump_dumps", "kdump_reboot_ok", "kdump_pre"})
NEAR = 0.88  # a letter or two; kdump_crashkernel_size is somebody's own


def refuse_misspelt(names: Iterable[str]) -> None:
    """Refuse a variable with a name that is nearly one of ours, and would do nothing. Raises PolicyError."""
    for name in sorted(name for name in names if name.startswith(PREFIX)):
        meant = _meant(name)
        if meant:
            hint = f"Did you mean {meant}? Give a variable of your own a name that is less like it."
            raise PolicyError((name,), "not a variable of kdump-enabler", hint)


@cache
def _meant(name: str) -> str:
    """The variable of ours that a name is nearly; empty for none, and for one of ours. The hosts of a fleet have the
    same names."""
    if name in STATED or name in LIKE_THEM:
        return ""
    return next(iter(difflib.get_close_matches(name, sorted(STATED), 1, NEAR)), "")
