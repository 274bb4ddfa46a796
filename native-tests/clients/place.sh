#!/usr/bin/env bash
# A place for one client, from which nothing gets out: its own mounts (the root file system read-only, /run and
# /etc/docker empty), its own network without any link, and unless told otherwise its own process ids.
#
#     place.sh FOLDER TOKEN [pids] [cgroup2]
#
# FOLDER can be written; TOKEN is in the name of every cgroup and in the arguments of every process. `pids`: its own
# process ids. `cgroup2`: /sys/fs/cgroup is the unified hierarchy. Says `ready PID`, a process to enter by (nsenter), and
# waits until its standard input ends: then, however the one who started it ended, all is undone. Status 1 when not.
set -euo pipefail
folder=$1 token=$2
shift 2

flags=(--mount --net --ipc --fork --kill-child)
[[ " $* " != *' pids '* ]] || flags+=(--pid --mount-proc)

inside='
  set -e
  mount --make-rprivate /
  mount --bind "$1" "$1"
  mount -t tmpfs -o mode=755 tmpfs /run
  [ ! -d /etc/docker ] || mount -t tmpfs tmpfs /etc/docker
  mount -o remount,bind,ro /
  if [[ " $* " = *" cgroup2 "* ]]; then
    umount -R /sys/fs/cgroup
    mount -t cgroup2 none /sys/fs/cgroup
  fi
  echo ready
  # The first process among its own process ids has orphans to wait for.
  while [ $$ -eq 1 ]; do
    sleep 3600 &
    wait || :
  done
  exec sleep infinity'
exec 3< <(exec unshare "${flags[@]}" bash -c "$inside" bash "$folder" "$@" <&-)
holder=$!

cgroups() { find /sys/fs/cgroup -depth -type d -path "*/$token*" 2>/dev/null || :; }

# Those that name the token, but for this script's own.
processes() {
  local file pid
  for file in $(grep -lsaF -- "$token" /proc/[0-9]*/cmdline); do
    pid=${file#/proc/} pid=${pid%/cmdline}
    ! grep -saqF place.sh "$file" && [ -e "$file" ] && echo "$pid"
  done
  return 0
}

undo() {
  kill -KILL "$holder" 2>/dev/null || :
  local left
  for _ in {1..100}; do
    for pid in $(processes); do kill -KILL "$pid" 2>/dev/null || :; done
    cgroups | while read -r path; do rmdir "$path" 2>/dev/null || :; done
    left="$(processes) $(cgroups)"
    [[ -n "${left// /}" ]] || break
    sleep 0.1
  done
  rm -rf --one-file-system "$folder" || left+=" $folder"
  [[ -z "${left// /}" ]] || { echo "place.sh: left behind: $left" >&2 && exit 1; }
}
trap undo EXIT

read -r ready <&3 || { echo 'place.sh: no namespaces' >&2 && exit 1; }
read -r pid _ <"/proc/$holder/task/$holder/children" || :
echo "$ready $pid"
cat >/dev/null
