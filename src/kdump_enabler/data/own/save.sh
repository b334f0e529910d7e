# Writes the memory of the kernel that panicked into a directory. Run by kdump-enabler-save.service in the capture
# kernel, which restarts the machine afterwards, whatever came out. The names are those of kdump-utils.
set -eu
umask 077
place=$1/127.0.0.1-$(date +%Y-%m-%d-%T)
mkdir -p "$place"
log=$place/vmcore-dmesg
if makedumpfile --dump-dmesg /proc/vmcore "$log-incomplete.txt"; then
    mv "$log-incomplete.txt" "$log.txt"
fi
sync
# Every makedumpfile knows -c; the others depend on how it was built.
makedumpfile --message-level 6 -c -d 31 /proc/vmcore "$place/vmcore-incomplete"
sync
mv "$place/vmcore-incomplete" "$place/vmcore"
sync
