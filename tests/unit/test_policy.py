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
