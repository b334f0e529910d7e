"""A container is not ours to configure, unless a test says so; then every result says so, too."""

from __future__ import annotations

import pytest

from kdump_enabler import evidence
from kdump_enabler.audit import audit
from kdump_enabler.errors import UserError
from kdump_enabler.policy import Policy, from_variables
from tests.hosts import machines
from tests.unit.building import identifiers


def test_a_test_container_is_judged_like_the_machine_it_pretends_to_be() -> None:
    raw = machines.load("debian12-pristine")
    like = audit(evidence.from_raw(raw), Policy())
    machines.write(raw, "/run/systemd/container", "systemd-nspawn\n")
    found = audit(evidence.from_raw(raw), Policy(), test_container=True)
    assert found.verdict == like.verdict
    assert found.plan == like.plan
    assert identifiers(found) == sorted([*identifiers(like), "KD001 warning"])


def test_without_the_word_it_is_unsupported() -> None:
    found = audit(evidence.from_raw(machines.load("debian12-container")), Policy())
    assert (found.verdict.value, found.findings) == ("unsupported", ())
    assert "container" in found.as_dict("c")["reason"]


def test_one_that_is_unsupported_for_another_reason_says_so_too() -> None:
    raw = machines.load("debian12-container")
    machines.write(raw, "/etc/os-release", "ID=plan9\nVERSION_ID=4\n")
    found = audit(evidence.from_raw(raw), Policy(), test_container=True)
    assert found.verdict.value == "unsupported"
    assert identifiers(found) == ["KD001 warning"]


def test_the_word_means_nothing_on_a_machine() -> None:
    seen = evidence.from_raw(machines.load("debian12-ready"))
    assert audit(seen, Policy(), test_container=True) == audit(seen, Policy())


def test_no_policy_file_can_say_it() -> None:
    with pytest.raises(UserError, match="kdump_test_container: not a policy variable"):
        from_variables({"kdump_test_container": True})
