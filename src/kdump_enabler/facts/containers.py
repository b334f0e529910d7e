"""Whether containers run on a machine, by what their engines leave in /run and /sys/fs/cgroup."""

from __future__ import annotations

from fnmatch import fnmatchcase

from ..evidence import Evidence

# A socket says that an engine runs, a control group that one of its containers does (systemd.slice(5) for the names).
MARKS = (
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/docker.sock",
    "/run/podman/podman.sock",
    "/sys/fs/cgroup/kubepods.slice",
    "/sys/fs/cgroup/machine.slice/libpod-*",
    "/sys/fs/cgroup/system.slice/containerd.service",
    "/sys/fs/cgroup/system.slice/crio.service",
    "/sys/fs/cgroup/system.slice/docker.service",
    "/sys/fs/cgroup/system.slice/kubelet.service",
)


def mark(evidence: Evidence) -> str:
    """The first path that tells of containers; empty for none."""
    there = (path for path, file in sorted(evidence.files.items()) if file.error is None)
    return next((path for path in there if any(fnmatchcase(path, pattern) for pattern in MARKS)), "")
