# shellcheck shell=bash disable=SC2034,SC2154
# The tests on other machines, and under Miri. Sourced by task.

# Of each: Rust's target, the name of its C compiler, the program that runs it. An x86-64 runs i686 itself, and QEMU 7.2 stops where
# such a program starts a thread.
machine_rows="
i686-unknown-linux-gnu         i686-linux-gnu       native
s390x-unknown-linux-gnu        s390x-linux-gnu      qemu-s390x
armv7-unknown-linux-gnueabihf  arm-linux-gnueabihf  qemu-arm
aarch64-unknown-linux-gnu      aarch64-linux-gnu    qemu-aarch64
"

# machine TARGET: what runs its programs; sets the environment in which cargo builds and runs them.
machine() {
    local target prefix emulator libc name
    while read -r target prefix emulator; do
        [ "$target" = "$1" ] && break
    done <<<"$machine_rows"
    [ "$target" = "$1" ] || { echo "no such machine: $1; there are:$(awk '{ printf " %s", $1 }' <<<"$machine_rows")" >&2; return 2; }
    case $prefix in
        i686-*)
            apt libc6-i386 lib32gcc-s1 || return 1
            libc=i386
            ;;
        s390x-*) libc=s390x ;;
        arm-*) libc=armhf ;;
        *) libc=arm64 ;;
    esac
    apt "gcc-$prefix" "libc6-dev-$libc-cross" qemu-user || return 1
    rustup target list --installed 2>/dev/null | grep -qx "$target" || timeout 120 rustup target add "$target" >/dev/null 2>&1 || return 1
    name=$(tr 'a-z-' 'A-Z_' <<<"$target")
    export "CARGO_TARGET_${name}_LINKER=$prefix-gcc"
    [ "$emulator" = native ] || export "CARGO_TARGET_${name}_RUNNER=$emulator -L /usr/$prefix"
}

# Where 32 bits and the order of bytes are tested already, what is nearest to the machine: reading, writing, arithmetic.
machine_few="arrays cut_and_split items limits matrix opcodes pickler random splits view"

recipe_machines() { #  tests of the core and of C on 32 bits, big-endian and ARM: ./task machines [TARGET...]; nightly, under QEMU
    need_cargo
    local target test tests skips targets=("$@") log
    [ ${#targets[@]} != 0 ] || mapfile -t targets < <(awk 'NF { print $1 }' <<<"$machine_rows")
    mkdir -p target/machines
    for target in "${targets[@]}"; do
        say "tests on $target"
        if ! machine "$target"; then
            skip "$target: its compiler, its Rust library or qemu-user cannot be had"
            continue
        fi
        log=target/machines/$target.log
        tests=(--lib --tests)
        # Every Python that is here is compared on this machine, and two tests have a limit of time: neither is for an emulator.
        skips=(--skip every_python_loads_random_values --skip generated_values --skip pure_picklers --skip between_python_2_and_3
            --skip quadratic --skip a_memo_that_doubles)
        [[ $target != i686* ]] || skips=()
        if [[ $target = a* ]]; then
            tests=(--lib --test interface --test views)
            for test in $machine_few; do tests+=(--test "$test"); done
        fi
        # The corpus would take hours; the tests' own data has each opcode, size and spelling.
        if ! PICKLE_CORPUS=none CARGO_PROFILE_TEST_OPT_LEVEL=1 CARGO_PROFILE_TEST_DEBUG=0 cargo test --no-fail-fast \
            -p pickle-core -p pickle-ffi "${tests[@]}" --target "$target" --target-dir target/machines -- "${skips[@]}" >"$log" 2>&1; then
            grep -vE '^test .* ok$' "$log" | tail -100
            echo "$target: failed, see $log" >&2
            return 1
        fi
        awk -v target="$target" '/^test result/ { binaries++; passed += $4; ignored += $8; skipped += $12 }
            END { print target ": " passed " tests passed in " binaries " programs, " ignored " ignored, " skipped " left to this machine" }' "$log"
    done
}

# Miri is a thousand times slower: of the core, the tests that end in minutes, each for what it covers; of C, its own tests.
miri_core="encoder history opcodes paths rename view"

recipe_miri() { #  tests of the core and of C under Miri, which finds undefined behaviour; nightly compiler
    need_cargo
    say "Miri"
    if ! timeout 300 rustup component add --toolchain nightly miri rust-src >/dev/null 2>&1; then
        skip "Miri: there is no nightly compiler with it"
        return
    fi
    local test tests=() log=target/miri/log
    for test in $miri_core; do
        tests+=(--test "$test")
    done
    mkdir -p target/miri
    # Files are read: the tests' own data.
    export MIRIFLAGS="-Zmiri-disable-isolation" PICKLE_CORPUS=none
    : >"$log"
    cargo +nightly miri test -p pickle-core --lib "${tests[@]}" --target-dir target/miri >>"$log" 2>&1 &&
        cargo +nightly miri test -p pickle-ffi --lib --test views --target-dir target/miri >>"$log" 2>&1 || {
        tail -60 "$log"
        return 1
    }
    awk '/^test result/ { binaries++; passed += $4; ignored += $8 }
        END { print "Miri: " passed " tests passed in " binaries " programs, " ignored " ignored" }' "$log"
}
