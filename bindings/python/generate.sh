#!/bin/sh
# generate.sh: builds the library and what uniffi makes of it for this package. Wants cargo.
set -eu
cd "$(dirname "$0")"
target=${CARGO_TARGET_DIR:-../../target}
cargo build -q --manifest-path ../../Cargo.toml --release -p pickle-uniffi --features bindgen
case $(uname -s) in
Darwin) library=libpickle_uniffi.dylib ;;
MINGW* | MSYS*) library=pickle_uniffi.dll ;;
*) library=libpickle_uniffi.so ;;
esac
"$target/release/uniffi-bindgen" generate --language python --no-format --out-dir libpickle "$target/release/$library"
cp "$target/release/$library" libpickle/
