"""What a command is asked to do, and what the user is told to type after it."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from kdump_enabler.errors import UserError
from kdump_enabler.request import Request


@pytest.mark.parametrize("given", [{"inventory": ""}, {"inventory": "hosts.yml", "limit": ""}], ids=str)
def test_an_empty_word_is_not_taken_for_this_machine_or_for_all_hosts(given: dict[str, Any]) -> None:
    """A script's variable that is not set."""
    with pytest.raises(UserError, match="is given, and empty"):
        Request("table", None, **given)


def test_what_to_type_is_for_the_same_hosts_and_the_same_policy() -> None:
    asked = Request(
        "table", None, "sp ace/hosts.yml", limit="web*:!web3", policy="fleet.yml", profile="vm", ask_become_pass=True
    )
    words = ["-i", "sp ace/hosts.yml", "--limit", "web*:!web3", "--policy", "fleet.yml", "--profile", "vm", "-K"]
    assert shlex.split(asked.enable_command) == ["kdump-enabler", "enable", *words]
    assert Request("table", None, "hosts.yml").enable_command == "kdump-enabler enable -i hosts.yml"
    assert Request("table", None).enable_command == "sudo kdump-enabler enable"


@pytest.mark.parametrize(("batch", "means"), [("5", True), ("100%", True), ("7%", True), ("0", False), ("150%", False)])
def test_a_batch_is_a_number_of_hosts_or_a_part_of_them(batch: str, means: bool) -> None:
    if means:
        assert Request("table", None, "hosts.yml", batch=batch).batch == batch
        return
    with pytest.raises(UserError, match="neither a number of hosts nor a percentage"):
        Request("table", None, "hosts.yml", batch=batch)
