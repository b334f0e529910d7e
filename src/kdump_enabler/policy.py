"""The policy: what a machine should be like. Its keys are the public kdump_* variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import UserError
from .facts.crashkernel import is_valid

# kernel.panic is the way back when the jump into the capture kernel fails; the others turn an event after which
# the kernel cannot be trusted into a panic, so that it leaves a dump (admin-guide/sysctl/kernel.rst).
DEFAULT_SYSCTLS: Mapping[str, int] = {
    "kernel.panic": 10,
    "kernel.panic_on_oops": 1,
    "kernel.panic_on_unrecovered_nmi": 1,
    "kernel.unknown_nmi_panic": 1,
}
SYSRQ_WORDS = ("auto", "keep")
SYSRQ_ALL_BITS = 511  # every bit of admin-guide/sysrq.rst


@dataclass(frozen=True)
class Policy:
    """Wanted state.

    crashkernel: `auto`, or what comes after `crashkernel=`; crashkernel_allow_lower: an explicit value may lower a
    larger reservation; sysctls: explicit values over DEFAULT_SYSCTLS, null leaves a key alone; sysrq: `auto` adds
    the crash key to what the machine has, `keep` leaves it, a number is written as it is.
    """

    crashkernel: str = "auto"
    crashkernel_allow_lower: bool = False
    sysctls: Mapping[str, int | None] = field(default_factory=dict)
    sysrq: str | int = "auto"

    def sysctl_wanted(self) -> dict[str, int]:
        """Every managed key with its wanted value."""
        merged = {**DEFAULT_SYSCTLS, **self.sysctls}
        return {key: value for key, value in sorted(merged.items()) if value is not None}


def from_variables(variables: Mapping[str, Any]) -> Policy:
    """The policy that public variables state. Raises UserError with the path of the first value that is wrong."""
    unknown = sorted(set(variables) - set(READERS))
    if unknown:
        raise UserError(f"{unknown[0]} is not a policy variable", f"Known: {', '.join(sorted(READERS))}.")
    values: dict[str, Any] = {
        name.removeprefix("kdump_"): READERS[name](name, value) for name, value in variables.items()
    }
    return Policy(**values)


def _crashkernel(name: str, value: Any) -> str:
    text = str(value).removeprefix("crashkernel=")
    if text != "auto" and (not is_valid(text) or text.endswith((",low", ",cma"))):
        raise UserError(
            f"{name}: {value!r} is no value the kernel can read",
            "Examples: auto, 512M, 2G-64G:256M,64G-:512M.",
        )
    return text


def _boolean(name: str, value: Any) -> bool:
    words = {"true": True, "false": False}  # `-e name=value` gives Ansible text
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    if not isinstance(value, bool):
        raise UserError(f"{name}: {value!r} is neither true nor false")
    return value


def _sysctls(name: str, value: Any) -> dict[str, int | None]:
    if not isinstance(value, Mapping):
        raise UserError(f"{name}: must be a mapping of keys to numbers")
    for key, number in value.items():
        if key not in DEFAULT_SYSCTLS:
            raise UserError(f"{name}.{key}: not a key of the panic policy", f"Known: {', '.join(DEFAULT_SYSCTLS)}.")
        if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
            raise UserError(f"{name}.{key}: {number!r} is not a whole number", "Use null to leave the key alone.")
    return dict(value)


def _sysrq(name: str, value: Any) -> str | int:
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    is_bits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= SYSRQ_ALL_BITS
    if not is_bits and value not in SYSRQ_WORDS:
        raise UserError(f"{name}: {value!r} is neither auto, keep nor a number from 0 to {SYSRQ_ALL_BITS}")
    return value if isinstance(value, int) else str(value)


READERS = {
    "kdump_crashkernel": _crashkernel,
    "kdump_crashkernel_allow_lower": _boolean,
    "kdump_sysctls": _sysctls,
    "kdump_sysrq": _sysrq,
}
