#!/bin/sh
# generate.sh [PROFILE]: builds the library and what uniffi makes of it for this package. Wants cargo; PROFILE is release.
set -eu
cd "$(dirname "$0")"
profile=${1:-release}
root=../..
target=${CARGO_TARGET_DIR:-$root/target}
directory=$profile
[ "$profile" = dev ] && directory=debug
cargo build -q --manifest-path $root/Cargo.toml --profile "$profile" -p pickle-uniffi --features bindgen
rm -rf Sources/CPickleFFI Sources/PickleFFI lib
mkdir -p Sources/CPickleFFI Sources/PickleFFI lib
"$target/$directory/uniffi-bindgen" generate --language swift --no-format --out-dir lib "$target/$directory/libpickle_uniffi.so"
mv lib/*.swift Sources/PickleFFI/
mv lib/*.h Sources/CPickleFFI/
mv lib/*.modulemap Sources/CPickleFFI/module.modulemap
cp "$target/$directory/libpickle_uniffi.a" lib/
