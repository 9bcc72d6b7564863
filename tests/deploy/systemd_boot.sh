#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# systemd_boot.sh <root of a Debian> <unit>: starts systemd as process 1 of that Debian, with the unit as all that it is asked
# for. To be run in name spaces of its own (unshare --pid --fork --mount --net --uts --ipc --cgroup). What the unit writes
# into / of the Debian stays there.
set -eu

root=$1
unit=$2
# systemd takes what it mounts for known to all that it starts: mounts are shared, among what is in here.
mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs run
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs tmp
mkdir -p run/lock
pivot_root . mnt
cd /
umount -l /mnt
mount --make-rshared /
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=other /lib/systemd/systemd --system --unit="$unit" \
    --log-target=console --show-status=no </dev/null
