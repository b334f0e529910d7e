"""The root of a Debian suite as an ext4 image: built once from `recipe/`, kept in the cache under a hash of all that
went into it. A file system of its own, because what a machine's root is on is part of what is checked.

Beside the suites there are roots whose packages another family's tool manages, from `families/`: Debian's own build of
that tool, over a repository of small packages that are made for it."""

import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..vm import apt, host
from ..vm.errors import VmError

RECIPE, FAMILIES_RECIPE = (Path(__file__).with_name(name) for name in ("recipe", "families"))
SUITES = ("bookworm", "bullseye", "trixie", "testing")
# With the Debian that each is made of.
FAMILIES = {"dnf": apt.SUITE, "pacman": apt.SUITE, "unified": "trixie", "zypper": apt.SUITE}
TOOLS = {
    "apt-config": "apt",
    "apt-ftparchive": "apt-utils",
    "ip": "iproute2",
    "mke2fs": "e2fsprogs",
    "mmdebstrap": "mmdebstrap",
    "setpriv": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "systemd-nspawn": "systemd-container",
    "unshare": "util-linux",
}
IMAGE, KERNEL = "root.img", "kernel"
SIZE = "2G"  # sparse
# Nothing reads them, and each container copies the image.
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*")


def build(suite: str) -> Path:
    """The directory with the image of a suite or a family, built now, in a minute, if the cache does not have it."""
    if suite not in (*SUITES, *FAMILIES):
        raise VmError(f"There is no recipe for {suite!r}.", f"Known: {', '.join((*SUITES, *FAMILIES))}.")
    host.require_tools(TOOLS)
    if os.geteuid() != 0:
        raise VmError("Containers need root: they mount file systems.", "Run it as root.")
    access = apt.access()
    command, sources = _mmdebstrap(suite, access), _sources(suite, access)
    recipes = (RECIPE, FAMILIES_RECIPE) if suite in FAMILIES else (RECIPE,)
    target = host.cache("container") / suite / _key([suite, *command, *sources], recipes)
    with host.lock(f"container-{suite}"):
        if not target.exists():
            _build(command, sources, target)
    return target


def kernel_release(built: Path) -> str:
    """The release of the kernel in the image's /boot."""
    return (built / KERNEL).read_text().strip()


def _mmdebstrap(suite: str, access: apt.Access) -> list[str]:
    """The arguments that come before the target."""
    recipe = FAMILIES_RECIPE if suite in FAMILIES else RECIPE
    lines = (recipe / (f"{suite}.txt" if suite in FAMILIES else "packages.txt")).read_text().splitlines()
    packages = [name for line in lines if (name := line.partition("#")[0].strip())]
    return [
        *("mmdebstrap", "--mode=root", "--variant=important", f"--include={','.join(packages)}"),
        "--dpkgopt=force-unsafe-io",  # the root is thrown away if the power fails
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT),
        '--essential-hook=chroot "$1" debconf-set-selections < "$RECIPE/../recipe/debconf.txt"',
        '--customize-hook=sh "$RECIPE/customize.sh" "$1"',
        *(f"--aptopt={line}" for line in access.settings),
        FAMILIES.get(suite, suite),
    ]


def _sources(suite: str, access: apt.Access) -> list[str]:
    """The archive that the machine uses, which has the other suites, too.

    The release as it came, without its updates: mirrors drop superseded ones while their index still names them. A
    mirror may also stay behind with testing, so that its index is past its date; no test depends on a fresh one.
    """
    debian = FAMILIES.get(suite, suite)
    return [
        line.replace(f" {apt.SUITE} ", f" {debian} ").replace("deb [", "deb [check-valid-until=no ")
        for line in access.sources
        if f" {apt.SUITE} " in line
    ]


def _key(command: list[str], recipes: tuple[Path, ...]) -> str:
    """The name of a root in the cache: everything that its content depends on, except the archive's state."""
    digest = hashlib.sha256(repr((SIZE, command)).encode())
    files = (path for recipe in recipes for path in sorted(recipe.rglob("*")) if path.is_file())
    for path in [*files, host.ssh_key().with_suffix(".pub")]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _build(command: list[str], sources: list[str], target: Path) -> None:
    started = time.monotonic()
    suite = target.parent.name
    print(f"Building a root with {suite}, about a minute", file=sys.stderr, flush=True)
    recipe = FAMILIES_RECIPE if suite in FAMILIES else RECIPE
    names = {
        "RECIPE": str(recipe),
        "FAMILY": suite,
        "AUTHORIZED_KEY": str(host.ssh_key().with_suffix(".pub")),
        "LC_ALL": "C.UTF-8",
    }
    target.parent.mkdir(exist_ok=True)
    with _work_directory(target.parent) as work:
        log, root, image = target.parent / "build.log", work / "root", work / IMAGE
        host.run([*command, str(root), *sources], log, names)
        (kernel,) = (root / "boot").glob("vmlinuz-*")
        (work / KERNEL).write_text(kernel.name.removeprefix("vmlinuz-"))
        host.run(["mke2fs", "-q", "-t", "ext4", "-d", str(root), "-L", "root", str(image), SIZE], log)
        host.remove_tree(root)
        work.rename(target)
    print(f"Built in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)


@contextmanager
def _work_directory(parent: Path) -> Iterator[Path]:
    """A directory that is gone afterwards; what a killed build left goes first, as the caller holds the lock."""
    for path in parent.glob(".building-*"):
        host.remove_tree(path)
    work = Path(tempfile.mkdtemp(prefix=".building-", dir=parent))
    work.chmod(0o755)  # apt's own user has to read below it
    try:
        yield work
    finally:
        host.remove_tree(work)
