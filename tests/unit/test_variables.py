"""Misspelt variables of an inventory are refused; ours, those of other roles and people's own are not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kdump_enabler.policy import PolicyError
from kdump_enabler.policy.variables import STATED, refuse_misspelt
from tests.test_result_schema import answering, play

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"(?<![\w.])kdump_\w+")
ROW = re.compile(r"^\| `(kdump_\w+)` \|", re.MULTILINE)
# README.md of linux-system-roles/kdump, and what its tasks read and set.
OF_ANOTHER_ROLE = [
    "kdump_auto_reset_crashkernel",
    "kdump_core_collector",
    "kdump_dracut_args",
    "kdump_kdump_tools",
    "kdump_path",
    "kdump_reboot_ok",
    "kdump_reboot_required",
    "kdump_ssh_server",
    "kdump_ssh_user",
    "kdump_sshkey",
    "kdump_system_action",
    "kdump_target",
]
KEYWORDS = ["kdump_pre", "kdump_post"]  # of kdump.conf(5)
OWN = ["kdump_crashkernel_size", "kdump_server", "kdump_owner", "kdump_enabled", "other_crashkernel"]


def test_what_people_state_is_what_the_documents_name() -> None:
    """Its table is that of the roles' argument specs (test_role_specs.py)."""
    assert set(ROW.findall((ROOT / "docs/variables.md").read_text(encoding="utf-8"))) == STATED


def test_no_name_of_ours_is_taken_for_a_typing_error() -> None:
    """What plays register, roles hand on, and the command passes."""
    files = [
        file
        for folder in ("roles", "playbooks", "plugins", "ansible")
        for pattern in ("*.yml", "*.py")
        for file in (ROOT / folder).rglob(pattern)
    ]
    names = {name for file in files for name in NAME.findall(file.read_text(encoding="utf-8"))}
    assert len(names) > len(STATED)
    refuse_misspelt(names)


@pytest.mark.parametrize("names", [OF_ANOTHER_ROLE, KEYWORDS, OWN, [*STATED]])
def test_other_names_pass(names: list[str]) -> None:
    refuse_misspelt(names)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("kdump_crashkernal", "kdump_crashkernel"),
        ("kdump_crash_kernel", "kdump_crashkernel"),
        ("kdump_sysctl", "kdump_sysctls"),
        ("kdump_sysrc", "kdump_sysrq"),
        ("kdump_host", "kdump_hosts"),
        ("kdump_proof_max_age", "kdump_proof_max_age_days"),
    ],
)
def test_a_misspelt_one_is_refused_with_the_one_that_was_meant(name: str, meant: str) -> None:
    with pytest.raises(PolicyError, match=f"^{name}: not a variable of kdump-enabler$") as refused:
        refuse_misspelt(["ansible_host", meant, name])
    assert refused.value.hint.startswith(f"Did you mean {meant}?")


def test_a_host_with_a_misspelt_variable_is_refused_and_the_others_are_looked_at(tmp_path: Path) -> None:
    python = answering(tmp_path, "debian12-ready")
    own = {"ansible_connection": "local", "ansible_python_interpreter": python}
    hosts = {"web1": own | {"kdump_crashkernal": "512M"}, "web2": own | {"kdump_path": "/dumps"}}
    found = play("check", tmp_path / "hosts.json", hosts)
    assert (found["web2"]["verdict"], found["web1"]["exit_code"]) == ("ready", 2)
    assert found["web1"]["trouble"]["sentence"] == "kdump_crashkernal: not a variable of kdump-enabler"
