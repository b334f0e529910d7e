"""Which platform a machine is, and the sentence when it is none: os-release files as they are published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdump_enabler import evidence, platforms
from kdump_enabler.facts import os_release, recognise
from kdump_enabler.facts.os_release import OsRelease
from tests.hosts import machines
from tests.unit.building import raw
from tests.unit.converging import converge

KNOWN = [
    ("ID=debian\nVERSION_ID=12\n", "debian-12"),
    ('PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nVERSION_CODENAME=trixie\nID=debian\n', "debian-13"),
    # Testing and unstable have no VERSION_ID; before its release Debian 13 was "trixie/sid", and earlier such files
    # had no VERSION_CODENAME either.
    ('PRETTY_NAME="Debian GNU/Linux forky/sid"\nVERSION_CODENAME=forky\nID=debian\n', "debian-testing"),
    ('PRETTY_NAME="Debian GNU/Linux trixie/sid"\nVERSION_CODENAME=trixie\nID=debian\n', "debian-13"),
    ('PRETTY_NAME="Debian GNU/Linux bookworm/sid"\nID=debian\n', "debian-12"),
    ("ID=ubuntu\nID_LIKE=debian\nVERSION_ID='24.04'\nUBUNTU_CODENAME=noble\n", "ubuntu-24.04"),
    ("ID=ubuntu\nID_LIKE=debian\nVERSION_ID=26.04\nUBUNTU_CODENAME=resolute\n", "ubuntu-26.04"),
    ('ID=pop\nID_LIKE="ubuntu debian"\nVERSION_ID="22.04"\nUBUNTU_CODENAME=jammy\n', "ubuntu-22.04"),
    ("ID=linuxmint\nID_LIKE=ubuntu\nVERSION_ID=20.3\nVERSION_CODENAME=una\nUBUNTU_CODENAME=focal\n", "ubuntu-20.04"),
    (
        'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID=22\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME=noble\n',
        "ubuntu-24.04",
    ),
    ("ID=linuxmint\nID_LIKE=debian\nVERSION_ID=6\nVERSION_CODENAME=faye\nDEBIAN_CODENAME=bookworm\n", "debian-12"),
    ("ID=linuxmint\nID_LIKE=debian\nVERSION_ID=7\nVERSION_CODENAME=gigi\nDEBIAN_CODENAME=trixie\n", "debian-13"),
    ("ID=raspbian\nID_LIKE=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\n", "debian-12"),
    ("ID=kali\nID_LIKE=debian\nVERSION_ID=2025.4\nVERSION_CODENAME=kali-rolling\n", "debian-testing"),
    (
        'ID=elementary\nID_LIKE="ubuntu debian"\nVERSION_ID=7\nVERSION_CODENAME=horus\nUBUNTU_CODENAME=jammy\n',
        "ubuntu-22.04",
    ),
    (
        'ID=zorin\nID_LIKE="ubuntu debian"\nVERSION_ID=17\nVERSION_CODENAME=jammy\nUBUNTU_CODENAME=jammy\n',
        "ubuntu-22.04",
    ),
    # Like Debian by its own word, and made from Ubuntu's packages.
    ("ID=trisquel\nID_LIKE=debian\nVERSION_ID=11.0\nVERSION_CODENAME=aramo\nUBUNTU_CODENAME=jammy\n", "ubuntu-22.04"),
    ("ID=fedora\nVERSION_ID=44\nVARIANT_ID=server\n", "fedora-44"),
    ('ID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.6"\nPLATFORM_ID="platform:el9"\n', "rhel-9"),
    ('ID="rhel"\nID_LIKE="centos fedora"\nVERSION_ID="10.0"\n', "rhel-10"),
    ('ID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="9"\n', "rhel-9"),
    ('ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.5"\n', "rhel-9"),
    ('ID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="10.0"\n', "rhel-10"),
    ('ID="ol"\nID_LIKE="fedora"\nVARIANT_ID="server"\nVERSION_ID="9.5"\n', "oracle-9"),
    ('ID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"\n', "amazon-2023"),
    ('ID="rhel"\nID_LIKE="fedora"\nVERSION_ID="8.10"\n', "rhel-8"),
    ('ID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="8"\n', "rhel-8"),
    ('ID="ol"\nID_LIKE="fedora"\nVARIANT_ID="server"\nVERSION_ID="8.9"\n', "oracle-8"),
    # Odd, and allowed by os-release(5)
    ("ID='debian'\nVERSION_ID='11'\n", "debian-11"),
    ('ID=deb\\ian\nVERSION_ID=1"2"\n', "debian-12"),
    ('BROKEN="no end\nID=debian\nVERSION_ID=12\n', "debian-12"),
]
UNKNOWN = [
    ("ID=debian\nVERSION_ID=1\n", "which knows Debian 11, 12, 13, testing; Ubuntu 20.04"),
    ("ID=debian\n", "which knows Debian"),
    ("ID=debian\nVERSION_CODENAME=duke\n", "which knows Debian"),
    ("ID=ubuntu\nID_LIKE=debian\nVERSION_ID=18.04\nVERSION_CODENAME=bionic\nUBUNTU_CODENAME=bionic\n", "which knows"),
    # A derivative's version counts its own releases.
    ("ID=linuxmint\nID_LIKE=debian\nVERSION_ID=12\n", "does not say on which release it is built (no DEBIAN_CODENAME)"),
    ("ID=linuxmint\nID_LIKE=ubuntu\nVERSION_ID=19.3\nUBUNTU_CODENAME=bionic\n", "it is built on ubuntu bionic, which"),
    (
        'NAME="Parrot OS"\nID=parrot\nID_LIKE=debian\nVERSION_ID=5.3\nVERSION_CODENAME=ara\n',
        "Parrot OS 5.3 is not supported by this version: it is like debian, and its os-release does not say on which "
        "release it is built (no DEBIAN_CODENAME; VERSION_CODENAME=ara is its own)",
    ),
    # What is like Fedora has releases of its own.
    (
        'NAME="Amazon Linux"\nID="amzn"\nID_LIKE="centos rhel fedora"\nVERSION_ID="2"\n',
        "Amazon Linux 2 is not supported by this version: its support ended on 2026-06-30",
    ),
    ('ID=mariner\nVERSION_ID="2.0"\n', "its support ended on 2025-07-31"),
    ('ID=azurelinux\nVERSION_ID="3.0"\n', "writes the capture initrd over the initrd that the machine boots with"),
    ('ID=azurelinux\nVERSION_ID="4.0"\n', "which knows Debian"),
    ("ID=nobara\nID_LIKE=fedora\nVERSION_ID=43\n", "which knows Debian"),
    ("ID=fedora\nVERSION_ID=41\n", "which knows Debian"),
    ('ID="rhel"\nID_LIKE="fedora"\nVERSION_ID="7.9"\n', "which knows Debian"),
    ('ID="ol"\nID_LIKE="fedora"\nVERSION_ID="7.9"\n', "which knows Debian"),
    ("ID=ubuntu-core\nVERSION_ID=22\n", "changed by snaps only"),
    ("ID=steamos\nID_LIKE=arch\nVERSION_ID=3.7.16\n", "its own kdumpst"),
    ("ID=Deepin\nVERSION_ID=20.9\nVERSION_CODENAME=apricot\n", "which knows"),
    ("ID=example\nVERSION_ID=12\n", "example 12 is not supported by this version, which knows"),
    ("\n", "this distribution is not supported by this version"),
]


def read(text: str) -> OsRelease:
    made = raw()
    made["files"]["/etc/os-release"] = {"text": text}
    found = os_release.read(evidence.from_raw(made))
    assert found is not None
    return found


@pytest.mark.parametrize(("text", "key"), KNOWN)
def test_platform(text: str, key: str) -> None:
    found = recognise.platform(read(text))
    assert found is not None
    assert found.key == key


@pytest.mark.parametrize(("text", "words"), UNKNOWN)
def test_no_platform(text: str, words: str) -> None:
    release = read(text)
    assert recognise.platform(release) is None
    assert words in recognise.why_unknown(release)


def test_what_says_to_be_like_a_distribution_without_releases_is_it() -> None:
    for text in ("ID=arch\n", "ID=arch\nVERSION_ID=TEMPLATE_VERSION_ID\n", "ID=cachyos\nID_LIKE=arch\nVERSION_ID=25\n"):
        found = recognise.platform(read(text))
        assert found is not None
        assert found.key == "arch"


def test_our_own_units_take_the_place_of_a_package_where_they_were_tried() -> None:
    rows = {row.key: platforms.with_own_units(row) for row in platforms.table()}
    debian = rows["debian-12"]
    assert (debian.packages, debian.unit) == (("kexec-tools", "makedumpfile"), "kdump-enabler-load.service")
    assert debian.boot_loaders == next(row.boot_loaders for row in platforms.table() if row.key == "debian-12")
    assert debian.architectures == ("x86_64",)
    assert not rows["rhel-9"].own_units
    assert rows["arch"] == platforms.by_likeness("arch")


LINE = st.one_of(
    st.text(max_size=30),
    st.builds(
        "{}={}".format,
        st.sampled_from(
            ["ID", "ID_LIKE", "VERSION_ID", "VERSION_CODENAME", "UBUNTU_CODENAME", "PRETTY_NAME", "X_CODENAME"]
        ),
        st.one_of(
            st.text(max_size=12), st.sampled_from(["debian", '"ubuntu debian"', "'12", "noble", '"\\"', "\udc80"])
        ),
    ),
)


@given(st.lists(LINE, max_size=8).map("\n".join))
def test_any_text_is_an_identity_or_none(text: str) -> None:
    release = read(text + "\n")
    assert recognise.platform(release) in (None, *platforms.table())
    assert release.name in recognise.why_unknown(release)


def test_every_row_is_recognised_by_its_version_and_by_each_of_its_codenames() -> None:
    for row in platforms.table():
        names = row.match
        if names.version:
            assert platforms.by_version(names.id, names.version) == row
        assert [platforms.by_codename(names.id, codename) for codename in names.codenames] == [row] * len(
            names.codenames
        )
        assert set(row.tested) == set(row.architectures), row.key


CLEAN = [
    name
    for name in machines.names()
    if any("install packages" in step for step in machines.expected(name)["plan"])
    and not any(word in name for word in ("unprivileged", "no-options", "firmware-read-only", "firmware-by-model"))
    and not name.endswith("no-kernel")
]


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_machine_of_each_platform_is_ready_but_for_a_reboot(name: str) -> None:
    last = converge(machines.load(name))[-1]
    assert last.plan.empty, last.plan.steps()
    assert last.facts is not None
    assert last.facts.next_boot is not None
    assert last.wanted is not None
    assert last.facts.next_boot.text == f"crashkernel={last.wanted.text}"
