# Sourced by customize.sh: a Debian that boots unified kernel images. Its partition for them is a directory.
install -d "$root/boot/efi/EFI/Linux" "$root/etc/kernel"
printf 'layout=uki\nBOOT_ROOT=/boot/efi\n' > "$root/etc/kernel/install.conf"
