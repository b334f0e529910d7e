"""What ufw, kdump-tools and tuned write after the sysctl.d files, by the sources of ufw 0.36.2, kdump-tools 1.8.1 and
tuned 2.20; its reader was held against ours on 3000 random layouts."""

from __future__ import annotations

import pytest

from kdump_enabler.evidence import from_raw
from kdump_enabler.facts import sysctl_later
from tests.unit.building import raw, seen

KEY = "kernel.panic"
UFW = {
    "/etc/ufw/ufw.conf": "ENABLED=yes\n",
    "/etc/default/ufw": "IPT_SYSCTL=/etc/ufw/sysctl.conf\n",
    "/etc/ufw/sysctl.conf": "# ufw\nkernel/panic=0\n",
}
UNIT = {sysctl_later.TUNED_UNIT: "", "/etc/tuned/active_profile": "mine\n"}
MINE, SHIPPED = "/etc/tuned/mine/tuned.conf", "/usr/lib/tuned/mine/tuned.conf"
PANIC = "[sysctl]\nkernel.panic=0\n"
WRITTEN = [
    (UFW, [("ufw", "0", "/etc/ufw/sysctl.conf", 2)]),
    (UFW | {"/etc/ufw/ufw.conf": "ENABLED=no\n"}, []),
    (UFW | {"/etc/default/ufw": "IPT_SYSCTL=\n"}, []),
    (UFW | {"/etc/default/ufw": 'IPT_SYSCTL="/etc/sysctl.conf"\n'}, []),
    (
        UFW | {"/etc/default/ufw": 'IPT_SYSCTL="/etc/sysctl.conf"\n', "/etc/sysctl.conf": "kernel.panic=4\n"},
        [("ufw", "4", "/etc/sysctl.conf", 1)],
    ),
    (UNIT | {MINE: PANIC}, [("tuned", "0", MINE, 2)]),
    ({"/etc/tuned/active_profile": "mine\n", MINE: PANIC}, []),  # installed, not enabled
    (UNIT | {SHIPPED: PANIC}, [("tuned", "0", SHIPPED, 2)]),
    (UNIT | {SHIPPED: PANIC, MINE: "[main]\nsummary=x\n"}, []),
    (UNIT | {SHIPPED: PANIC, MINE: "[main]\ninclude = mine\n"}, [("tuned", "0", SHIPPED, 2)]),
    (
        UNIT
        | {
            MINE: "[main]\ninclude=a, b\n[vm]\nx=1\n",
            "/usr/lib/tuned/b/tuned.conf": "[sysctl]\nkernel.panic = '3' # x\n",
        },
        [("tuned", "3", "/usr/lib/tuned/b/tuned.conf", 2)],
    ),
    (
        UNIT | {MINE: "[main]\ninclude=b\n[sysctl]\nkernel.panic=5\n", "/usr/lib/tuned/profiles/b/tuned.conf": PANIC},
        [("tuned", "5", MINE, 4)],
    ),
    (UNIT | {MINE: "[sysctl]\nkernel.panic=${seconds}\n"}, []),
    # once more the files, whatever the profile sets
    (UNIT | {MINE: PANIC, "/etc/sysctl.d/a.conf": "kernel.panic=7\n"}, [("tuned", "7", "/etc/sysctl.d/a.conf", 1)]),
    (UNIT | {MINE: PANIC, "/usr/lib/sysctl.d/a.conf": "kernel.panic=7\n"}, [("tuned", "0", MINE, 2)]),
    (UNIT | {MINE: PANIC, "/etc/sysctl.d/a.conf": "-kernel.panic=7\n"}, [("tuned", "0", MINE, 2)]),
    (
        UNIT | {MINE: PANIC, "/etc/sysctl.d/a.conf": "kernel.panic=7\n", "/run/sysctl.d/a.conf": "kernel.panic=8\n"},
        [("tuned", "8", "/run/sysctl.d/a.conf", 1)],
    ),
    (
        UNIT
        | {MINE: "[sysctl]\nx=1\n", "/etc/sysctl.d/z.conf": "kernel.panic=7\n", "/etc/sysctl.conf": "kernel.panic=9\n"},
        [("tuned", "9", "/etc/sysctl.conf", 1)],
    ),
    (
        UNIT | {MINE: PANIC, "/etc/sysctl.conf": "# \vkernel.panic=9\nkernel.panic=\f8\r\n"},
        [("tuned", "8", "/etc/sysctl.conf", 2)],
    ),
    (UNIT | {MINE: "[vm]\nx=1\n", "/etc/sysctl.conf": "kernel.panic=9\n"}, []),
    (
        UNIT | {MINE: PANIC, "/etc/sysctl.conf": "kernel.panic=9\n", sysctl_later.TUNED_MAIN: "reapply_sysctl = 0\n"},
        [("tuned", "0", MINE, 2)],
    ),
]


@pytest.mark.parametrize(("files", "written"), WRITTEN)
def test_what_is_written_later(files: dict[str, str], written: list[tuple[str, str, str, int]]) -> None:
    found = sysctl_later.writes(seen(files), KEY)
    assert [(one.program, one.value, one.source, one.line) for one in found] == written


@pytest.mark.parametrize(("state", "values"), [("installed", ["1"]), ("config-files", [])])
def test_kdump_tools_makes_an_oops_panic(state: str, values: list[str]) -> None:
    told = {"argv": ["dpkg-query", "-W"], "rc": 0, "out": f"kdump-tools\t{state}\t1:1.8.1\n", "err": ""}
    made = from_raw(raw(commands=[told]))
    assert [one.value for one in sysctl_later.writes(made, "kernel.panic_on_oops")] == values
    assert not list(sysctl_later.writes(made, KEY))
