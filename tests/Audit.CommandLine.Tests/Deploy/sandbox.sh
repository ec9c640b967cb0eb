#!/usr/bin/env bash
# sandbox.sh ROOT APP RUNTIME HOSTS USER MOUNTS [NAME=VALUE]... -- COMMAND...
# Runs a command as a container of the image would, in a mount namespace that the caller made: as this user without any
# capability, in a root of which nothing can be written but what MOUNTS says, a line each: where, `rw` or `ro`, and what lies
# there, which is `tmpfs` or a path.
set -euo pipefail
root=$1 app=$2 runtime=$3 hosts=$4 user=$5 mounts=$6
shift 6
settings=()
while [[ $1 != -- ]]; do
    settings+=("$1")
    shift
done
shift

# Shows at $2 within the root what lies at $1; with ro nobody can write there.
show() {
    if [[ -d $1 ]]; then
        mkdir -p "$root$2"
    elif [[ ! -e $root$2 ]]; then
        mkdir -p "$(dirname "$root$2")"
        touch "$root$2"
    fi
    mount --bind "$1" "$root$2"
    if [[ $3 == ro ]]; then
        mount -o remount,bind,ro "$root$2"
    fi
}

mount --make-rprivate /
mount -t tmpfs -o mode=755 none "$root"
for name in bin sbin lib lib32 lib64 usr etc; do
    if [[ -L /$name ]]; then
        cp -P "/$name" "$root/"
    elif [[ -d /$name ]]; then
        show "/$name" "/$name" ro
    fi
done
show "$hosts" /etc/hosts ro
show "$app" /app ro
show "$runtime" /runtime ro
mkdir "$root/proc"
mount --rbind /proc "$root/proc"
for device in null zero random urandom; do
    show "/dev/$device" "/dev/$device" rw
done
ln -s /proc/self/fd "$root/dev/fd"
mkdir -p "$root/data" "$root/home/app"
while read -r at how what; do
    if [[ $what == tmpfs ]]; then
        mkdir -p "$root$at"
        mount -t tmpfs -o mode=1777 none "$root$at"
    else
        show "$what" "$at" "$how"
    fi
done < "$mounts"
mount -o remount,ro "$root"

exec chroot "$root" /usr/bin/setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs --bounding-set=-all \
    --inh-caps=-all /usr/bin/env -i -C /data HOME=/home/app "${settings[@]}" "$@"
