"""Holds a result document against the published schema, once as it is and once without its promise of more keys."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

import kdump_enabler

FILE = Path(kdump_enabler.__file__).with_name("data") / "result-1.schema.json"
SCHEMA: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Every part of the schema that lists the keys of an object, but for those that only add a condition."""
    if isinstance(schema, dict):
        if "properties" in schema and "type" in schema:
            yield schema
        for part in schema.values():
            yield from objects(part)


def strict() -> dict[str, Any]:
    """The schema without its promise that more keys may come: a key that is not described fails."""
    closed = copy.deepcopy(SCHEMA)
    for part in objects(closed):
        part["additionalProperties"] = False
    return closed


def keeps_to_the_schema(result: Mapping[str, Any]) -> None:
    """Fails with the path of the first value that is not as the schema says."""
    as_read = json.loads(json.dumps(result))
    Draft202012Validator(SCHEMA).validate(as_read)
    Draft202012Validator(strict()).validate(as_read)
