#!/bin/sh
# Prove the two commands of the README on a bare Debian 12 that has Python, git and certificates.
#
#   tests/long/bare_debian.sh [--prepare COMMAND]
#
# Needs root, debootstrap and a network. COMMAND is run with the new system's directory as its last
# argument before anything is installed there: the place to set up a mirror, if this machine uses
# one. The system is made below TMPDIR (3 GB) and removed at the end; its processes and mounts live
# in namespaces of their own and end with this script.
set -eu

if [ "${BARE_DEBIAN_INSIDE-}" != yes ]; then
    export BARE_DEBIAN_INSIDE=yes
    exec unshare --mount --pid --fork --kill-child "$0" "$@"
fi

prepare=true
if [ "${1-}" = --prepare ]; then
    prepare=$2
fi
project=$(git -C "$(dirname -- "$0")" rev-parse --show-toplevel)
system=$(mktemp -d)
unset TMPDIR # it means nothing inside the new system
chmod 755 "$system"
remove_system() {
    for directory in dev sys proc; do
        umount --recursive --lazy "$system/$directory" 2>/dev/null || true
    done
    # Whatever is still mounted there belongs to this machine.
    rm -rf --one-file-system "$system"
}
trap remove_system EXIT
trap 'exit 1' INT TERM

step() {
    printf '\n=== %s\n' "$*"
}

# A variable and not a function: in the background, its process is then the command's own.
inside="chroot $system env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/srv LANG=C.UTF-8"

step "A bare Debian 12"
debootstrap --variant=minbase --include=python3,git,ca-certificates bookworm "$system" |
    tail -n 1
mount -t proc proc "$system/proc"
mount --rbind /sys "$system/sys"
mount --rbind /dev "$system/dev"
cp /etc/resolv.conf "$system/etc/resolv.conf"
echo '127.0.0.1 localhost' >"$system/etc/hosts" # the installer writes it, debootstrap does not
$prepare "$system"
git clone --quiet "$project" "$system/srv/fulfillment"

step "Without root the missing packages are named, and nothing is changed"
$inside useradd --create-home picker
$inside git clone --quiet /srv/fulfillment /home/picker/fulfillment
$inside chown -R picker /home/picker
if $inside su picker -c 'cd / && /home/picker/fulfillment/start' >"$system/tmp/without-root" 2>&1; then
    echo "start went on without the packages it needs" >&2
    exit 1
fi
cat "$system/tmp/without-root"
grep -q 'apt-get install .*libzbar0' "$system/tmp/without-root"

step "The first command, from another directory"
begun=$(date +%s)
$inside sh -c 'cd /tmp && exec /srv/fulfillment/start' >"$system/tmp/start.log" 2>&1 &
starting=$!
until grep -q '^Ready' "$system/tmp/start.log"; do
    if ! kill -0 "$starting" 2>/dev/null; then
        cat "$system/tmp/start.log"
        exit 1
    fi
    sleep 1
done
cat "$system/tmp/start.log"
echo "ready after $(($(date +%s) - begun)) s"
$inside python3 -c 'import urllib.request as r; print(r.urlopen("http://127.0.0.1:8000/healthz").status)'
kill -TERM "$starting"
wait "$starting" || true

step "The second command, on a clean clone"
begun=$(date +%s)
$inside git clone --quiet /srv/fulfillment /srv/clean
$inside /srv/clean/.ci/run
echo "checked after $(($(date +%s) - begun)) s"
