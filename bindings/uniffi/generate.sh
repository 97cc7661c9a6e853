#!/bin/sh
# generate.sh [LANGUAGE FOLDER]: builds the library and puts into the folder what uniffi makes of it for a language. Prints
# the path of the library. Wants cargo.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
target=${CARGO_TARGET_DIR:-target}
# The generator is built without optimisation, which would take longer than anything it does, and beside the library: one
# crate of it keeps a processor busy for a minute.
CARGO_PROFILE_DEV_DEBUG=0 cargo build -q -p pickle-uniffi --features bindgen --bin uniffi-bindgen >&2 &
generator=$!
cargo build -q --release -p pickle-uniffi >&2
wait "$generator"
case $(uname -s) in
Darwin) library=$target/release/libpickle_uniffi.dylib ;;
MINGW* | MSYS*) library=$target/release/pickle_uniffi.dll ;;
*) library=$target/release/libpickle_uniffi.so ;;
esac
[ $# = 0 ] || "$target/debug/uniffi-bindgen" generate --language "$1" --no-format --out-dir "$2" "$library" >&2
case $library in
/*) echo "$library" ;;
*) echo "$root/$library" ;;
esac
