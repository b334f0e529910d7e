#!/bin/sh
# usage: assemble-uefi.sh ROOT RAW UUID MIB -- writes a disk with an EFI system partition that systemd-boot boots.
# Run it in a private mount namespace, as assemble.sh. Not every kernel can mount vfat: mtools fills the partition, and
# bootctl, which would refuse anything but a mounted one, is replaced by what it does.
set -eu
root=$1 raw=$2 uuid=$3 mib=$4
esp_mib=256
esp=$root/boot/efi
echo 'LABEL=ESP /boot/efi vfat umask=0077 0 1' >> "$root/etc/fstab"
mkdir -p "$esp" "$root/etc/kernel"
echo "root=UUID=$uuid ro net.ifnames=0 console=ttyS0 mitigations=off norandmaps" > "$root/etc/kernel/cmdline"

mount -t tmpfs tmpfs "$esp" # a mount point, so that kernel-install writes paths as the firmware sees them
mkdir -p "$esp/EFI/BOOT" "$esp/EFI/systemd" "$esp/loader/entries" "$esp/$(cat "$root/etc/machine-id")"
cp "$root/usr/lib/systemd/boot/efi/systemd-bootx64.efi" "$esp/EFI/systemd/"
cp "$root/usr/lib/systemd/boot/efi/systemd-bootx64.efi" "$esp/EFI/BOOT/BOOTX64.EFI"
echo 'timeout 1' > "$esp/loader/loader.conf"
echo type1 > "$esp/loader/entries.srel"
for image in "$root"/boot/vmlinuz-*; do
    version=${image##*/vmlinuz-}
    chroot "$root" kernel-install add "$version" "/boot/vmlinuz-$version" "/boot/initrd.img-$version"
done
grep "options.*root=UUID=$uuid" "$esp"/loader/entries/*.conf
truncate -s "${esp_mib}M" "$raw.esp"
mformat -i "$raw.esp" -F -v ESP ::
mcopy -i "$raw.esp" -s -Q "$esp"/* ::/
umount "$esp"

truncate -s "${mib}M" "$raw"
printf 'label: gpt\nstart=2048, size=%s, type=uefi\nstart=%s, type=linux\n' \
    $((esp_mib * 2048)) $(((esp_mib + 1) * 2048)) | sfdisk -q --no-reread --no-tell-kernel -f "$raw"
dd if="$raw.esp" of="$raw" bs=1M seek=1 conv=notrunc,sparse status=none
rm "$raw.esp"
mke2fs -q -t ext4 -d "$root" -U "$uuid" -E offset=$(((esp_mib + 1) * 1048576)) \
    "$raw" $(((mib - esp_mib - 2) * 1024))k
