"""The result document: one record for each host and their sum. Its keys are stable; README describes them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

from .. import __version__
from ..dumps import pruning, with_origins
from ..errors import UserError
from ..fleet import reaching
from ..trouble import Trouble
from ..verdict import EXIT_CODES, Verdict, worst_exit_code
from .names import several
from .packing import read

SCHEMA = "kdump-enabler/result/1"
NAMED = 4  # hosts in a sentence
USAGE_ERROR = 2
NEEDED = {"generated_at", "summary", "hosts"}
NOT_A_RESULT = "Give what `kdump-enabler check --format json -o FILE` wrote."
NOT_BACK = "it was crashed on purpose and has not come back"
NOT_TRIED = "it was not tried, because the rollout stopped: {reason}"
MISSING = "no result has it; the run that should have looked at it may have failed, or its result is not given here"
AGAIN = "run the same again: it goes on from there"  # said of a host of which nobody saw the end of the work
LOST = f"its connection broke or Ansible stopped before the work on it ended; {AGAIN}"
LOST_AT = f"it was lost at the step `{{step}}` ({{why}}); {AGAIN}"

T = TypeVar("T")


def document(hosts: Iterable[Mapping[str, Any]], generated_at: str = "") -> dict[str, Any]:
    """The result document of these host records, made now if nothing else is said."""
    records = [dict(host) for host in hosts]
    return {**head((record["verdict"] for record in records), generated_at), "hosts": records}


def head(verdicts: Iterable[str], generated_at: str = "") -> dict[str, Any]:
    """What the document of hosts with these verdicts says beside their records."""
    summary = {verdict.value: 0 for verdict in Verdict}
    for verdict in verdicts:
        summary[verdict] += 1
    return {
        "schema": SCHEMA,
        "generated_at": generated_at or datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "tool_version": __version__,
        "summary": summary,
    }


def load(path: str) -> dict[str, Any]:
    """A result document that was written to a file. Raises UserError for anything else."""
    try:
        found = read(Path(path))
    except ValueError as error:
        where = f"{path}, line {error.lineno}" if isinstance(error, json.JSONDecodeError) else path
        raise UserError(f"{where}: this is not JSON", NOT_A_RESULT) from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA or not found.keys() >= NEEDED:
        raise UserError(f"{path} is not a result of the format {SCHEMA}", NOT_A_RESULT)
    return found


def loaded(paths: Iterable[str]) -> list[dict[str, Any]]:
    """The result documents of several files; one that cannot be loaded has a record in its own name that says so, and
    no time. Raises UserError or OSError where none can be."""
    return each(paths, load, lambda path, error: document([unread(path, error)]) | {"generated_at": ""})


def each(names: Iterable[str], read: Callable[[str], T], otherwise: Callable[[str, Exception], T]) -> list[T]:
    """What is read for each of the names, and what stands for those where that failed. Raises the first UserError or
    OSError where it failed for all."""
    found = [(name, _tried(read, name)) for name in names]
    errors = [one for _, one in found if isinstance(one, Exception)]
    if errors and len(errors) == len(found):
        raise errors[0]
    return [otherwise(name, one) if isinstance(one, Exception) else one for name, one in found]


def _tried(read: Callable[[str], T], name: str) -> T | Exception:
    try:
        return read(name)
    except (UserError, OSError) as error:
        return error


def unread(name: str, error: Exception) -> dict[str, Any]:
    """The record that stands for a file whose hosts nobody knows."""
    why = f"it could not be read: {error.strerror}" if isinstance(error, OSError) else str(error)
    return nobody(name, Verdict.UNKNOWN, why)


def merged(results: Iterable[Mapping[str, Any]], expected: Iterable[str] = ()) -> dict[str, Any]:
    """Several results as one, of the time of the newest. Of a host that is in several of them the newest record
    counts for which somebody looked at it; the order is that in which the names came first. `joined` says of which
    hosts that is so, and which of those that are `expected` are in none: these are unknown."""
    ordered = sorted(results, key=lambda result: str(result["generated_at"]))
    every = [host for result in ordered for host in result["hosts"]]
    names: dict[str, Mapping[str, Any]] = {}
    for host in every:
        if host["host"] not in names or was_looked_at(host):
            names[host["host"]] = host
    count = Counter(host["host"] for host in every)
    missing = {name: nobody(name, Verdict.UNKNOWN, MISSING) for name in expected if name not in names}
    said = {"results": len(ordered), "repeated": [name for name in names if count[name] > 1], "missing": list(missing)}
    found = document([*names.values(), *missing.values()], str(ordered[-1]["generated_at"]))
    why = next((result["cut_off"]["why"] for result in reversed(ordered) if "cut_off" in result), "")
    cut = marked(found, why) if why and not all(map(was_looked_at, names.values())) else found
    return cut | ({"joined": said} if len(ordered) > 1 or missing else {})


def marked(result: Mapping[str, Any], why: str) -> dict[str, Any]:
    """The result of a run that was cut off, with a mark that says so; `why` is a clause."""
    left = sum(not was_looked_at(host) for host in result["hosts"])
    hosts = len(result["hosts"])
    return {**result, "cut_off": {"why": why, "hosts": hosts, "answered": hosts - left}}


def cut_off(result: Mapping[str, Any]) -> str:
    """What a person is told of the mark, in a sentence or two; empty for the result of a whole run."""
    mark = result.get("cut_off")
    if not mark:
        return ""
    left = [host["host"] for host in result["hosts"] if not was_looked_at(host)]
    rest = f" Not looked at: {several(left, NAMED)}. Run it again for all of them." if left else ""
    halves = [host["host"] for host in result["hosts"] if AGAIN in host["reason"]]
    half = f"; the work on {several(halves, NAMED)} was cut off in the middle" if halves else ""
    return f"{mark['why']}: {mark['answered']} of {mark['hosts']} hosts were asked{half}.{rest}"


def was_looked_at(host: Mapping[str, Any]) -> bool:
    """Whether a run got to this host before it was cut off; those of whole runs do not say so."""
    return bool(host.get("looked_at", True))


def joined(result: Mapping[str, Any], elsewhere: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A result with the records of hosts that were seen elsewhere after its own."""
    both = document(told_apart([*result["hosts"], *elsewhere]))
    return {**result, "summary": both["summary"], "hosts": both["hosts"]}


def told_apart(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The records, of which no two have one name: what is no live host, and has the name of another, is called by its
    source, too."""
    given = [dict(record) for record in records]
    count = Counter(record["host"] for record in given)
    taken: set[str] = set()
    for record in given:
        seen = record.get("seen") or {}
        if count[record["host"]] > 1 and seen.get("source"):
            short = f"{record['host']} ({Path(seen['source']).name})"
            record["host"] = short if short not in taken else f"{record['host']} ({seen['source']})"
        taken.add(record["host"])
    return given


def what_failed(host: Mapping[str, Any]) -> str:
    """What went wrong on a host and what to do about it, in sentences; empty where nothing did."""
    found = host.get("trouble") or {"sentence": "", "hint": ""}
    told = filter(None, (found["sentence"], found["hint"]))
    return " ".join(text if text.endswith((".", "?", "!")) else f"{text}." for text in told)


def seen_elsewhere(host: Mapping[str, Any]) -> str:
    """How a host was looked at that was not asked itself; empty for one that was. Earlier results do not tell."""
    seen = host.get("seen")
    if not seen or seen["how"] == "live":
        return ""
    at = f" of {seen['at'][:16].replace('T', ' ')} UTC" if seen["at"] and seen["how"] != "image" else ""
    where = "" if seen["source"] == host["host"] else f", {seen['source']}"  # that of a nameless recording
    return f"{seen['how']}{at}{where}"


def exit_code(result: Mapping[str, Any]) -> int:
    """The exit code of a result: the worst of its hosts, and 2 for a run that was cut off."""
    return USAGE_ERROR if "cut_off" in result else worst_exit_code(host["exit_code"] for host in result["hosts"])


def from_play(host: str, variables: Mapping[str, Any], dumps: bool = False, stopped: str = "") -> dict[str, Any]:
    """The record of one host from what a play registered for it: its last look, what failed, and with `dumps` what
    dumps it has. A host that the play left without a last word was lost on the way, or was not tried because the
    rollout `stopped`, for this reason."""
    if stopped and "kdump_audit" not in variables:
        return nobody(host, Verdict.UNKNOWN, NOT_TRIED.format(reason=stopped))
    record = _from_play(host, variables) | _work_on_dumps(variables) | _simulation(variables)
    if dumps:
        found = (variables.get("kdump_dumps") or {}).get("vmcores")
        record["vmcores"] = None if found is None else with_origins(found, record["proof"])
    return record


def _simulation(variables: Mapping[str, Any]) -> dict[str, Any]:
    """What a simulation led to; what it should lead to is in the first look."""
    found = (variables.get("kdump_proof") or {}).get("simulation")
    return {"simulation": found} if found else {}


def _work_on_dumps(variables: Mapping[str, Any]) -> dict[str, Any]:
    """What became of dumps that were to be fetched or removed."""
    work = {"fetched": (variables.get("kdump_fetched") or {}).get("fetched")}
    decided, removed = (variables.get("kdump_pruned") or {}).get("pruned"), variables.get("kdump_removed") or {}
    if decided is not None:
        work["pruned"] = pruning.done(decided, removed.get("removed", ()), removed.get("left", {}))
    return {name: found for name, found in work.items() if found is not None}


def _from_play(host: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    look = variables.get("kdump_audit") or {}
    seen = json.loads(look["record"]) if "record" in look else None
    if look.get("unreachable"):
        return nobody(host, Verdict.UNREACHABLE, reaching.reason(str(look.get("msg", ""))))
    found = _trouble(variables)
    if not found and (look.get("open") or seen is None):
        return nobody(host, Verdict.UNKNOWN, LOST)
    record: dict[str, Any] = seen or nobody(host, Verdict.UNKNOWN, found.msg if found else "")
    if (variables.get("kdump_proof") or {}).get("returned") is False:
        record = nobody(host, Verdict.UNREACHABLE, NOT_BACK)  # what was seen was before the crash
    restored = variables.get("kdump_restored")
    if restored:
        record["plan"] = [{"step": step, "changes": changes} for step, changes in _steps_back(restored)]
    killed = (variables.get("kdump_begun") or {}).get("killed")
    if killed:
        record["killed_run"] = {**killed, "continued": killed.get("run") == look.get("run")}
    if found:
        record["trouble"] = {"kind": found.kind, "sentence": found.msg, "hint": found.hint}
        if found.diff:
            record["trouble"]["diff"] = found.diff
        # What was refused, or could not be seen, says so; otherwise the worse of both counts.
        refused = found.exit_code == USAGE_ERROR or seen is None
        record["exit_code"] = USAGE_ERROR if refused else worst_exit_code([record["exit_code"], found.exit_code])
    return record


def _steps_back(restored: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What going back to a backup set changes, from what kdump.enabler.restore returned, and what it leaves."""
    gone = restored.get("removed", ())
    yield from (("remove file" if path in gone else "put back", path) for path in restored.get("paths", ()))
    yield from (("set now", f"{key} = {value}") for key, value in restored.get("settings", {}).items())
    for unit, state in restored.get("units", {}).items():
        if state["before"] != state["after"]:
            yield ("enable unit" if state["before"] == "enabled" else "disable unit"), unit
    if restored.get("packages"):
        yield "keep packages", ", ".join(restored["packages"])


def nobody(host: str, verdict: Verdict, reason: str) -> dict[str, Any]:
    """The record of a host that nothing could be seen of."""
    return {
        "host": host,
        "seen": None,
        "verdict": verdict.value,
        "captures_now": None,
        "exit_code": EXIT_CODES[verdict],
        "reason": reason,
        "facts": None,
        "findings": [],
        "plan": [],
        "policy": [],
        "backups": None,
        "proof": None,
    }


def _trouble(variables: Mapping[str, Any]) -> Trouble | None:
    found = variables.get("kdump_trouble")
    if not found:
        return None
    return Trouble(found["kind"], found["sentence"], found["hint"], found["exit_code"], found.get("lines", ""))
