#!/bin/sh
# xcframework.sh: makes CPickleFFI.xcframework of the library for iOS, its simulator and macOS.
# Wants a Mac with Xcode and rustup. It has NOT been run by us: there was no Mac. Then, in Package.swift, put
#     .binaryTarget(name: "CPickleFFI", path: "lib/CPickleFFI.xcframework")
# in the place of the system library and its linker settings.
set -eu
cd "$(dirname "$0")"
[ "$(uname)" = Darwin ] || { echo "this needs a Mac with Xcode" >&2; exit 2; }
./generate.sh
targets="aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios aarch64-apple-darwin x86_64-apple-darwin"
for target in $targets; do
    rustup target add "$target"
    cargo build -q --manifest-path ../../Cargo.toml --release -p pickle-uniffi --target "$target"
done
built() { echo "${CARGO_TARGET_DIR:-../../target}/$1/release/libpickle_uniffi.a"; }
mkdir -p lib/sim lib/mac
lipo -create "$(built aarch64-apple-ios-sim)" "$(built x86_64-apple-ios)" -output lib/sim/libpickle_uniffi.a
lipo -create "$(built aarch64-apple-darwin)" "$(built x86_64-apple-darwin)" -output lib/mac/libpickle_uniffi.a
rm -rf lib/CPickleFFI.xcframework
xcodebuild -create-xcframework \
    -library "$(built aarch64-apple-ios)" -headers Sources/CPickleFFI \
    -library lib/sim/libpickle_uniffi.a -headers Sources/CPickleFFI \
    -library lib/mac/libpickle_uniffi.a -headers Sources/CPickleFFI \
    -output lib/CPickleFFI.xcframework
