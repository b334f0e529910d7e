"""The policy's edge: what is wrong is refused with the path of the value."""

from __future__ import annotations

from typing import Any

import pytest

from kdump_enabler.errors import UserError
from kdump_enabler.policy import Policy, from_variables

# Variables, the path and the value that the message must name.
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"kdump_crashkernel": "lots"}, "kdump_crashkernel", "lots"),
    ({"kdump_crashkernel": ""}, "kdump_crashkernel", "''"),
    ({"kdump_crashkernel": "512MB"}, "kdump_crashkernel", "512MB"),
    ({"kdump_crashkernel": "512M 1G"}, "kdump_crashkernel", "512M 1G"),
    ({"kdump_crashkernel": '512M"; touch /x; "'}, "kdump_crashkernel", "touch"),
    ({"kdump_crashkernel": None}, "kdump_crashkernel", "None"),
    ({"kdump_crashkernel": True}, "kdump_crashkernel", "True"),
    ({"kdump_crashkernel_allow_lower": "yes"}, "kdump_crashkernel_allow_lower", "yes"),
    ({"kdump_crashkernel_allow_lower": 1}, "kdump_crashkernel_allow_lower", "1"),
    ({"kdump_sysctls": ["kernel.panic"]}, "kdump_sysctls", "mapping"),
    ({"kdump_sysctls": None}, "kdump_sysctls", "mapping"),
    ({"kdump_sysctls": {"vm.swappiness": 1}}, "kdump_sysctls.vm.swappiness", "panic policy"),
    ({"kdump_sysctls": {"kernel.panic": "10"}}, "kdump_sysctls.kernel.panic", "'10'"),
    ({"kdump_sysctls": {"kernel.panic": 1.5}}, "kdump_sysctls.kernel.panic", "1.5"),
    ({"kdump_sysctls": {"kernel.panic_on_oops": True}}, "kdump_sysctls.kernel.panic_on_oops", "True"),
    ({"kdump_sysctls": {"kernel.sysrq": 1}}, "kdump_sysctls.kernel.sysrq", "panic policy"),
    ({"kdump_sysctls": {"kernel.kexec_load_disabled": 1}}, "kdump_sysctls.kernel.kexec_load_disabled", "panic policy"),
    ({"kdump_sysctls": {"vm.panic_on_oom": 3}}, "kdump_sysctls.vm.panic_on_oom", "3 is not from 0 to 2"),
    ({"kdump_sysctls": {"kernel.printk": "4 4 1"}}, "kdump_sysctls.kernel.printk", "4 numbers"),
    ({"kdump_sysctls": {"kernel.printk": "4 4 1 16"}}, "kdump_sysctls.kernel.printk", "0 to 15"),
    ({"kdump_sysctls": {"kernel.panic_sys_info": "mem,stacks"}}, "kdump_sysctls.kernel.panic_sys_info", "'stacks'"),
    ({"kdump_panic_profile": "vmm"}, "kdump_panic_profile", "'vmm' is no profile"),
    ({"kdump_panic_profile": None}, "kdump_panic_profile", "None is no profile"),
    ({"kdump_panic_profile": ["vm"]}, "kdump_panic_profile", "['vm']"),
    ({"kdump_profile": "vm"}, "kdump_profile", "not a policy variable"),
    ({"kdump_late_arming": 1}, "kdump_late_arming", "1"),
    ({"kdump_sysrq": "on"}, "kdump_sysrq", "on"),
    ({"kdump_sysrq": True}, "kdump_sysrq", "True"),
    ({"kdump_sysrq": 512}, "kdump_sysrq", "512"),
    ({"kdump_sysrq": -1}, "kdump_sysrq", "-1"),
    ({"kdump_sysrq": None}, "kdump_sysrq", "None"),
    ({"kdump_sysrg": 1}, "kdump_sysrg", "not a policy variable"),
    ({"crashkernel": "512M"}, "crashkernel", "not a policy variable"),
]


@pytest.mark.parametrize(("variables", "path", "value"), WRONG)
def test_wrong(variables: dict[str, Any], path: str, value: str) -> None:
    with pytest.raises(UserError) as caught:
        from_variables(variables)
    sentence = str(caught.value)
    assert sentence.startswith(path)
    assert value in sentence
    assert "\n" not in sentence


def test_nothing_said_is_the_default() -> None:
    assert from_variables({}) == Policy(crashkernel="auto", crashkernel_allow_lower=False, sysctls={}, sysrq="auto")


def test_everything_said() -> None:
    found = from_variables(
        {
            "kdump_crashkernel": "crashkernel=512M",
            "kdump_crashkernel_allow_lower": True,
            "kdump_sysctls": {"kernel.panic": -1, "kernel.unknown_nmi_panic": None},
            "kdump_sysrq": 0,
        }
    )
    assert (found.crashkernel, found.crashkernel_allow_lower, found.sysrq) == ("512M", True, 0)
    assert found.sysctl_wanted() == {
        "kernel.panic": -1,
        "kernel.panic_on_oops": 1,
        "kernel.panic_on_unrecovered_nmi": 1,
    }


def test_a_typo_names_what_is_near() -> None:
    with pytest.raises(UserError) as caught:
        from_variables({"kdump_sysctls": {"kernel.softlockup-panic": 1}})
    assert caught.value.hint.startswith("Known: kernel.softlockup_panic")


def test_profiles_are_listed_to_who_names_none() -> None:
    with pytest.raises(UserError) as caught:
        from_variables({"kdump_panic_profile": "standart"})
    assert caught.value.hint == "Known: minimal, standard, vm, bare-metal, cluster-node, forensic, article."


def test_a_zero_of_a_profile_demands_nothing_and_a_stated_one_is_a_value() -> None:
    profile = {"kdump_panic_profile": "cluster-node"}
    assert "vm.panic_on_oom" not in from_variables(profile).sysctl_wanted()
    stated = from_variables({**profile, "kdump_sysctls": {"vm.panic_on_oom": 0, "kernel.hardlockup_panic": None}})
    assert stated.sysctl_wanted()["vm.panic_on_oom"] == 0
    assert "kernel.hardlockup_panic" not in stated.sysctl_wanted()


@pytest.mark.parametrize(
    ("variables", "sysrq"),
    [
        ({"kdump_panic_profile": "article"}, 1),
        ({"kdump_panic_profile": "article", "kdump_sysrq": "keep"}, "keep"),
        ({"kdump_panic_profile": "article", "kdump_sysrq": "auto"}, "auto"),
        ({"kdump_panic_profile": "forensic"}, "auto"),
    ],
)
def test_a_profile_may_say_what_sysrq_is(variables: dict[str, Any], sysrq: str | int) -> None:
    assert from_variables(variables).sysrq == sysrq


def test_values_as_the_kernel_shows_them() -> None:
    values = {"kernel.printk": "7\t4 1  7", "kernel.panic_sys_info": "mem, tasks"}
    found = from_variables({"kdump_sysctls": values}).sysctls
    assert found == {"kernel.printk": "7 4 1 7", "kernel.panic_sys_info": "tasks,mem"}
