"""A rollout over six machines as an administrator does it: the plan, a canary that fails, a later batch that fails, the
same again once they are mended, and the reboots with each host taken out of service before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .fleet import Answer, enabler, fleet, inventory, put, records, variables
from .rebooting import LOADS, Reboots

pytestmark = [pytest.mark.system, pytest.mark.long]
NAMES = [f"web{number}" for number in range(1, 7)]
BROKEN = "/etc/grub.d/99_broken"
# A host that is busy cannot be taken out of service.
HOOKS = {
    "kdump_before_down": ["test ! -e /root/busy", "sh -c 'echo down >> /root/service'"],
    "kdump_after_down": ["sh -c 'echo up >> /root/service'"],
}


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Reboots, Path]]:
    """Six machines of one kind, which can be rebooted, and their inventory."""
    with fleet("roll", len(NAMES)) as made, Reboots(dict(zip(NAMES, made, strict=True))) as reboots:
        for container in made:
            container.ssh(LOADS)
        hosts = {name: variables(container) for name, container in reboots.containers.items()}
        yield reboots, inventory(tmp_path_factory.mktemp("rollout") / "hosts.json", hosts)


def fates(answer: Answer) -> list[str]:
    """What became of each host: its verdict, what failed, or why it was not tried."""
    found = records(answer)
    return [
        found[name].get("trouble", {}).get("kind", "")
        or found[name]["reason"].removeprefix("it was not tried, because the rollout stopped: ")
        or found[name]["verdict"]
        for name in NAMES
    ]


def test_the_whole_of_a_rollout(six: tuple[Reboots, Path]) -> None:
    """One step after the other; what an earlier run did is left alone by the next."""
    reboots, hosts = six
    by_name, form = reboots.containers, ("--format", "json")
    for name in ("web1", "web4"):
        put(by_name[name], {BROKEN: "#!/bin/sh\nexit 7\n"})
    dry = enabler("enable", "-i", hosts, "--dry-run")
    assert dry.text.count("A run would, on web1, web2, web3, web4 and 2 more:") == 1
    paced = ("enable", "-i", hosts, "-y", "--canary", "1", "--batch", "2", "--max-failures", "0", *form)

    answer = enabler(*paced)
    assert fates(answer)[1:] == ["the canary web1 failed"] * 5
    assert (fates(answer)[0], answer.exit_status) == ("grub_mkconfig_failed", 1)
    by_name["web1"].ssh(f"rm {BROKEN}")

    answer = enabler(*paced)
    done = "reboot-pending"
    assert fates(answer) == [done, done, done, "grub_mkconfig_failed", done, "web4 failed"]
    by_name["web4"].ssh(f"rm {BROKEN}")

    answer = enabler(*paced)
    assert (fates(answer), answer.exit_status) == ([done] * 6, 3)
    assert set(reboots.count.values()) == {0}, "nobody consented to that"

    by_name["web3"].ssh("touch /root/busy")
    down = ("reboot", "-i", hosts, "-y", "--batch", "2", *form, "--", "-e", json.dumps(HOOKS))
    answer = enabler(*down)
    assert fates(answer) == ["ready", "ready", "task", "ready", "web3 failed", "web3 failed"]
    assert answer.exit_status == 1
    by_name["web3"].ssh("rm /root/busy")

    answer = enabler(*down)
    assert (fates(answer), answer.exit_status) == (["ready"] * 6, 0)
    assert set(reboots.count.values()) == {1}, "what was ready was left alone"
    for container in by_name.values():
        assert container.ssh("cat /root/service").stdout == "down\nup\n"
