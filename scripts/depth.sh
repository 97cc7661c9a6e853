# shellcheck shell=bash disable=SC2034,SC2154
# What a build of one version with one set of features cannot show. Sourced by task.

# cargo_tool NAME VERSION: a subcommand of cargo, in the cache, found by cargo from then on.
cargo_tool() {
    [ -x "$CACHE/bin/$1" ] || cargo install -q "$1" --version "$2" --locked --root "$CACHE" || return 1
    case :$PATH: in *:"$CACHE/bin":*) ;; *) PATH=$CACHE/bin:$PATH ;; esac
}

recipe_depth() { #  oldest Rust, oldest dependencies, every set of features, licences, lines that tests reach: ./task depth [STEP...]; nightly
    need_cargo
    local step steps=("$@")
    [ ${#steps[@]} != 0 ] || steps=(oldest minimal features licences coverage)
    for step in "${steps[@]}"; do
        "depth_$step"
    done
}

# The workspace with the Rust that Cargo.toml promises.
depth_oldest() {
    local version
    version=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    say "Rust $version"
    if ! timeout 600 rustup toolchain install "$version" --profile minimal >/dev/null 2>&1; then
        skip "Rust $version: rustup cannot install it"
        return
    fi
    cargo "+$version" check -q --workspace --target-dir target/oldest
    echo "compiles: $(cargo "+$version" --version)"
}

# The libraries with the oldest versions of what they name.
depth_minimal() {
    say "oldest dependencies"
    if ! rustup toolchain list | grep -q ^nightly; then
        skip "oldest dependencies: cargo of a nightly chooses them"
        return
    fi
    rm -rf target/minimal-tree
    mkdir -p target/minimal-tree
    git ls-files -z Cargo.toml core ffi examples include tests/data README.md |
        xargs -0 cp --parents -t target/minimal-tree
    (
        cd target/minimal-tree || exit
        # Of the libraries alone, and without what only their tests need.
        sed -i 's/^members = .*/members = ["core", "ffi"]/' Cargo.toml
        sed -i '/^\[dev-dependencies/,/^\[/{/^\[dev-dependencies/d;/^\[/!d}' ./*/Cargo.toml
        cargo +nightly update -q -Z direct-minimal-versions
        cargo check -q -p pickle-core -p pickle-ffi --all-features --target-dir ../minimal
        cargo tree -q -p pickle-core --all-features --depth 1 --prefix none -e normal
    )
}

# Every set of features of the core; the tables of the verdict differ in their rows alone and count as one.
depth_features() {
    say "every set of features"
    if ! cargo_tool cargo-hack 0.6.46; then
        skip "every set of features: cargo-hack does not install"
        return
    fi
    local tables="verdict-numpy,verdict-pandas,verdict-sklearn,verdict-torch,verdict-more,verdict-all"
    local full="protocol-0,python-2,big-ints,changes,items,known-std,known-science"
    # What `full` has is constants, not code that is compiled or not: tests/knobs has each of them.
    local sets=(--feature-powerset --no-dev-deps --group-features "$tables" --group-features "$full"
        --exclude-features default,full)
    cargo hack check -q -p pickle-core "${sets[@]}" --target-dir target/features
    # Without the standard library a panic can only abort.
    CARGO_PROFILE_DEV_PANIC=abort cargo hack check -q -p pickle-ffi "${sets[@]/$tables/${tables/verdict-more,/}}" \
        --target-dir target/features
    cargo hack check -q -p pickle-arrow --feature-powerset --no-dev-deps --target-dir target/features
    cargo hack check -q -p pickle-cli --each-feature --no-dev-deps --target-dir target/features
    echo "$(cargo hack check -p pickle-core "${sets[@]}" --print-command-list | wc -l) sets of the core"
}

# What may be in the tree of dependencies, and where it comes from.
depth_licences() {
    say "licences and sources"
    if ! cargo_tool cargo-deny 0.20.2; then
        skip "licences: cargo-deny does not install"
        return
    fi
    # Of every system, which no build has fetched.
    cargo fetch -q --locked
    cargo deny --offline --locked check licenses bans sources
}

# Lines of the core that its tests reach.
depth_coverage() {
    say "coverage"
    if ! cargo_tool cargo-llvm-cov 0.9.1 || ! timeout 300 rustup component add llvm-tools >/dev/null 2>&1; then
        skip "coverage: cargo-llvm-cov or llvm-tools does not install"
        return
    fi
    mkdir -p target/coverage
    cargo llvm-cov -p pickle-core --all-features --target-dir target/coverage --ignore-filename-regex '/(tests|examples)/' \
        --json --output-path target/coverage/core.json
    python3 tests/coverage.py target/coverage/core.json 95
}
