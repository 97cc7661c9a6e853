# shellcheck shell=bash disable=SC2034
# The core and the command. Sourced by task.

recipe_lint() { #  formatting, clippy, and which room of a crate uses which
    say "lint"
    python3 tests/rooms.py
    python3 tests/links.py
    python3 tests/version.py
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    local features
    for features in "" full alloc text-float defmt serde "alloc,serde" "std,full,text-float,defmt,serde"; do
        cargo clippy -q -p pickle-core --no-default-features --features "$features" -- -D warnings
    done
    # As `./task demo` builds it.
    cargo clippy -q -p pickle-cli --no-default-features -- -D warnings
}

# Builds target/debug/pickle, unless the tests have: with their optimisation, so that nothing is compiled twice.
BUILT=
the_command() {
    [ -n "$BUILT" ] || cargo build -q --locked -p pickle-cli
}

recipe_unit() { #  the tests of the core and the command
    say "tests"
    cargo test -p pickle-core -p pickle-cli -p pickle-uniffi -p pickle-arrow
    BUILT=yes
    say "tests of builds that leave something out"
    local features
    for features in "" protocol-0 python-2 big-ints changes items known-std known-science \
        protocol-0,python-2,big-ints,changes,items,known-std,known-science; do
        echo "${features:-none of the features of full}"
        cargo test -q --locked --manifest-path tests/knobs/Cargo.toml --target-dir target/knobs --features "$features"
    done
    # The unrolled opcode loop is in release builds only.
    say "tests of the core, release build"
    CARGO_PROFILE_RELEASE_LTO=off cargo test --release -p pickle-core --test matrix
    RUSTDOCFLAGS="-D warnings" cargo doc -q --no-deps -p pickle-core -p pickle-cli -p pickle-arrow
    RUSTDOCFLAGS="-D warnings" python3 tests/api.py
}

# The newest CPythons, as oracles, in a root file system of their own: sets PICKLE_PYTHON313, 314 and 315.
python315() {
    if command -v python3.15 >/dev/null; then
        export PICKLE_PYTHON315=python3.15
        return
    fi
    local root=$CACHE/pythons version
    if [ ! -x "$root/usr/bin/python3.13" ] || [ ! -x "$root/usr/bin/python3.15" ]; then
        apt debootstrap || return 1
        is_root || return 1
        rm -rf "$root"
        mkdir -p "$CACHE"
        debootstrap --variant=minbase --include=python3.13,python3.14,python3.15 sid "$root" \
            >"$CACHE/debootstrap.log" 2>&1 || return 1
    fi
    for version in 3.13 3.14 3.15; do
        export "PICKLE_PYTHON${version/./}=chroot $root python$version"
    done
}

recipe_demo() { #  builds the command and shows a real pickle
    need_cargo
    # Without the formats that take minutes to compile.
    cargo run -q --release -p pickle-cli --no-default-features -- show examples/data/weather.pkl
}
