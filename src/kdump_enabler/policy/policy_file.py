"""Policy files: YAML that holds public kdump_* variables. One on a machine is how a choice is remembered there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ..errors import UserError
from ..evidence import Evidence
from ..platforms import LOADER
from . import Layer, Policy, PolicyError, effective, from_variables

HOST_FILE = "/etc/kdump-enabler/policy.yml"
HEADER = "# What kdump-enabler was told to make of this machine; `kdump-enabler check` goes by it.\n"


def read(text: str, source: str) -> Layer:
    """The layer that a policy file states. Raises UserError with the file, the line and the path of the value."""
    try:
        root = yaml.compose(text, Loader=LOADER)
        values = yaml.load(text, Loader=LOADER)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise UserError(f"{_place(source, error)}: {_problem(error)}", "Mend the YAML.") from error
    if root is None or values is None:
        return Layer(source, {})
    if not isinstance(values, Mapping):
        raise UserError(f"{source}: a policy is a mapping of kdump_* variables", "Example: kdump_crashkernel: 512M")
    _refuse_repeated(root, source)
    try:
        from_variables(values)
    except PolicyError as error:
        line = _line(root, error.path)
        raise UserError(f"{source}, line {line}: {error}", error.hint) from error
    return Layer(source, values, dict(_lines(root)))


def load(path: str) -> Layer:
    """The layer of a policy file on this machine. Raises UserError as read() does, OSError when it cannot be read."""
    try:
        return read(Path(path).read_text(encoding="utf-8"), path)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text") from error


def of_host(evidence: Evidence) -> Layer:
    """What is remembered on a machine; empty when nothing is, or when it could not be read."""
    return read(evidence.text(HOST_FILE) or "", HOST_FILE)


def in_effect(evidence: Evidence, chosen: Iterable[Layer]) -> Policy:
    """The policy of a machine: what is remembered on it, with what was chosen for this run over it."""
    return effective([of_host(evidence), *chosen])


def text(values: Mapping[str, Any]) -> str:
    """The policy file that states these values."""
    return HEADER + yaml.safe_dump(dict(values), default_flow_style=False, sort_keys=True)


def _refuse_repeated(node: yaml.Node, source: str, path: str = "") -> None:
    """YAML readers take the last of two equal keys without a word: one of them was not meant."""
    if not isinstance(node, yaml.MappingNode):
        return
    seen = set()
    for key, value in node.value:
        name = f"{path}{key.value}"
        if name in seen:
            raise UserError(f"{source}, line {key.start_mark.line + 1}: {name}: given twice", "Leave one of them out.")
        seen.add(name)
        _refuse_repeated(value, source, f"{name}.")


def _lines(node: yaml.Node, path: str = "") -> Iterator[tuple[str, int]]:
    """Each value of a mapping and of those in it, by its path, with its line."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        yield f"{path}{key.value}", key.start_mark.line + 1
        yield from _lines(value, f"{path}{key.value}.")


def _line(node: yaml.Node, path: tuple[str, ...]) -> int:
    """The line of the key at the end of a path."""
    line = node.start_mark.line
    for name in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        key, node = next(((key, value) for key, value in pairs if key.value == name), (node, node))
        line = key.start_mark.line
    return int(line) + 1


def _place(source: str, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"{source}, line {mark.line + 1}" if mark else source


def _problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error).splitlines()[0]
