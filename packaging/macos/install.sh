#!/bin/sh
# Installs, upgrades or removes the @TITLE@ on a Mac. Run it as root from the
# unpacked archive; once more does no harm. Settings, identity and data stay
# over upgrades and removals.
#
#   sudo ./install.sh@ENROLL@ [--allow-downgrade]
#   sudo ./install.sh --uninstall [--purge]
set -eu
PATH=/usr/bin:/bin:/usr/sbin:/sbin
umask 022
name=@NAME@ version='@VERSION@'
here=$(cd "$(dirname "$0")" && pwd)
program=/usr/local/bin/$name
plist=/Library/LaunchDaemons/$name.plist
folder='/Library/Application Support/@FOLDER@'
log=/Library/Logs/$name.log

die() { echo "install.sh: $*" >&2; exit 1; }
usage() { sed -n '6,7s/^# *//p' "$0" >&2; exit 2; }

act=install enroll='' older='' purge=''
while [ $# -gt 0 ]; do
	case $1 in
	--enroll-file)
		# The collector's Mac enrols nowhere.
		[ $name = muster-agent ] && [ $# -ge 2 ] || usage
		enroll=$2
		shift
		;;
	--allow-downgrade) older=1 ;;
	--uninstall) act=uninstall ;;
	--purge) purge=1 ;;
	*) usage ;;
	esac
	shift
done
[ "$act" = uninstall ] || [ -z "$purge" ] || usage
[ "$(uname -s)" = Darwin ] || die "this archive is for macOS"
[ "$(id -u)" = 0 ] || die "this needs root: sudo $0"

# launchd forgets a service a moment after it was told to.
stop() {
	launchctl bootout "system/$name" 2>/dev/null || :
	n=0
	while launchctl print "system/$name" >/dev/null 2>&1; do
		n=$((n + 1))
		[ $n -lt 60 ] || die "launchd does not let go of $name: restart the Mac and run this again"
		sleep 1
	done
}

if [ "$act" = uninstall ]; then
	stop
	rm -f "$plist" "$program" "$folder/.installed"
	if [ -n "$purge" ]; then rm -rf "$folder" "$log" "$log.1"; fi
	echo "$name is removed."
	[ -n "$purge" ] || echo "Settings and data are still in $folder; --uninstall --purge takes them too."
	exit 0
fi

for file in $name $name.plist @SETTINGS@; do
	[ -f "$here/$file" ] || die "$here/$file is missing: unpack the whole archive"
done
"$here/$name" version >/dev/null 2>&1 || die "$here/$name does not run here: take the archive of this Mac's processor (uname -m says $(uname -m))"

# What a newer program wrote, an older one may refuse to read. The numbers
# before the plus count; 1 is said when the first is greater.
newer() {
	printf '%s\n%s\n' "$1" "$2" | awk -F'[.+]' '{ for (i = 1; i <= 3; i++) v[NR, i] = $i + 0 }
		END { for (i = 1; i <= 3; i++) if (v[1, i] != v[2, i]) { print (v[1, i] > v[2, i]); exit } print 0 }'
}
if [ -f "$folder/.installed" ] && [ -z "$older" ]; then
	there=$(cat "$folder/.installed")
	[ "$(newer "$there" "$version")" = 0 ] || die "$name $there is installed, and this is the older $version. What the newer one wrote, this one may refuse to read. To do it all the same: --allow-downgrade"
fi

install -d -m 755 -o 0 -g 0 /usr/local/bin
install -d -m 700 -o 0 -g 0 "$folder"
# Beside it first: a name is put in place whole, or not at all.
install -m 755 -o 0 -g 0 "$here/$name" "$program.new"
[ -f "$folder/@SETTINGS@" ] || install -m 600 -o 0 -g 0 "$here/@SETTINGS@" "$folder/@SETTINGS@"
if ! "$program.new" config check "$folder/@SETTINGS@" >/dev/null; then
	rm -f "$program.new"
	die "nothing was changed: correct the settings, then run this again"
fi
if [ -n "$enroll" ] && ! "$program.new" enroll --keep --enroll-file "$enroll"; then
	rm -f "$program.new"
	die "nothing was changed: the enrolment string cannot be used"
fi
stop
mv -f "$program.new" "$program"
install -m 644 -o 0 -g 0 "$here/$name.plist" "$plist"
launchctl enable "system/$name"
launchctl bootstrap system "$plist"
printf '%s\n' "$version" >"$folder/.installed"
echo "$name $version is installed and runs; it writes to $log."
