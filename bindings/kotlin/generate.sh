#!/bin/sh
# generate.sh: builds the library and what uniffi makes of it for this package. Wants cargo.
set -eu
cd "$(dirname "$0")"
library=$(../uniffi/generate.sh kotlin "$PWD/target/generated-sources/uniffi")
case $library in
*.dylib) os=darwin ;;
*.dll) os=win32 ;;
*) os=linux ;;
esac
case $(uname -m) in
x86_64 | amd64) arch=x86-64 ;;
arm64 | aarch64) arch=aarch64 ;;
*) arch=$(uname -m) ;;
esac
# JNA finds it there, in the jar.
mkdir -p "target/native/$os-$arch"
cp "$library" "target/native/$os-$arch/"
