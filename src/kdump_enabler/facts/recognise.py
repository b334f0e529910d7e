"""Which row of the platform table a machine is: its own release, or the one it is built on."""

from __future__ import annotations

from .. import platforms
from ..platforms import Platform
from .os_release import OsRelease


def platform(release: OsRelease) -> Platform | None:
    """The platform of a machine, or null when the table has none.

    A distribution that the table names is its VERSION_ID, or its codename where it has none yet. Any other is the
    release that it says to be built on: os-release(5) has ID_LIKE for the distribution, and derivatives name its
    release in DEBIAN_CODENAME or UBUNTU_CODENAME, or take its codename for their own; rebuilds take its number.
    """
    if release.id in platforms.identifiers():
        if release.version:
            return platforms.by_version(release.id, release.version)
        return platforms.by_codename(release.id, release.codename)
    named = [platforms.by_codename(base, codename) for base, codename in release.base_codenames.items()]
    shared = [platforms.by_codename(base, release.codename) for base in release.like]
    rebuilt = [platforms.by_number(base, release.version) for base in release.like]
    return next((found for found in [*named, *shared, *rebuilt] if found), None)


def why_unknown(release: OsRelease) -> str:
    """The sentence for a machine that is no row of the table: it names what is missing."""
    sentence = f"{release.name} is not supported by this version"
    refused = platforms.why_refused(release.id, release.version)
    if refused:
        return f"{sentence}: {refused}"
    named = [(base, codename) for base, codename in release.base_codenames.items() if base in platforms.identifiers()]
    like = [base for base in release.like if base in platforms.codenamed()]
    if release.id in platforms.identifiers() or not (named or like):
        return f"{sentence}, which knows {platforms.names()}"
    if named:
        return f"{sentence}: it is built on {named[0][0]} {named[0][1]}, which is not one of {platforms.names()}"
    own = f"; VERSION_CODENAME={release.codename} is its own" if release.codename else ""
    return (
        f"{sentence}: it is like {like[0]}, and its os-release does not say on which release it is built"
        f" (no {like[0].upper()}_CODENAME{own})"
    )
