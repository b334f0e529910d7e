#!/bin/sh
# mmdebstrap runs this last, with the new root as $1. OVERLAY holds the files that come from the machine
# (apt settings, certificates, the ssh key), ROOT_UUID the identity of the file system to be made.
set -eu
root=$1
cp -a "$OVERLAY/." "$root/"
rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
in_root() { chroot "$root" "$@"; }
in_root update-ca-certificates

echo kdump-vm > "$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 kdump-vm\n' > "$root/etc/hosts"
echo "UUID=$ROOT_UUID / ext4 errors=remount-ro 0 1" > "$root/etc/fstab"

# A fixed address: QEMU's user network is always the same, and DHCP costs seconds at every boot.
echo 'nameserver 10.0.2.3' > "$root/etc/resolv.conf"
cat > "$root/etc/systemd/network/eth0.network" <<EOF
[Match]
Name=eth0
[Network]
Address=10.0.2.15/24
Gateway=10.0.2.2
DNS=10.0.2.3
LinkLocalAddressing=no
IPv6AcceptRA=no
EOF
in_root systemctl enable systemd-networkd.service
# Timers and scans that steal the emulated processor; nothing here has to do with crash dumps.
in_root systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    e2scrub_reap.service fstrim.timer ifupdown-pre.service logrotate.timer man-db.timer networking.service

# The serial console is the only screen; the rest of Debian's own file stays as its postinst wrote it.
if [ -e "$root/etc/default/grub" ]; then
    sed -i 's/^#GRUB_TERMINAL=console/GRUB_TERMINAL=serial\nGRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"/' \
        "$root/etc/default/grub"
    grep -q '^GRUB_TERMINAL=serial' "$root/etc/default/grub"
fi

in_root useradd --create-home --shell /bin/bash probe
in_root useradd --create-home --shell /bin/bash ops
echo 'ops ALL=(ALL) NOPASSWD: ALL' > "$root/etc/sudoers.d/ops"
chmod 0440 "$root/etc/sudoers.d/ops"
for home in root home/probe home/ops; do
    mkdir -p -m 0700 "$root/$home/.ssh"
    cp "$OVERLAY/etc/vm-authorized-key" "$root/$home/.ssh/authorized_keys"
done
rm "$root/etc/vm-authorized-key"
in_root chown -R probe:probe /home/probe
in_root chown -R ops:ops /home/ops

# What a first boot would make: a machine has these, and making them under emulation takes long.
in_root systemd-machine-id-setup
in_root ssh-keygen -A
in_root apt-cache gencaches
