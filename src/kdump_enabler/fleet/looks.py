"""What the hosts of a fleet answer when asking.py asks them, judged as it comes, on a processor of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import evidence, objections, platforms, trouble
from ..errors import UserError
from ..policy import Layer, policy_file, profiles, sysctls
from ..report import document, packing


class Looks:
    """A watcher of the events of asking.py that keeps each host's record, as text."""

    def __init__(self, for_change: bool) -> None:
        self._for_change = for_change
        self._records: dict[str, str] = {}
        self._left: set[str] = set()

    def prepare(self) -> None:
        """Load what judging takes, while Ansible starts, which takes longer."""
        from .. import audit  # noqa: F401, PLC0415

        for tables in (platforms, profiles, sysctls):
            tables.table()

    def __call__(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """The event without the answer, once that is judged; any other event as it is."""
        if "look" not in event:
            return event
        host, look = event["host"], event["look"]
        told = {name: value for name, value in event.items() if name != "look"}
        found, is_done = _judged(host, look) if event["event"] == "ok" else (_lost(event), False)
        self._records[host] = packing.packed(found)
        if self._for_change and not is_done:
            self._left.add(host)
            told["event"] = "skipped"  # the change tells of it
        return told

    def left(self, names: Sequence[str]) -> list[str]:
        """Those of these hosts that a change goes on with, in the same order."""
        return [name for name in names if name in self._left]

    def knows(self, names: Sequence[str]) -> bool:
        """Whether all of these hosts were looked at."""
        return self._records.keys() >= set(names)

    def taken(self, names: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Those of these hosts that were looked at, with their records, which are not kept any longer."""
        known = [name for name in names if name in self._records]
        return zip(known, packing.unpacked(self._records.pop(name) for name in known), strict=True)


def _judged(host: str, look: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The host's record, and whether a change would have nothing to do here."""
    from ..audit import audit  # noqa: PLC0415 - what takes longest to load, see prepare()

    try:
        seen = evidence.load(look["evidence"])
        policy = policy_file.in_effect(seen, [Layer(**layer) for layer in look["layers"]])
    except UserError as error:
        return _failed(host, {"msg": str(error), "hint": error.hint, "kind": "policy", "exit_code": 2}), False
    found = audit(seen, policy, test_container=look["test_container"])
    kept = {"evidence_not_kept": look["evidence_not_kept"]} if look["evidence_not_kept"] else {}
    begun = found.facts is not None and found.facts.run is not None
    is_done = found.plan.empty and not begun and not objections.before_change(found)
    return found.as_dict(host) | kept, is_done


def _lost(event: Mapping[str, Any]) -> dict[str, Any]:
    if event["event"] == "unreachable":
        return document.from_play(event["host"], {"kdump_audit": event["look"]})
    return _failed(event["host"], event["look"], event["task"])


def _failed(host: str, look: Mapping[str, Any], task: str = "") -> dict[str, Any]:
    known = {"kdump_audit": look, "kdump_trouble": trouble.of_result(task, look).told()}
    return document.from_play(host, known)
