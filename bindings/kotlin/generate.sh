#!/bin/sh
# generate.sh: builds the library and what uniffi makes of it for this package. Wants cargo.
set -eu
cd "$(dirname "$0")"
target=${CARGO_TARGET_DIR:-../../target}
cargo build -q --manifest-path ../../Cargo.toml --release -p pickle-uniffi --features bindgen
case $(uname -s) in
Darwin) os=darwin library=libpickle_uniffi.dylib ;;
MINGW* | MSYS*) os=win32 library=pickle_uniffi.dll ;;
*) os=linux library=libpickle_uniffi.so ;;
esac
case $(uname -m) in
x86_64 | amd64) arch=x86-64 ;;
arm64 | aarch64) arch=aarch64 ;;
*) arch=$(uname -m) ;;
esac
"$target/release/uniffi-bindgen" generate --language kotlin --no-format --out-dir target/generated-sources/uniffi \
    "$target/release/$library"
# JNA finds it there, in the jar.
mkdir -p "target/native/$os-$arch"
cp "$target/release/$library" "target/native/$os-$arch/"
