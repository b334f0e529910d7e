"""Containers, which share the kernel of their host."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts.machine import Facts
from ..facts.ours import CONTAINER_MARKS
from ..finding import Finding, Severity, Source
from ..policy import Policy


def of_tests(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD001: why a result of this host proves little: a container has no kernel of its own, so a panic is its
    host's (systemd-nspawn(1)). kdump_test_container lets tests of packages, files and units run in one; what its
    kernel says is then the test's word."""
    if facts.test_container:
        mark = next(mark for mark in CONTAINER_MARKS if facts.evidence.file(mark).error is None)
        yield Finding(
            id="KD001",
            severity=Severity.WARNING,
            title="This is a test container; nothing here says what its kernel would do",
            current="kdump_test_container is true",
            wanted="a machine with a kernel of its own",
            evidence=(Source(mark),),
            remedy="take kdump_test_container out of the inventory, unless this is a test",
            by_hand=True,
        )
