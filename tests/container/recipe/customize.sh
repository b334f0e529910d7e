#!/bin/sh
# mmdebstrap runs this last, with the new root as $1. RECIPE is the directory of this file, AUTHORIZED_KEY the public
# key that opens the container.
set -eu
root=$1
in_root() { chroot "$root" "$@"; }

# The packages that tests install, in a repository of the root's own: no test depends on a network.
repository=$root/opt/repository
mkdir -p "$repository/partial"
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get install --yes --download-only --no-install-recommends \
    -o "Dir::Cache::archives=$repository" kdump-tools makedumpfile initramfs-tools-core
rm -rf "$repository/partial" "$repository/lock"
(cd "$repository" && apt-ftparchive packages . > Packages)
rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap" "$root"/etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/opt/repository ./' > "$root/etc/apt/sources.list"
echo 'Acquire::Languages "none";' > "$root/etc/apt/apt.conf.d/90test"

in_root dpkg-divert --quiet --local --rename --add /usr/sbin/grub-probe
install -m 0755 "$RECIPE/grub-probe" "$root/usr/sbin/grub-probe"
in_root grub-editenv /boot/grub/grubenv create # as grub-install does
in_root update-grub
grep -q 'linux.*root=/dev/vda1' "$root/boot/grub/grub.cfg" || { echo 'update-grub wrote an empty menu' >&2; exit 1; }

sh "$RECIPE/login.sh" "$root"
