"""IBM Z: zipl starts the kernels."""

from __future__ import annotations

from collections.abc import Callable

from .. import bases
from ..bases import Change
from ..machines import Raw, kernel, remove
from ..red_hat import EL8, EL9, GRUB_CFG, GRUB_ENV, installed
from ..roots import X86_KEYS


def s390x(raw: Raw) -> None:
    """The same machine on s390x, without GRUB."""
    raw["machine"] = "s390x"
    kernel(raw, arch="s390x")
    for path in (*X86_KEYS, GRUB_CFG, GRUB_ENV, bases.GRUB_CFG):
        remove(raw, path)


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "debian12-s390x": (bases.pristine, s390x),
    "rhel8-s390x": (installed(EL8), s390x),
    "rhel9-s390x": (installed(EL9), s390x),
}
