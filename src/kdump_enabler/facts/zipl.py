"""IBM Z, whose kernels zipl starts: it has to run after each change, and this version does not do that."""

from __future__ import annotations

from ..platforms import Platform

ARCH = "s390x"
# By the dialect of kdump's settings: what a person types, before enabling the unit and a reboot. kdumpctl runs zipl
# itself (_update_kernel_cmdline); that of EL 8 has no such command, and grubby of EL 8 leaves zipl to the caller. The
# scripts of kdump-tools put a value into /etc/zipl.conf where there is none (its postinst).
BY_HAND = {
    "kdump-tools": "`apt-get install kdump-tools` puts crashkernel= into parameters= of /etc/zipl.conf;"
    " change it there if need be, then `zipl`",
    "kdump.conf": "`kdumpctl reset-crashkernel --kernel=ALL` writes the reservation and runs zipl",
}
OF_EL8 = "`grubby --update-kernel=ALL --args=crashkernel=auto`, then `zipl`"


def why_not(platform: Platform) -> str:
    """The sentence for such a machine, with what a person can do."""
    old = platform.dialect == "kdump.conf" and "bls" not in platform.boot_loaders
    typed = OF_EL8 if old else BY_HAND[platform.dialect]
    unit = f"`systemctl enable {platform.unit}`"
    return f"{platform.name} on {ARCH} boots by zipl, which this version does not run: {typed}; {unit}, then reboot"
