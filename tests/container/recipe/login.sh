#!/bin/sh
# What the harness needs in every root, $1: no network but its own, its users with AUTHORIZED_KEY, and quiet timers.
set -eu
root=$1
in_root() { chroot "$root" "$@"; }

rm -f "$root/etc/hostname"    # the name is nspawn's --hostname
: > "$root/etc/resolv.conf"   # a name server that nobody reaches would cost Ansible seconds
printf '127.0.0.1 localhost\n' > "$root/etc/hosts"
mkdir "$root/opt/kernel"      # where nspawn binds the files of the pretended kernel first
in_root systemctl mask apt-daily.timer apt-daily-upgrade.timer console-getty.service dpkg-db-backup.timer \
    e2scrub_all.timer fstrim.timer getty.target logrotate.timer man-db.timer networking.service

in_root useradd --create-home --shell /bin/bash probe
in_root useradd --create-home --shell /bin/bash ops
echo 'ops ALL=(ALL) NOPASSWD: ALL' > "$root/etc/sudoers.d/ops"
chmod 0440 "$root/etc/sudoers.d/ops"
for user in root probe ops; do
    home=$(in_root sh -c "echo ~$user")
    mkdir -p -m 0700 "$root$home/.ssh"
    cp "$AUTHORIZED_KEY" "$root$home/.ssh/authorized_keys"
    in_root chown -R "$user:$user" "$home"
done
in_root ssh-keygen -A
in_root systemd-machine-id-setup
