#!/usr/bin/env bash
# Fetches the sources of TinyCBOR (a peer) into a folder: Debian has them in the source package of Qt, 48 MB.
# Usage: tinycbor.sh FOLDER
set -euo pipefail
folder=$1
[ -f "$folder/cborparser.c" ] && exit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder" "$work/lists/partial" "$work/sources"
# Lists of our own: the machine's stay as they are.
if [ -f /etc/apt/sources.list.d/debian.sources ]; then
    sed 's/^Types:.*/Types: deb-src/' /etc/apt/sources.list.d/debian.sources >"$work/list.sources"
    list=$work/list.sources
else
    sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >"$work/list"
    list=$work/list
fi
options=(-qq -o "Dir::Etc::sourcelist=$list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$work/lists" -o APT::Sandbox::User=root)
apt-get "${options[@]}" update
(cd "$work/sources" && apt-get "${options[@]}" source --download-only qtbase-opensource-src)
tar -xf "$work"/sources/*.orig.tar.xz -C "$work" --wildcards '*/3rdparty/tinycbor/*'
cp "$work"/*/src/3rdparty/tinycbor/src/*.[ch] "$work"/*/src/3rdparty/tinycbor/LICENSE "$folder/"
