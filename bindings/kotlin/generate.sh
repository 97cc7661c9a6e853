#!/bin/sh
# generate.sh: builds the native library and puts it where the package has it in its jar. Wants cargo.
set -eu
cd "$(dirname "$0")"
library=$(../uniffi/generate.sh)
case $library in
*.dylib) os=macos ;;
*.dll) os=windows ;;
*) os=linux ;;
esac
case $(uname -m) in
x86_64 | amd64) arch=x86_64 ;;
arm64 | aarch64) arch=aarch64 ;;
*) arch=$(uname -m) ;;
esac
folder=target/native/org/libpickle/native/$os-$arch
mkdir -p "$folder"
cp "$library" "$folder/"
