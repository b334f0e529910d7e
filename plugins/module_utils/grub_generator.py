# SPDX-License-Identifier: MIT
"""Runs the tools that make grub.cfg, look at it, and bring it to where GRUB finds it."""

import contextlib
import os
import re
import signal
import subprocess
from typing import Dict, List, NamedTuple, Optional

from .failures import ModuleError

# What grub-mkconfig says in any case; it explains no failure.
CHATTER = re.compile(r"(done|Generating grub configuration file.*|Found .*|Adding boot menu entry.*|Sourcing file.*)\Z")
LOCALE_FILES = ("/etc/default/locale", "/etc/locale.conf")
SETTLE_SECONDS = 300
UNTRANSLATED = {"LC_ALL": "C", "LANGUAGE": "C"}
COMPLAINT = re.compile(r"error|cannot|can't|failed|not found|no space|denied|invalid", re.IGNORECASE)


class Ended(NamedTuple):
    """How a command ended; rc is None when its time was over."""

    rc: Optional[int]
    stderr: str


def system_locale() -> Dict[str, str]:
    """Return the language of the machine, in which its own tools make grub.cfg: it decides the titles of the menu,
    by which an entry can be chosen, and the language of GRUB itself (/etc/grub.d/00_header)."""
    for path in LOCALE_FILES:
        with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as stream:
            return dict(re.findall(r"^\s*(LANG|LANGUAGE|LC_\w+)=[\"']?([\w.@:-]+)", stream.read(), re.MULTILINE))
    return {}


def run_command(argv: List[str], seconds: int, locale: Dict[str, str]) -> Ended:
    """Run it in this language; at the end of its time its children (os-prober) end as well."""
    # An SSH login may lack the sbin directories, where the generator's helpers are.
    path = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin"
    kept = {name: value for name, value in os.environ.items() if not re.match("LANG|LC_", name)}
    environment = dict(kept, PATH=path, **locale)
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    try:
        errors = process.communicate(timeout=seconds)[1]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Ended(None, "")
    return Ended(process.returncode, errors.decode("utf-8", "replace"))


def last_words(stderr: str) -> str:
    """Return the line that best tells why: the last complaint, else the last line that is no chatter."""
    lines = [line.strip() for line in stderr.split("\n")]
    lines = [line for line in lines if line and not CHATTER.match(line)]
    complaints = [line for line in lines if COMPLAINT.search(line)]
    return (complaints or lines or ["no message"])[-1]


def syntax_error(tool: str, why: str) -> ModuleError:
    """Return the refusal of a file that GRUB could not read."""
    return ModuleError(
        "grub_syntax",
        "{0} rejects the new grub.cfg ({1}); the old one was kept.".format(tool, why.rstrip(".")),
        "Look for an unbalanced quote in /etc/default/grub, its drop-ins and /etc/grub.d.",
    )


def generate(command: List[str], temporary: str, seconds: int) -> None:
    """Let the command write its configuration to the temporary file."""
    ended = run_command([*command, "-o", temporary], seconds, system_locale())
    if ended.rc:  # once more for its untranslated words
        ended = run_command([*command, "-o", temporary], seconds, UNTRANSLATED)
    # Looked for whatever the exit code: the text may come from a helper whose failure nobody passed on.
    if "No space left on device" in ended.stderr:
        raise ModuleError(
            "no_space",
            "There is no space left in {0}; the old grub.cfg was kept.".format(os.path.dirname(temporary)),
            "Free some space there (old kernels are the usual cause) and run again.",
        )
    if ended.rc == 0:
        return
    # grub-mkconfig runs the same check itself and words it so since 2.00.
    if "Syntax errors are detected" in ended.stderr:
        raise syntax_error(command[0], last_words(ended.stderr))
    how = "did not end within {0} s".format(seconds)
    if ended.rc is not None:
        how = "failed with exit code {0}: {1}".format(ended.rc, last_words(ended.stderr))
    raise ModuleError(
        "grub_mkconfig_failed",
        "{0} {1}; the old grub.cfg was kept.".format(command[0], how.rstrip(".")),
        "Run it by hand without -o, which only prints, and repair what it complains about.",
    )


def check_syntax(command: List[str], temporary: str, seconds: int) -> None:
    """Let GRUB's own parser read the file."""
    ended = run_command([*command, temporary], seconds, UNTRANSLATED)
    if ended.rc != 0:
        raise syntax_error(command[0], last_words(ended.stderr))


def settle_boot(paths: List[str]) -> None:
    """Do that for the file systems of those files that a boot loader reads."""
    for directory in sorted({os.path.dirname(path) for path in paths if path.startswith(("/boot/", "/efi/"))}):
        settle(directory, SETTLE_SECONDS)


def settle(directory: str, seconds: int) -> None:
    """Bring all that the journal of the file system holds to its place on the disk: GRUB reads past the journal.

    syncfs(2) commits the journal and then writes the buffers of the device (sync_filesystem() in the kernel's
    fs/sync.c), in which ext3 and ext4 keep what is to go to its place; left alone, that takes half a minute. XFS does
    it only when it is frozen, and would stay frozen if this process died meanwhile: GRUB may read an older state there.
    """
    ended = run_command(["sync", "-f", directory], seconds, UNTRANSLATED)
    if ended.rc == 0:
        return
    why = "sync did not end within {0} s".format(seconds) if ended.rc is None else last_words(ended.stderr).rstrip(".")
    raise ModuleError(
        "io_error",
        "{0} cannot be written to its disk ({1}); the old file was kept.".format(directory, why),
        "Look into the kernel log for that disk, and run again.",
        [directory],
    )
