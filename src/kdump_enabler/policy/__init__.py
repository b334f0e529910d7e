"""The policy: what a machine should be like. Its keys are the public kdump_* variables.

It is stated in layers, each over the one before: our defaults, the profile, the file on the machine, the inventory,
--policy, and options of the command line. A mapping is merged key by key.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import UserError
from ..facts.crashkernel import is_valid
from . import profiles, sysctls
from .profiles import Profile
from .sysctls import Value

PROFILE = "kdump_panic_profile"
SYSRQ = "kernel.sysrq"
PROVIDERS = PACKAGE, OWN = "package", "own"
SYSRQ_WORDS = ("auto", "keep")
SYSRQ_ALL_BITS = 511  # every bit of admin-guide/sysrq.rst


@dataclass(frozen=True)
class Layer:
    """Values that one place states, by the names of public variables; `source` names the place for people, `lines` is
    where in that file each value stands, by its path."""

    source: str
    values: Mapping[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)

    def origin(self, path: str) -> str:
        """Where a value of this layer is stated, by its path: the source, with the line where that is a file."""
        return f"{self.source}:{self.lines[path]}" if path in self.lines else self.source


@dataclass(frozen=True)
class Origin:
    """One value of the effective policy and the place that stated it; `key` is its path, such as
    kdump_sysctls.kernel.panic."""

    key: str
    value: Any
    source: str


class PolicyError(UserError):
    """A value that cannot be meant: `path` holds the keys that lead to it."""

    def __init__(self, path: tuple[str, ...], problem: str, hint: str = "") -> None:
        super().__init__(f"{'.'.join(path)}: {problem}", hint)
        self.path = path
        self.problem = problem


@dataclass(frozen=True)
class Policy:
    """Wanted state.

    crashkernel: `auto`, or what comes after `crashkernel=`; crashkernel_allow_lower: an explicit value may lower a
    larger reservation; panic_profile: the set of panic settings to start from; sysctls: explicit values over it, null
    leaves a key alone; late_arming: what makes events panic is set at boot only after a capture kernel is loaded;
    sysrq: `auto` adds the crash key to what the machine has, `keep` leaves it, a number is written as it is;
    proof_max_age_days: how old the proof by a crash may be, null demands none; provider: what loads the capture kernel
    and writes the dump, the distribution's package where there is one, or our own units. `stated` are the values
    that somebody stated, by the names of the variables; `origins` tells where every value comes from.
    """

    crashkernel: str = "auto"
    crashkernel_allow_lower: bool = False
    panic_profile: str = profiles.DEFAULT
    sysctls: Mapping[str, Value | None] = field(default_factory=dict)
    late_arming: bool = False
    sysrq: str | int = "auto"
    proof_max_age_days: int | None = None
    provider: str = PACKAGE
    stated: Mapping[str, Any] = field(default_factory=dict, compare=False)
    origins: tuple[Origin, ...] = field(default=(), compare=False)

    @property
    def profile(self) -> Profile:
        """The set of panic settings to start from."""
        return profiles.table()[self.panic_profile]

    @property
    def sysrq_stated(self) -> bool:
        """Somebody named a value for SysRq; otherwise it is that of the profile."""
        return "kdump_sysrq" in self.stated

    def sysctl_wanted(self) -> dict[str, Value]:
        """Every key that is demanded with its wanted value: a 0 of the profile demands nothing."""
        demanded = {key: value for key, value in self.profile.sysctls.items() if value != 0}
        merged = {**demanded, **self.sysctls}
        return {key: value for key, value in sorted(merged.items()) if value is not None}


def from_variables(variables: Mapping[str, Any]) -> Policy:
    """The policy that public variables state. Raises PolicyError with the path of the first value that is wrong."""
    for name in sorted(map(str, set(variables) - set(READERS))):
        raise PolicyError((name,), "not a policy variable", f"Known: {', '.join(sorted(READERS))}.")
    values: dict[str, Any] = {name: READERS[name](name, value) for name, value in variables.items()}
    profile = profiles.table()[values.get(PROFILE, profiles.DEFAULT)]
    found = {"kdump_sysrq": profile.sysrq, **values}
    return Policy(**{name.removeprefix("kdump_"): value for name, value in found.items()}, stated=values)


def effective(layers: Iterable[Layer]) -> Policy:
    """The policy of all layers, the weakest first. Raises PolicyError as from_variables() does."""
    found = tuple(layers)
    return replace(from_variables(merged(found)), origins=tuple(origins(found)))


def merged(layers: Iterable[Layer]) -> dict[str, Any]:
    """What the layers state together; the last one that names a value wins."""
    found: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.values.items():
            both = isinstance(value, Mapping) and isinstance(found.get(name), Mapping)
            found[name] = {**found[name], **value} if both else value
    return found


def origins(layers: Iterable[Layer]) -> list[Origin]:
    """Every value of the effective policy with the layer it comes from, by path."""
    stated = tuple(layers)
    found: dict[str, Origin] = {}
    profile = profiles.table()[merged(stated).get(PROFILE, profiles.DEFAULT)]
    values = {"kdump_sysctls": profile.sysctls} | ({} if profile.sysrq == "auto" else {"kdump_sysrq": profile.sysrq})
    for layer in (Layer("default", DEFAULTS), Layer(f"profile {profile.name}", values), *stated):
        found |= {key: Origin(key, value, layer.origin(key)) for key, value in _flat(layer.values)}
    return [found[key] for key in sorted(found)]


def _flat(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{key}", inner) for key, inner in value.items())
        else:
            yield name, value


def _crashkernel(name: str, value: Any) -> str:
    text = str(value).removeprefix("crashkernel=")
    if text != "auto" and (not is_valid(text) or text.endswith((",low", ",cma"))):
        raise PolicyError(
            (name,),
            f"{value!r} is no value the kernel can read",
            "Examples: auto, 512M, 2G-64G:256M,64G-:512M.",
        )
    return text


def _boolean(name: str, value: Any) -> bool:
    words = {"true": True, "false": False}  # `-e name=value` gives Ansible text
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    if not isinstance(value, bool):
        raise PolicyError((name,), f"{value!r} is neither true nor false")
    return value


def _profile(name: str, value: Any) -> str:
    if not isinstance(value, str) or value not in profiles.table():
        raise PolicyError((name,), f"{value!r} is no profile", f"Known: {', '.join(profiles.table())}.")
    return value


def _sysctls(name: str, value: Any) -> dict[str, Value | None]:
    if not isinstance(value, Mapping):
        raise PolicyError((name,), "must be a mapping of keys to values")
    return {key: _sysctl(name, key, wanted) for key, wanted in value.items()}


def _sysctl(name: str, key: Any, value: Any) -> Value | None:
    if key not in sysctls.managed():
        near = difflib.get_close_matches(str(key), sysctls.managed(), 3, 0.6)
        hint = "kernel.sysrq has a variable of its own, kdump_sysrq." if key == SYSRQ else ""
        known = f"Known: {', '.join(near or sysctls.managed())}."
        raise PolicyError((name, str(key)), "not a key of the panic policy", hint or known)
    row = sysctls.table()[key]
    if value is None:
        return None
    problem = row.wrong(value)
    if problem:
        raise PolicyError((name, key), problem, "Use null to leave the key alone.")
    return row.written(value)


def _sysrq(name: str, value: Any) -> str | int:
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    is_bits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= SYSRQ_ALL_BITS
    if not is_bits and value not in SYSRQ_WORDS:
        raise PolicyError((name,), f"{value!r} is neither auto, keep nor a number from 0 to {SYSRQ_ALL_BITS}")
    return value if isinstance(value, int) else str(value)


def _days(name: str, value: Any) -> int | None:
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return value
    raise PolicyError((name,), f"{value!r} is no number of days", "Use null to demand no proof.")


def _provider(name: str, value: Any) -> str:
    if value not in PROVIDERS:
        raise PolicyError((name,), f"{value!r} is neither {' nor '.join(PROVIDERS)}")
    return str(value)


READERS = {
    "kdump_crashkernel": _crashkernel,
    "kdump_crashkernel_allow_lower": _boolean,
    "kdump_late_arming": _boolean,
    PROFILE: _profile,
    "kdump_proof_max_age_days": _days,
    "kdump_provider": _provider,
    "kdump_sysctls": _sysctls,
    "kdump_sysrq": _sysrq,
}
DEFAULTS: Mapping[str, Any] = {
    "kdump_crashkernel": "auto",
    "kdump_crashkernel_allow_lower": False,
    "kdump_late_arming": False,
    PROFILE: profiles.DEFAULT,
    "kdump_proof_max_age_days": None,
    "kdump_provider": PACKAGE,
    "kdump_sysrq": "auto",
}
