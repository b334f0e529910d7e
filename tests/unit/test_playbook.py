"""How a playbook is run: with the collection of this package, whatever else is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdump_enabler import playbook

ROOT = Path(__file__).resolve().parents[2]


def test_the_collection_of_this_package_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", "/elsewhere")
    first, *others = playbook._environment()["ANSIBLE_COLLECTIONS_PATH"].split(":")
    assert (Path(first) / "ansible_collections/kdump/enabler/playbooks/enable.yml").samefile(
        ROOT / "playbooks/enable.yml"
    )
    assert others == ["/elsewhere"]


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ([], "it printed nothing"),
        (["PLAY", "[ERROR]: the playbook could not be found"], "the playbook could not be found"),
        (["failed on web1: no such type", "ERROR! later"], "web1: no such type"),
    ],
)
def test_the_reason_of_a_run_without_a_result(output: list[str], reason: str) -> None:
    assert playbook._last_words(output) == f"Ansible ended without a result: {reason}"
