# shellcheck shell=bash disable=SC2034
# The Swift package, where need be with a Swift of its own. Sourced by task.

# Swift 6 for Linux: Debian trixie's, in a root file system of its own (3 GB), unless there is one already.
swift_root=$CACHE/swift
has_swift() {
    # /usr/bin/swift is a link that leads somewhere else from outside.
    command -v swift >/dev/null || [ -x "$swift_root/usr/libexec/swift/bin/swift" ]
}

swift_fetch() {
    rm -rf "$swift_root.part"
    mkdir -p "$CACHE"
    debootstrap --variant=minbase --include=swiftlang,libc6-dev,libstdc++-14-dev,ca-certificates trixie \
        "$swift_root.part" >"$CACHE/swift.log" 2>&1 || return 1
    mv "$swift_root.part" "$swift_root"
}

# Begins to fetch it: minutes, in which other things can be done.
SWIFT_JOB=
swift6_ahead() {
    if ! has_swift && is_root && apt debootstrap; then
        swift_fetch &
        SWIFT_JOB=$!
    fi
}

swift6() {
    if [ -n "$SWIFT_JOB" ]; then
        wait "$SWIFT_JOB" || return 1
        SWIFT_JOB=
    fi
    has_swift || { is_root && apt debootstrap && swift_fetch; }
}

# in_swift DIRECTORY COMMAND...: runs it in a directory of the repository, which is /src there, the corpus /corpus. The
# mounts are the command's own and end with it, however it ends.
in_swift() {
    local directory=$1
    shift
    if command -v swift >/dev/null; then
        (cd "$directory" && "$@")
        return
    fi
    mkdir -p "$swift_root/src" "$swift_root/corpus"
    unshare --mount sh -ec '
        root=$1 source=$2 directory=$3 corpus=$4
        shift 4
        mount -t proc proc "$root/proc" # swiftc finds its libraries through it
        mount --bind /dev "$root/dev"
        mount --bind "$source" "$root/src"
        [ ! -d "$corpus" ] || mount --bind "$corpus" "$root/corpus"
        exec chroot "$root" env HOME=/root PICKLE_CORPUS=/corpus sh -ec "cd \"\$0\" && exec \"\$@\"" "/src/$directory" "$@"
    ' in_swift "$swift_root" "$PWD" "$directory" "${PICKLE_CORPUS:-$PWD/../shared/corpus}" "$@"
}

recipe_swift() { #  the Swift package and its example, tested in language mode 6, compiled in 5, too
    say "Swift"
    need_cargo
    if ! swift6; then
        skip "Swift: there is no swift here, and a root file system with it needs Debian and root"
        return
    fi
    if ! in_swift . true; then
        echo "Swift: left out, for nothing can be mounted here, and without /proc swiftc finds no libraries"
        return
    fi
    native bindings/swift/generate.sh
    # The mode is a matter of the compiler: the tests run in one of them.
    say "Swift, language mode 5: compiled"
    in_swift bindings/swift env PICKLE_SWIFT_MODE=5 swift build --build-tests --scratch-path ../../target/swift/5 \
        -Xswiftc -warnings-as-errors
    say "Swift, language mode 6: tests"
    in_swift bindings/swift env PICKLE_SWIFT_MODE=6 swift test --scratch-path ../../target/swift/6 -Xswiftc -warnings-as-errors
    say "Swift, example"
    in_swift examples/swift/picklels swift build --scratch-path ../../../target/swift/example
    local file
    for file in weather.pkl frame.pkl model.pkl; do
        in_swift examples/data ../../target/swift/example/debug/picklels "$file" --write ../../target/swift/again.pkl
        python3 examples/data/same.py "examples/data/$file" target/swift/again.pkl
    done
}
