# Sourced by customize.sh: Fedora's.
kernel=6.19.8-300.fc44.x86_64
. "$RECIPE/rpm.sh"
install -d "$root/etc/yum.repos.d"
printf '[test]\nname=test\nbaseurl=file:///opt/repository\ngpgcheck=0\n' > "$root/etc/yum.repos.d/test.repo"
