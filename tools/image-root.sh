#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# image-root.sh <directory with the programs> <new directory>
# Makes the root of the container image: the programs, the libraries that they need, certificates of authorities, time
# zones, a user. Nothing else: no shell, no package manager. deploy/docker/Dockerfile and its test both use it, so that what is
# tested is what is shipped. The libraries are those of this machine, which is the build stage.
set -eu
bin=$1
root=$2
uid=65532

# The last three are where an engine mounts things.
mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/var/lib/feast-core" "$root/tmp" \
    "$root/proc" "$root/dev" "$root/sys"
# As Debian has it: the loader's path in every program is /lib64/ld-…
for dir in lib lib64; do
    mkdir -p "$root/usr/$dir"
    ln -s "usr/$dir" "$root/$dir"
done

for program in feast-core feast-worker feastctl; do
    strip -o "$root/usr/bin/$program" "$bin/$program"
    chmod 755 "$root/usr/bin/$program"
done

# name => /path (address), or the loader: /path (address)
ldd "$bin/feast-core" "$bin/feast-worker" "$bin/feastctl" |
    sed -n 's/^\t\(.* => \)\{0,1\}\(\/[^ ]*\) (0x.*/\2/p' | sort -u |
    while read -r library; do
        mkdir -p "$root/$(dirname -- "$library")"
        cp -L "$library" "$root/$library"
    done

cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
cp -L /etc/os-release "$root/etc/"
# For jobs.time_zone; the database has two more editions of itself, which nobody asks for.
mkdir -p "$root/usr/share"
cp -r /usr/share/zoneinfo "$root/usr/share/"
rm -rf "$root/usr/share/zoneinfo/posix" "$root/usr/share/zoneinfo/right"
echo "feast-core:x:$uid:$uid::/var/lib/feast-core:/nonexistent" >"$root/etc/passwd"
echo "feast-core:x:$uid:" >"$root/etc/group"
echo "hosts: files dns" >"$root/etc/nsswitch.conf"
chmod 1777 "$root/tmp"
chmod 750 "$root/var/lib/feast-core"
if [ "$(id -u)" = 0 ]; then
    chown -R 0:0 "$root"
    chown $uid:$uid "$root/var/lib/feast-core"
fi
