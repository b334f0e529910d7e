"""New dumps of this machine, told once: to the journal, and where asked to a web address and to a command."""

from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
import syslog
import tempfile
import urllib.error
import urllib.request
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .. import vmcore
from ..errors import UserError
from ..report.visible import visible
from ..rules.words import mib
from . import PROOF, REAL, Vmcore

STATE = Path("/var/lib/kdump-enabler/announced.json")
STATE_SCHEMA = "kdump-enabler/announced/1"
SCHEMA = "kdump-enabler/announcement/1"
WEBHOOK_SECONDS = 10
COMMAND_SECONDS = 60
# Nothing else of a record is sent: `dumps show` also has lines of the kernel log.
SENT = (*(field.name for field in fields(Vmcore)), "origin")
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Channels:
    """Where to tell beside the journal. Raises UserError for what cannot be meant."""

    webhook: str | None = None
    command: str | None = None

    def __post_init__(self) -> None:
        """Refuse at once what would only fail at the next crash."""
        if self.webhook is not None and not _is_web_address(self.webhook):
            raise UserError("--webhook takes an http or https address", "Example: --webhook https://alerts.lan/dumps")
        if self.command is not None and not _words(self.command):
            raise UserError("--mail takes a command", "Example: --mail 'mail -s \"kernel panic\" root'")


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []


def key(record: Record) -> str:
    """What tells one dump from the others: its path, without a vmcore that of its log or its directory."""
    return str(record["path"] or record["log"] or record["directory"])


def told_before(state: Path) -> list[str] | None:
    """The keys that an earlier run noted; null when there was none. Raises UserError when the note makes no sense."""
    try:
        known = json.loads(state.read_text(encoding="utf-8"))["dumps"]
        return [str(one) for one in known]
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{state} makes no sense", "Remove it; what is there then counts as known.") from error


def remember(state: Path, known: Iterable[str]) -> None:
    """Note the keys, durable when this returns; a reader meets the old note or the new one."""
    state.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    text = json.dumps({"schema": STATE_SCHEMA, "dumps": sorted(known)}, indent=1) + "\n"
    descriptor, temporary = tempfile.mkstemp(prefix=f".{state.name}.", dir=state.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fchmod(descriptor, 0o644)
            os.fsync(descriptor)
        Path(temporary).replace(state)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def new(records: Iterable[Record], known: Collection[str]) -> list[Record]:
    """The dumps that nobody was told of, the oldest first. A directory that could not be read is none."""
    there = [one for one in records if one["path"] or one["complete"] is False]
    return [one for one in reversed(there) if key(one) not in known]


def settled(record: Record, identifier: str | None) -> Record:
    """The record with an origin where its log did not tell: a proof when the word of the last crash on purpose is in
    its pages, else real."""
    if record["origin"]:
        return record
    asked = {"do": "contains", "path": record["path"], "text": identifier}
    holds = bool(identifier and record["path"]) and vmcore.answer(asked)["found"]
    return {**record, "origin": PROOF if holds else REAL}


def line(record: Record) -> str:
    """One dump in one line, harmless for whoever reads it."""
    state = "complete" if record["complete"] else record["reason"] or "not complete"
    size = (
        "no vmcore" if record["size_bytes"] is None else f"{mib(record['size_bytes'])} ({record['size_bytes']} bytes)"
    )
    kernel = f"kernel {record['kernel'] or 'unknown'}"
    return visible(f"new dump, {record['origin']}: {kernel}, {size}, {state}, {key(record)}")


def tell(record: Record, channels: Channels) -> list[str]:
    """Tell of one dump everywhere, and return a sentence for each place where that failed."""
    _journal(line(record))
    sentences = [
        post(channels.webhook, record) if channels.webhook else "",
        run(channels.command, record) if channels.command else "",
    ]
    return [sentence for sentence in sentences if sentence]


def _journal(text: str) -> None:
    """As plugins/module_utils/journal.py, which is not there where only the library is."""
    syslog.openlog("kdump-enabler", 0, syslog.LOG_USER)
    syslog.syslog(syslog.LOG_NOTICE, text)


def message(record: Record) -> dict[str, Any]:
    """What the web address gets: no content of the dump, and none of its log."""
    return {"schema": SCHEMA, "host": platform.node(), "dump": {name: record[name] for name in SENT}}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Urllib would follow with a GET without the message, and call that a success."""

    def redirect_request(self, *_arguments: Any) -> None:
        """Follow nothing: the answer is the error that it is."""


def post(webhook: str, record: Record) -> str:
    """Send the message; a sentence when that failed. The address is not in it beyond the host: it may hold a key."""
    body, head = json.dumps(message(record)).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(webhook, body, head)  # noqa: S310 - http and https, see Channels
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=WEBHOOK_SECONDS):
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        reason = f"it answered {error.code}"
    except (OSError, HTTPException) as error:
        reason = visible(str(getattr(error, "reason", None) or error or type(error).__name__))
    return f"The webhook on {urlsplit(webhook).hostname} failed: {reason}"


def run(command: str, record: Record) -> str:
    """Give the text to the command; a sentence when that failed."""
    words = _words(command)
    shown = f"\n  sudo kdump-enabler dumps show {shlex.quote(visible(key(record)))}\n"
    text = f"{visible(platform.node())}: {line(record)}\n{shown}"
    try:
        done = subprocess.run(words, input=text.encode(), capture_output=True, timeout=COMMAND_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        reason = f"it took more than {COMMAND_SECONDS} seconds"
    except OSError as error:
        reason = str(error.strerror)
    else:
        reason = f"it ended with {done.returncode}" if done.returncode else ""
    return f"The command {words[0]} failed: {reason}" if reason else ""


def announce(
    records: Iterable[Record], identifier: str | None, channels: Channels, state: Path, everything: bool
) -> tuple[list[str], list[str]]:
    """Tell of each new dump; the lines, and the sentences of what failed. What failed is new again the next time.
    `identifier` is the word of the last crash on purpose; with `everything` a first run tells of all that is there."""
    found, before = list(records), told_before(state)
    known = set(before or ())
    if before is None and not everything:
        known = {key(one) for one in new(found, ())}
    if before is None:
        remember(state, known)
    lines: list[str] = []
    failures: list[str] = []
    for one in new(found, known):
        record = settled(one, identifier)
        failed = tell(record, channels)
        lines.append(line(record))
        failures += failed
        if not failed:
            known.add(key(record))
            remember(state, known)
    return lines, list(dict.fromkeys(failures))
