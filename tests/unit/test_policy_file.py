"""Policy files: what is wrong is named with its file, line and path; layers come over each other in order."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kdump_enabler.errors import UserError
from kdump_enabler.policy import Layer, effective
from kdump_enabler.policy.policy_file import HOST_FILE, in_effect, load, read, text
from tests.hosts import machines
from tests.unit.building import identifiers, judge, seen

SOURCE = "fleet.yml"
# A file, the line and the words that the message must have.
WRONG = [
    ("kdump_crashkernel: lots\n", "line 1: kdump_crashkernel: 'lots'"),
    ("# why\nkdump_sysctls:\n  kernel.panic: 5\n  kernel.panic_on_oops: x\n", "line 4: kdump_sysctls.kernel.panic_on"),
    ("kdump_sysctls:\n  vm.swappiness: 5\n", "line 2: kdump_sysctls.vm.swappiness: not a key"),
    ("kdump_sysctls:\n  kernel.panic_on_oops: 2\n", "line 2: kdump_sysctls.kernel.panic_on_oops: 2 is not from 0 to 1"),
    ("# a typo\nkdump_panic_profile: bear-metal\n", "line 2: kdump_panic_profile: 'bear-metal' is no profile"),
    ("kdump_sysctls:\n  kernel.printk: 4\n", "line 2: kdump_sysctls.kernel.printk: 4 is not text"),
    ("kdump_sysctls: [1]\n", "line 1: kdump_sysctls: must be a mapping"),
    ("kdump_sysrq: 1\nkdump_reboot: never\n", "line 2: kdump_reboot: not a policy variable"),
    ("kdump_sysrq: 1\nkdump_sysrq: 2\n", "line 2: kdump_sysrq: given twice"),
    ("kdump_sysctls:\n  kernel.panic: 1\n  kernel.panic: 2\n", "line 3: kdump_sysctls.kernel.panic: given twice"),
    ("1: 2\n", "line 1: 1: not a policy variable"),
    ("kdump_crashkernel: [512M\n", "line 2: did not find expected"),
    ("kdump_crashkernel: !!python/object:os.system x\n", "line 1: "),
    ("- kdump_crashkernel\n", "a policy is a mapping"),
    ("\x07", "characters are not allowed"),
]


@pytest.mark.parametrize(("content", "words"), WRONG)
def test_wrong(content: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        read(content, SOURCE)
    assert str(caught.value).startswith(SOURCE)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.one_of(st.text(), st.text(alphabet="kdump_crashkernel:sysrq \n-[]{}'\"#&*!|>01234567890")))
def test_any_text_is_read_or_refused(content: str) -> None:
    try:
        layer = read(content, SOURCE)
    except UserError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right
    else:
        effective([layer])


@pytest.mark.parametrize("content", ["", "---\n", "# nothing yet\n", "{}\n"])
def test_nothing_stated(content: str) -> None:
    assert read(content, SOURCE).values == {}


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="not UTF-8"):
        load(str(path))


def test_what_is_written_reads_back() -> None:
    values = {"kdump_crashkernel": "512M", "kdump_sysctls": {"kernel.panic": -1, "kernel.panic_on_oops": None}}
    assert read(text(values), SOURCE).values == values
    assert yaml.safe_load(text(values)) == values


def test_layers_in_order() -> None:
    remembered = "kdump_crashkernel: 1G\nkdump_sysrq: keep\nkdump_sysctls: {kernel.panic: 5, kernel.panic_on_oops: 0}\n"
    chosen = [
        Layer("inventory", {"kdump_crashkernel": "512M", "kdump_sysctls": {"kernel.panic": 20}}),
        Layer("fleet.yml", {"kdump_sysctls": {"kernel.panic": 30}}),
        Layer("command line", {"kdump_crashkernel": "256M"}),
    ]
    found = in_effect(seen({HOST_FILE: remembered}), chosen)
    assert (found.crashkernel, found.sysrq, found.sysctls["kernel.panic"]) == ("256M", "keep", 30)
    assert {one.key: one.source for one in found.origins} == {
        "kdump_crashkernel": "command line",
        "kdump_crashkernel_allow_lower": "default",
        "kdump_late_arming": "default",
        "kdump_panic_profile": "default",
        "kdump_proof_max_age_days": "default",
        "kdump_provider": "default",
        "kdump_sysctls.kernel.panic": "fleet.yml",
        "kdump_sysctls.kernel.panic_on_oops": f"{HOST_FILE}:3",
        "kdump_sysctls.kernel.panic_on_unrecovered_nmi": "profile standard",
        "kdump_sysctls.kernel.unknown_nmi_panic": "profile standard",
        "kdump_sysrq": f"{HOST_FILE}:2",
    }


def ready_with(remembered: str | None) -> dict[str, Any]:
    raw = copy.deepcopy(machines.load("debian12-ready"))
    raw["files"][HOST_FILE] = {"error": "ENOENT"}
    if remembered is not None:
        machines.write(raw, HOST_FILE, remembered)
    return raw


def test_a_choice_is_written_to_the_machine_once() -> None:
    raw = ready_with(None)
    found = judge(raw, sysrq="keep")
    (change,) = found.plan.kdump_config
    assert identifiers(found) == ["KD090 info"]
    assert (found.verdict.value, change.path, change.before) == ("ready", HOST_FILE, "")
    assert yaml.safe_load(change.text or "") == {"kdump_sysrq": "keep"}
    assert judge(ready_with(change.text), sysrq="keep").plan.empty


def test_the_same_in_other_words_is_left_alone() -> None:
    own = "# told by Ann\nkdump_sysctls: {kernel.panic: 10}\n"
    assert judge(ready_with(own), sysctls={"kernel.panic": 10}).plan.empty


def test_nothing_chosen_writes_nothing() -> None:
    assert judge(ready_with(None)).plan.empty


def test_a_machine_is_judged_by_what_it_remembers() -> None:
    raw = ready_with("kdump_crashkernel: 1G\n")
    found = in_effect(seen({HOST_FILE: "kdump_crashkernel: 1G\n"}), [])
    assert found.crashkernel == "1G"
    assert "KD020 error" in identifiers(judge(raw, crashkernel="1G"))


def test_a_file_closed_to_us_is_unknown() -> None:
    raw = ready_with("kdump_crashkernel: 1G\n")
    machines.unreadable(raw, HOST_FILE)
    found = judge(raw)
    assert identifiers(found) == ["KD090 warning"]
    assert (found.verdict.value, found.plan.kdump_config) == ("unknown", ())
