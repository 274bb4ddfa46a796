#!/bin/sh
# Builds the C oracle for wasm32-wasi: oracle.wasm, oracle-cmd.wasm and build.json, which says from what and with what.
#   sh native-tests/wasi/build.sh [FOLDER]   into FOLDER (default: this folder)
#   sh native-tests/wasi/build.sh --tools    only prints the tools, one a line, as build.json has them
# Debian 12: apt-get install clang lld wasi-libc libclang-rt-14-dev-wasm32
set -eu
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"

clang=${CLANG:-clang}
target=--target=wasm32-wasi
flags="$target -std=gnu11 -O2 -Wall -Wextra -Werror -Wl,--strip-all"

hash() { cat "$@" | sha256sum | cut -d ' ' -f 1; }

clang_version=$("$clang" --version | head -n 1)
lld_version=$("$("$clang" $target -print-prog-name=wasm-ld)" --version | head -n 1)
# What else goes into the files: libc, its start-up code and clang's built-ins, as one hash.
libraries=$(hash "$("$clang" $target -print-file-name=libc.a)" \
  "$("$clang" $target -print-file-name=crt1-command.o)" \
  "$("$clang" $target -print-file-name=crt1-reactor.o)" \
  "$("$clang" $target -print-libgcc-file-name)")

if [ "${1:-}" = --tools ]; then
  printf '%s\n' "$clang_version" "$lld_version" "$libraries"
  exit 0
fi
out=${1:-$here}

"$clang" $flags -mexec-model=reactor oracle.c corpus.c reactor.c -o "$out/oracle.wasm"
"$clang" $flags oracle.c command.c -o "$out/oracle-cmd.wasm"
chmod 644 "$out/oracle.wasm" "$out/oracle-cmd.wasm"

cat > "$out/build.json" <<JSON
{
  "clang": "$clang_version",
  "lld": "$lld_version",
  "libraries": "$libraries",
  "flags": "$flags",
  "sources": "$(hash oracle.h oracle.c corpus.h corpus.c reactor.c command.c)",
  "oracle.wasm": "$(hash "$out/oracle.wasm")",
  "oracle-cmd.wasm": "$(hash "$out/oracle-cmd.wasm")"
}
JSON
