# Sourced by customize.sh: SUSE's.
kernel=6.4.0-150600.23.47-default
. "$RECIPE/rpm.sh"
in_root sh -c 'rpm --install /opt/repository/noarch/filesystem-*.rpm'
install -d "$root/etc/zypp/repos.d"
printf '[test]\nname=test\nenabled=1\nautorefresh=0\nbaseurl=dir:///opt/repository\ngpgcheck=0\n' \
    > "$root/etc/zypp/repos.d/test.repo"
