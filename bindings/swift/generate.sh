#!/bin/sh
# generate.sh: builds the library and what uniffi makes of it for this package. Wants cargo.
set -eu
cd "$(dirname "$0")"
target=${CARGO_TARGET_DIR:-../../target}
cargo build -q --manifest-path ../../Cargo.toml --release -p pickle-uniffi --features bindgen
rm -rf Sources/CPickleFFI Sources/PickleFFI lib
mkdir -p Sources/CPickleFFI Sources/PickleFFI lib
"$target/release/uniffi-bindgen" generate --language swift --no-format --out-dir lib "$target/release/libpickle_uniffi.so"
mv lib/*.swift Sources/PickleFFI/
mv lib/*.h Sources/CPickleFFI/
mv lib/*.modulemap Sources/CPickleFFI/module.modulemap
cp "$target/release/libpickle_uniffi.a" lib/
