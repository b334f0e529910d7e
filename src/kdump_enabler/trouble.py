"""What went wrong on a host, as one sentence with a hint: the translation of tools' messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from .probe import without_secrets


@dataclass(frozen=True)
class Trouble:
    """`kind` is stable and for machines; `msg` is the sentence, `hint` what to do; exit_code as in the README; `diff`
    holds the lines that the sentence is about, if any."""

    kind: str
    msg: str
    hint: str
    exit_code: int = 2
    diff: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The trouble as a task's result holds it."""
        return asdict(self)

    def told(self) -> dict[str, Any]:
        """The trouble as it is registered for the report."""
        renamed = {"msg": "sentence", "diff": "lines"}
        return {renamed.get(name, name): value for name, value in asdict(self).items()}


# Of a module that ended without a result, in ansible-core 2.16 and 2.19.
DIED = ("MODULE FAILURE", "Module result deserialization failed")
# What tools print, what it means, what to do. The first match counts; {0} is what its group holds.
KNOWN = (
    # What a look ends with (plugin_utils/looking.py), and the task's own time-out in ansible-core 2.19 and 2.16.
    (
        r"did not run \(exit status 12[67]\): (.*)",
        Trouble(
            "no_python",
            "No Python answers on the host, and nothing can be seen without one ({0})",
            "Install python3 there, or name another one: ansible_python_interpreter in the inventory.",
        ),
    ),
    (
        r"did not run .*(?:SyntaxError|Try `python -h')",  # Python 2 knows no -I
        Trouble(
            "old_python",
            "The host's Python is older than 3.6, so nothing could be seen",
            "Install a newer one there, and name it as ansible_python_interpreter in the inventory.",
        ),
    ),
    (
        r"The (\w+ did not run \(exit status \d+\).*)",
        Trouble(
            "not_run",
            "Nothing could be seen, because the {0}",
            "Look at the host's memory and log, and run this again; --verbose shows everything.",
        ),
    ),
    (
        r"(?:Timed out after|expected time frame) \(?(\d+)",
        Trouble(
            "no_answer",
            "The host did not answer within {0} seconds",
            "Look at its load, disks and network shares, or wait longer: --host-timeout SECONDS (kdump_host_timeout).",
        ),
    ),
    (
        r"undecryptable variable|no vault secrets|[Dd]ecryption failed",
        Trouble(
            "vault",
            "A variable of this host is encrypted, and what opens it was not given or is not right",
            "Give it: -- --ask-vault-pass, or -- --vault-password-file FILE.",
        ),
    ),
    (
        r"you must have a tty",
        Trouble(
            "no_root",
            "The login cannot become root: sudo asks for a terminal, which there is none for programs",
            "Put `Defaults:LOGIN !requiretty` into a file in /etc/sudoers.d of the host.",
        ),
    ),
    (
        r"(?i)incorrect (?:\w+ )?password|incorrect password attempt|Sorry, try again",
        Trouble(
            "no_root",
            "The login cannot become root: the password was refused",
            "Type it again with --ask-become-pass; where hosts have different ones: ansible_become_password.",
        ),
    ),
    (
        r"Failed to lock apt|Could not get lock|Unable to acquire the dpkg|System management is locked"
        r"|unable to lock database|lockfile is held by another process",
        Trouble(
            "package_lock",
            "Another program holds the package manager's lock",
            "Wait for it (often unattended-upgrades or PackageKit) and run this again.",
            1,
        ),
    ),
    (
        r"lockfile is held by no process",
        Trouble(
            "package_half",
            "A package manager that was interrupted has left its lock",
            "If none works on the host, remove the file (/var/lib/pacman/db.lck), run `pacman -Syu`, then this again.",
            1,
        ),
    ),
    (
        r"No space left on device|enough free space",
        Trouble("no_space", "A file system of the host is full", "Make room and run this again.", 1),
    ),
    (
        r"Packages are older than the package lists say, so nothing was installed: (.*)",
        Trouble(
            "packages_behind",
            "The system is not up to date with its package lists, so nothing was installed: {0}",
            "Run `pacman -Syu` on the host and reboot it, then run this again.",
            1,
        ),
    ),
    (
        r"database file for '(\S+)' does not exist",
        Trouble(
            "package_lists_old",
            "The host has no package lists of its repository {0}, so nothing was installed",
            "Run `pacman -Syu` on the host and reboot it, then run this again.",
            1,
        ),
    ),
    # The mirrors of a distribution without releases have the newest version of a package alone.
    (
        r"failed retrieving file .*404",
        Trouble(
            "package_lists_old",
            "The host's package lists name packages that its mirrors do not have, or no longer have",
            "Run `pacman -Syu` on the host and reboot it, then run this again.",
            1,
        ),
    ),
    (
        r"Temporary failure resolving|Could not (resolve|connect)|Unable to connect|Network is unreachable"
        r"|Failed to (update apt cache|fetch|download metadata)|failed retrieving file|unable to fetch|Cannot initiate"
        r"|Connection timed out|Download \(curl\) error",
        Trouble(
            "package_network",
            "The package repositories cannot be reached",
            "Check the host's network, proxy and package sources.",
            1,
        ),
    ),
    (
        r"in none of the package sources: (.+)",
        Trouble(
            "package_missing",
            "The kdump packages are in none of the host's package sources: {0}",
            "Nothing was changed; mend that and run this again.",
            1,
        ),
    ),
    (
        r"error: target not found",
        Trouble(
            "package_missing",
            "The kdump packages are in none of the host's package sources",
            "Run `pacman -Syu` on the host, and see whether /etc/pacman.conf has the repository extra.",
            1,
        ),
    ),
    (
        r"No package matching|No package \S+ available|No match for argument|Unable to locate package"
        r"|has no installation candidate|No provider of '\S+' found|not found in package names|No repositories defined"
        r"|Failed to install some of the specified packages",
        Trouble(
            "package_missing",
            "The kdump packages are in none of the host's package sources",
            "Check the host's package sources, and whether they can be reached (dnf may pass over those that cannot).",
            1,
        ),
    ),
    (
        r"(\S+) is not installed on the host",
        Trouble("not_installed", "{0} is not installed on the host", "Install it there, or set kdump_command.", 1),
    ),
    (
        r"Other packages need them, so no package was removed: (.*)",
        Trouble(
            "package_needed",
            "The kdump packages are needed by others, so nothing was changed: {0}",
            "Remove those first, or disable without --purge.",
            1,
        ),
    ),
    (
        r"dpkg was interrupted|dpkg --configure -a",
        Trouble(
            "package_half",
            "An earlier package installation was interrupted",
            "Run `dpkg --configure -a` on the host, then this again.",
            1,
        ),
    ),
    (
        r"[Mm]issing \w+ password|password is required",
        Trouble("no_root", "The login cannot become root", "Give it sudo rights, or pass --ask-become-pass."),
    ),
    (
        r"not in the sudoers|is not allowed to|sudo: .*not allowed",
        Trouble("no_root", "The login cannot become root: sudo does not let it", "Give it sudo rights on the host."),
    ),
    (
        r"Timed out waiting for last boot time check|Timed out waiting for|reboot.*[Tt]imed? ?out",
        Trouble(
            "no_return",
            "The host did not come back in time after its reboot",
            "Look at its console; raise kdump_reboot_timeout for slow firmware.",
            2,
        ),
    ),
)


def of_result(task: str, result: Mapping[str, Any]) -> Trouble:
    """The trouble that a failed task's result stands for; that of a loop is what its first item that failed says."""
    # Of dnf `results` are lines.
    items = (item for item in result.get("results", ()) if isinstance(item, Mapping) and item.get("failed"))
    return _of_one(task, next(items, result))


def _of_one(task: str, result: Mapping[str, Any]) -> Trouble:
    if result.get("kind"):
        return Trouble(
            result["kind"], result["msg"], result.get("hint", ""), result.get("exit_code", 1), _diff(result.get("diff"))
        )
    text = "\n".join(str(result.get(name, "")) for name in ("msg", "module_stderr", "stderr", "stdout"))
    for pattern, trouble in KNOWN:
        if match := re.search(pattern, text):
            return replace(trouble, msg=trouble.msg.format(*match.groups()))
    if result.get("cmd") and result.get("rc"):
        return _of_command(result)
    return Trouble(
        "task",
        f"{task} failed: {_why(result, text)}",
        "--verbose shows everything.",
        1,
    )


def _why(result: Mapping[str, Any], text: str) -> str:
    """The line that says why, of all that a result says; a module that died says so in its trace back's last one."""
    died = str(result.get("msg", "")).startswith(DIED)
    said = str(result.get("module_stderr", "")).strip() if died else ""
    lines = (said or text).strip().splitlines() or ["no message"]
    return without_secrets(lines[-1 if "Traceback (most" in said else 0].strip())


def _of_command(result: Mapping[str, Any]) -> Trouble:
    """The trouble of a command that somebody gave, such as one of kdump_before_down."""
    words = result["cmd"] if isinstance(result["cmd"], str) else " ".join(map(str, result["cmd"]))
    said = str(result.get("stderr") or result.get("stdout") or "").strip().splitlines()
    sentence = f"`{words}` ended with exit status {result['rc']}" + (f": {said[-1]}" if said else "")
    return Trouble("task", without_secrets(sentence), "Mend that and run this again; --verbose shows everything.", 1)


def _diff(diff: Any) -> str:
    """The diff of a module that failed, without secrets: unlike one that was asked for by --diff it is always shown,
    and goes into the result document."""
    lines = str(diff.get("prepared", "")).splitlines() if isinstance(diff, Mapping) else []
    return "\n".join(line[:1] + without_secrets(line[1:]) for line in lines)
