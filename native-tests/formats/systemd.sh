#!/usr/bin/env bash
# Runs units of a folder under systemd's instance for users, in mount and PID namespaces of its own, until each has ended.
# usage: unshare --mount --pid --fork --propagation private bash systemd.sh FOLDER UNIT...
set -euo pipefail
folder=$1
shift
mount -t proc proc /proc
mount -t tmpfs none /run
# Without this systemd takes the machine for one that runs another init, and does not start.
mkdir -p /run/systemd/system /run/user/instance
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
group=/sys/fs/cgroup/seccompc-test-$$-$RANDOM
mkdir "$group"
cleanup() {
  echo 0 >/sys/fs/cgroup/cgroup.procs
  find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
}
trap cleanup EXIT
echo 0 >"$group/cgroup.procs"
export XDG_RUNTIME_DIR=/run/user/instance HOME="$folder"
chmod 700 "$XDG_RUNTIME_DIR"
mkdir -p "$HOME/.config/systemd"
ln -sfn "$folder" "$HOME/.config/systemd/user"
printf '[Unit]\nWants=%s\n' "$*" >"$folder/all.target"
/lib/systemd/systemd --user --unit=all.target --log-target=null &
manager=$!
for _ in $(seq 300); do
  sleep 0.1
  left=0
  for unit in "$@"; do
    state=$(systemctl --user show --property=ActiveState --value "$unit" 2>/dev/null || echo starting)
    case $state in inactive | failed) ;; *) left=1 ;; esac
  done
  # Before the manager has looked at the target everything is inactive.
  [ "$left" -eq 0 ] && systemctl --user is-active --quiet all.target 2>/dev/null && break
done
for unit in "$@"; do
  printf '%s %s\n' "$unit" "$(systemctl --user show --property=Result --value "$unit")"
done
kill "$manager"
wait "$manager" || true
