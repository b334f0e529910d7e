"""Which distribution it is, however its os-release is written (os-release(5): a shell-like file, never run)."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdump_enabler import evidence
from kdump_enabler.facts import os_release
from tests.unit.building import raw, seen

ETC, USR = "/etc/os-release", "/usr/lib/os-release"
CASES = [
    ("ID=debian\nVERSION_ID=12\n", "debian", "12"),
    ('ID="debian"\nVERSION_ID="12"\n', "debian", "12"),
    ("ID='debian'\nVERSION_ID='12'\n", "debian", "12"),
    ('# comment\n\nNAME="x y"\nVERSION_ID="12"   \nID=debian\n', "debian", "12"),
    ("ID=debian\nVERSION_CODENAME=trixie\n", "debian", ""),  # testing has no VERSION_ID
    ('ID="sles"\nVERSION_ID="15.7"\nID_LIKE="suse"\n', "sles", "15.7"),
    ('ID=fedora\nVERSION_ID=43\nPRETTY_NAME="Fedora \\"43\\" \\$1"\n', "fedora", "43"),
    ("ID=arch\n", "arch", ""),
]


@pytest.mark.parametrize(("text", "identifier", "version"), CASES)
def test_identity(text: str, identifier: str, version: str) -> None:
    found = os_release.read(seen({ETC: text}))
    assert found is not None
    assert (found.id, found.version) == (identifier, version)


def test_a_quoted_name_keeps_what_was_escaped() -> None:
    found = os_release.read(seen({ETC: 'ID=x\nPRETTY_NAME="Say \\"hi\\""\n'}))
    assert found is not None
    assert found.name == 'Say "hi"'


def test_like_is_a_list() -> None:
    found = os_release.read(seen({ETC: 'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID=22\n'}))
    assert found is not None
    assert found.like == ("ubuntu", "debian")


def test_the_vendor_file_is_read_where_etc_has_none() -> None:
    made = raw({USR: "ID=debian\nVERSION_ID=12\n"})
    made["files"][ETC] = {"error": "ENOENT"}
    found = os_release.read(evidence.from_raw(made))
    assert found is not None
    assert found.id == "debian"


def test_no_file_is_no_identity_not_that_of_this_machine() -> None:
    assert os_release.read(seen()) is None


def test_nothing_in_it_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    os_release.read(seen({ETC: f'ID=debian\nNAME="$(touch {mark})`touch {mark}`"\ntouch {mark}\n'}))
    assert not mark.exists()
