#!/usr/bin/env bash
# Runs an OCI bundle whose root is this machine's, read-only. usage: unshare --mount --propagation private bash runtime.sh BUNDLE RUNTIME...
set -euo pipefail
bundle=$1
shift
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p "$bundle/rootfs"
mount --bind / "$bundle/rootfs"
exec "$@" run --bundle "$bundle" "seccompc-test-$$"
