#!/bin/sh
# usage: assemble.sh ROOT RAW UUID MIB -- writes a disk that its own GRUB can boot.
# Run it in a private mount namespace: every mount, and the loop device under it, goes when this shell goes.
set -eu
root=$1 raw=$2 uuid=$3 mib=$4
modules=$root/usr/lib/grub/i386-pc
cp -a "$modules" "$root/boot/grub/"
chroot "$root" grub-mkimage -O i386-pc -p '(hd0,msdos1)/boot/grub' -o /boot/grub/i386-pc/core.img \
    biosdisk part_msdos ext2 normal configfile search search_fs_uuid search_label linux echo test ls serial \
    terminal gzio all_video reboot minicmd loadenv
chroot "$root" grub-editenv /boot/grub/grubenv create

truncate -s "${mib}M" "$raw"
# The two features are newer than GRUB 2.06 can read.
mke2fs -q -t ext4 -O ^metadata_csum_seed,^orphan_file -d "$root" -U "$uuid" -E offset=1048576 \
    "$raw" "$((mib * 1024 - 2048))k"
printf 'label: dos\nstart=2048, type=83, bootable\n' | sfdisk -q --no-reread --no-tell-kernel -f "$raw"
dd if="$modules/boot.img" of="$raw" bs=440 count=1 conv=notrunc status=none
dd if="$root/boot/grub/i386-pc/core.img" of="$raw" bs=512 seek=1 conv=notrunc status=none

# update-grub writes an EMPTY menu, with exit code 0, for a root on /dev/loopN, and names the root by UUID
# only if /dev/disk/by-uuid has it: so a private /dev gives the loop device another name.
mkdir "$raw.mnt"
loop=$(losetup -f --show -o 1048576 "$raw")
number=$(stat -c '%Hr %Lr' "$loop")
mount -t tmpfs tmpfs /dev
# shellcheck disable=SC2086  # major and minor are two words
mknod /dev/kdroot1 b $number
mknod -m 666 /dev/null c 1 3
mknod -m 666 /dev/urandom c 1 9
mkdir -p /dev/disk/by-uuid
ln -s /dev/kdroot1 "/dev/disk/by-uuid/$uuid"
mount /dev/kdroot1 "$raw.mnt"
losetup -d /dev/kdroot1 # from here on it goes with its last mount, however this shell ends
mount --bind /dev "$raw.mnt/dev"
mount -t proc proc "$raw.mnt/proc"
mount -t sysfs sys "$raw.mnt/sys"
chroot "$raw.mnt" update-grub
grep -q "root=UUID=$uuid" "$raw.mnt/boot/grub/grub.cfg" || { echo 'update-grub wrote an empty menu' >&2; exit 1; }
umount -R "$raw.mnt"
rmdir "$raw.mnt"
