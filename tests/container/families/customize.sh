#!/bin/sh
# mmdebstrap runs this last, with the new root as $1: a Debian with another family's tools, and for its package manager
# a repository of the root's own. FAMILY names the tool; RECIPE is the directory of this file, AUTHORIZED_KEY the public
# key that opens the container. What makes it look like a distribution (/etc/os-release, /boot) is put on by the tests.
set -eu
root=$1
in_root() { chroot "$root" "$@"; }

install -d "$root/opt/build" "$root/opt/repository"
[ ! -d "$RECIPE/$FAMILY" ] || cp "$RECIPE/$FAMILY/"* "$root/opt/build"
cp "$RECIPE/kdump.service" "$RECIPE/kdumpctl" "$root/opt/build"
. "$RECIPE/$FAMILY.sh"
rm -rf "$root/opt/build"

# The container's harness asks for the release of a kernel; nothing ever boots it.
if [ "${kernel-}" ]; then
    rm -f "$root"/boot/*
    : > "$root/boot/vmlinuz-$kernel"
fi
rm -f "$root/etc/debian_version" "$root"/etc/apt/apt.conf.d/99mmdebstrap "$root"/etc/dpkg/dpkg.cfg.d/99mmdebstrap
sh "$RECIPE/../recipe/login.sh" "$root"
