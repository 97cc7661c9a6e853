#!/bin/sh
# native.sh: builds the library for Android with cargo-ndk, and checks that every part of it lies on pages of 16 KB.
# Wants the NDK (r27 or newer), rustup and cargo-ndk. NOT RUN BY US: there was no NDK. `native.sh check FILE...` checks
# alone.
set -eu
cd "$(dirname "$0")"

# Android 15 has devices with pages of 16 KB: segments must be aligned to that.
check() {
    for library in "$@"; do
        aligned=$(readelf -lW "$library" | awk '$1 == "LOAD" { print $NF }')
        [ -n "$aligned" ] || { echo "$library: no segments" >&2; return 1; }
        for align in $aligned; do
            [ $((align)) -ge 16384 ] || { echo "$library: a segment is aligned to $align, not to 0x4000" >&2; return 1; }
        done
        echo "$library: pages of 16 KB are fine"
    done
}

if [ "${1:-}" = check ]; then
    shift
    check "$@"
    exit
fi
out=$PWD/build/jni
for abi in arm64-v8a x86_64; do
    RUSTFLAGS="-Clink-arg=-Wl,-z,max-page-size=16384" \
        cargo ndk --target "$abi" --platform 26 --output-dir "$out" \
        build --manifest-path ../../../Cargo.toml --release -p pickle-uniffi
done
# Devices of 32 bits have pages of 4 KB.
cargo ndk --target armeabi-v7a --platform 26 --output-dir "$out" \
    build --manifest-path ../../../Cargo.toml --release -p pickle-uniffi
check "$out"/arm64-v8a/*.so "$out"/x86_64/*.so
../generate.sh
