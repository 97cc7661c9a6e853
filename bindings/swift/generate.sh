#!/bin/sh
# generate.sh: builds the library and what uniffi makes of it for this package. Wants cargo.
set -eu
cd "$(dirname "$0")"
rm -rf Sources/CPickleFFI Sources/PickleFFI lib
mkdir -p Sources/CPickleFFI Sources/PickleFFI lib
library=$(../uniffi/generate.sh swift "$PWD/lib")
mv lib/*.swift Sources/PickleFFI/
mv lib/*.h Sources/CPickleFFI/
mv lib/*.modulemap Sources/CPickleFFI/module.modulemap
cp "$(dirname "$library")/libpickle_uniffi.a" lib/
