# Loads the kernel that runs, with its initrd, as the one that a panic starts. Run by kdump-enabler-load.service.
#
# An upgrade may put another kernel under the same name (/boot/vmlinuz-linux) before the next reboot, so both are kept
# in /var/lib/kdump-enabler/capture, and an image is only taken when it says that it is the build that runs.
set -efu
umask 077
release=$(uname -r)
kept=/var/lib/kdump-enabler/capture/$release

fail() {
    echo "kdump-enabler: $1" >&2
    exit 1
}

# An image of x86 has its `uname -r (who built it) uname -v` where a pointer at 0x20e says
# (Documentation/arch/x86/boot.rst, arch/x86/boot/version.c).
is_running() {
    [ -r "$1" ] || return 1
    at=$(od -An -tu2 -j526 -N2 "$1")
    built=$(dd if="$1" bs=1 skip=$((${at:-0} + 512)) count=512 2>/dev/null | tr '\0' '\n' | head -n 1)
    case $built in "$release ("*") $(uname -v)") ;; *) return 1 ;; esac
}

initrd_of() {
    name=${1##*/vmlinuz-}
    for path in "/boot/initramfs-$name.img" "/boot/initrd.img-$name" "/boot/initrd-$name"; do
        [ ! -r "$path" ] || { echo "$path" && return; }
    done
    return 1
}

same() { [ "$(stat -c '%s %Y' "$1")" = "$(stat -c '%s %Y' "$2" 2>/dev/null)" ]; }

keep() {
    same "$1" "$kept/vmlinuz" && same "$2" "$kept/initrd" && return
    rm -rf "$kept" "$kept.new" && mkdir -p "$kept.new" &&
        cp -p "$1" "$kept.new/vmlinuz" && cp -p "$2" "$kept.new/initrd" && sync -f "$kept.new" && mv "$kept.new" "$kept"
}

[ "$(cat /sys/kernel/kexec_crash_size)" != 0 ] || fail "no memory is reserved for a capture kernel"
booted=vmlinuz-$release line=
for word in $(cat /proc/cmdline); do
    case ${word%%=*} in
    BOOT_IMAGE) booted=${word#*=} ;;
    # What is the boot loader's, what takes memory, and what would keep the capture kernel from its own unit.
    initrd | crashkernel | hugepages | hugepagesz | default_hugepagesz | hugetlb_cma | cma | slub_debug) ;;
    log_buf_len | swiotlb | quiet | splash | panic | systemd.unit | rd.systemd.unit | resume) ;;
    *) line="$line $word" ;;
    esac
done

image=/boot/${booted##*/}
if is_running "$image"; then
    initrd=$(initrd_of "$image") || fail "there is no initrd beside $image"
    if keep "$image" "$initrd"; then
        image=$kept/vmlinuz initrd=$kept/initrd
    else
        rm -rf "$kept.new"
        echo "kdump-enabler: $image could not be kept in $kept" >&2
    fi
elif is_running "$kept/vmlinuz"; then
    image=$kept/vmlinuz initrd=$kept/initrd
else
    fail "$image is not the kernel that runs ($release), and no copy of that was kept: reboot"
fi
# Neither is worth a dump.
find "${kept%/*}" -mindepth 1 -maxdepth 1 ! -name "$release" -exec rm -rf {} + || :
mkdir -p "$1" || :
# -a takes kexec_file_load(2), which checks signatures where the kernel wants them, if the kernel has it (kexec(8)).
exec kexec -a -p "--initrd=$initrd" "--command-line=${line# } $KDUMP_APPEND" "$image"
