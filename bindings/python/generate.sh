#!/bin/sh
# generate.sh: builds the library and what uniffi makes of it for this package. Wants cargo.
set -eu
cd "$(dirname "$0")"
cp "$(../uniffi/generate.sh python "$PWD/libpickle")" libpickle/
