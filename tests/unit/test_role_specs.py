"""What roles say they take: every input is there and described, and the table of docs/variables.md says the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from kdump_enabler.policy import READERS, Policy

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
INCLUDED = re.compile(r"name: kdump\.enabler\.(\w+)")
VARIABLE = re.compile(r"(?<![\w.])kdump_\w+")  # not a part of something, such as kdump_plan.kdump_config
ROW = re.compile(r"^\| `(kdump_\w+)` \| (.*?) \|", re.MULTILINE)
# Read by the action that looks at a host, from the variables of the host.
OF_THE_LOOK = {*READERS, "kdump_host_timeout", "kdump_take_over", "kdump_test_container"}
OTHERS = (
    "dump_units",
    "dumps",
    "fetch_dumps",
    "prove",
    "prune_dumps",
    "rollback",
    "simulate",
)  # that have playbooks of their own
# Set by the playbook that is run, not by people.
OF_PLAYBOOKS = {"kdump_goal", "kdump_ends_the_play", "kdump_with_dumps", "kdump_hosts_at_once", "kdump_rollout"}


def spec(role: str) -> dict[str, Any]:
    """The main entry point of a role."""
    text = (ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["argument_specs"]["main"]
    return found


def tasks(role: str) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in (ROOT / "roles" / role / "tasks").glob("*.yml"))


def registered() -> set[str]:
    """What some role leaves for later ones."""
    return {name for role in ROLES for name in re.findall(r"register: (kdump_\w+)", tasks(role))}


def read_by(role: str) -> set[str]:
    """The variables in a role's expressions, and those of the look where it judges."""
    judges = "kdump.enabler.audit:" in tasks(role)
    return set(VARIABLE.findall(tasks(role))) | (OF_THE_LOOK if judges else set())


def set_by(role: str) -> set[str]:
    """The variables that a role gives to tasks and roles below."""
    return set(re.findall(r"^ +(?:loop_var: (?=kdump))?(kdump_\w+)(?:: |:?$)", tasks(role), re.MULTILINE))


def read_below(role: str) -> set[str]:
    """The variables of a role and of those that it includes."""
    return read_by(role).union(*(read_by(name) for name in INCLUDED.findall(tasks(role))))


@pytest.mark.parametrize("role", ROLES)
def test_inputs_are_stated(role: str) -> None:
    names = set(spec(role)["options"])
    assert set(VARIABLE.findall(tasks(role))) - registered() - set_by(role) <= names
    assert names <= read_below(role)


@pytest.mark.parametrize("role", ROLES)
def test_everything_is_described(role: str) -> None:
    found = spec(role)
    assert found["short_description"]
    assert found["description"]
    assert [name for name, option in found["options"].items() if not option.get("description")] == []


def test_what_roles_of_the_plan_need_is_required() -> None:
    options = {role: spec(role)["options"] for role in ROLES}
    assert all(found["kdump_plan"]["required"] for found in options.values() if "kdump_plan" in found)
    assert sum("kdump_plan" in found for found in options.values()) >= 6


def test_defaults_are_those_in_effect() -> None:
    policy = {name: getattr(Policy(), name.removeprefix("kdump_")) for name in READERS}
    in_file = yaml.safe_load((ROOT / "roles/kdump/defaults/main.yml").read_text(encoding="utf-8"))
    below = yaml.safe_load((ROOT / "roles/reboot/defaults/main.yml").read_text(encoding="utf-8"))
    stated = {name: option["default"] for name, option in spec("kdump")["options"].items()}
    assert stated == policy | in_file | below


def test_the_table_has_the_same_variables_and_defaults() -> None:
    rows = dict(ROW.findall((ROOT / "docs" / "variables.md").read_text(encoding="utf-8")))
    options = {name: option for name, option in spec("kdump")["options"].items() if name not in OF_PLAYBOOKS}
    playbooks = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "playbooks").glob("*.yml"))
    needed = set(options) | (set(VARIABLE.findall(playbooks)) - OF_PLAYBOOKS)
    others = {name for role in OTHERS for name in spec(role)["options"]}
    assert set(rows) == needed | others
    shown = {name: yaml.safe_load(rows[name].strip("`")) for name in options}
    assert shown == {name: option["default"] for name, option in options.items()}
