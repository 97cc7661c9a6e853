# shellcheck shell=bash disable=SC2034
# Targets without an operating system. Sourced by task.

# A compiler for bare metal: sets BARE to a cargo command for the targets of bare_targets.
bare_targets="thumbv6m-none-eabi thumbv7m-none-eabi thumbv7em-none-eabihf riscv32i-unknown-none-elf riscv32imc-unknown-none-elf"
bare_metal() {
    local target missing=
    if command -v rustup >/dev/null; then
        for target in $bare_targets; do
            rustup target list --installed 2>/dev/null | grep -qx "$target" && continue
            timeout 60 rustup target add "$target" >/dev/null 2>&1 || missing=$target
        done
        if [ -z "$missing" ]; then
            BARE=(cargo)
            BARE_FLAGS=()
            return
        fi
    fi
    apt rustc-web cargo-web rust-web-src || return 1
    BARE=(env RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc /usr/bin/cargo)
    BARE_FLAGS=(-Zbuild-std=core,alloc)
}

# c_archive TARGET [VARIABLE=VALUE...]: libpickle.a for bare metal; what follows is for ffi/Makefile.
c_archive() {
    local flags=()
    [ ${#BARE_FLAGS[@]} = 0 ] || flags=(-Zbuild-std=core)
    make -s -C ffi static TARGET="$1" "${@:2}" CARGO="${BARE[*]}" CARGO_FLAGS="${flags[*]}"
}

# What firmware is built with: sets BARE and FLAGS.
firmware_tools() {
    if ! bare_metal; then
        skip "$1: no compiler for the targets ($bare_targets)"
        return 1
    fi
    if ! apt gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm; then
        skip "$1: no arm-none-eabi toolchain, no QEMU"
        return 1
    fi
    FLAGS=()
    if [ ${#BARE_FLAGS[@]} != 0 ]; then
        # Debian's compiler brings no linker for these targets.
        export CARGO_TARGET_THUMBV6M_NONE_EABI_LINKER=arm-none-eabi-ld CARGO_TARGET_THUMBV7M_NONE_EABI_LINKER=arm-none-eabi-ld
        FLAGS=(-Zbuild-std=core)
    fi
}

recipe_bare() { #  the core on targets without an operating system
    say "bare metal"
    if ! bare_metal; then
        skip "bare metal: rustup cannot add the targets ($bare_targets), and Debian's rustc-web is not to be had"
        return
    fi
    local target features
    for target in $bare_targets; do
        # Targets differ in their atomics; what is behind the features does not.
        case $target in
            thumbv6m* | riscv32i-*) set -- "" defmt serde "alloc,serde" ;;
            *) set -- "" "defmt,alloc,serde" ;;
        esac
        for features in "$@"; do
            "${BARE[@]}" check -q "${BARE_FLAGS[@]}" -p pickle-core --target "$target" --features "$features" \
                --target-dir target/bare
            echo "$target, features: ${features:-none}: ok"
        done
    done
}

recipe_firmware() { #  the firmware for two boards, under QEMU
    say "firmware"
    firmware_tools firmware || return 0
    if [ ! -x "$CACHE/bin/defmt-print" ]; then
        cargo install -q defmt-print --version 1.2.0 --locked --root "$CACHE"
    fi
    local target folders=()
    for target in thumbv7m-none-eabi thumbv6m-none-eabi; do
        (cd examples/firmware && DEFMT_LOG=info "${BARE[@]}" build -q --release "${FLAGS[@]}" --target "$target")
        folders+=("examples/firmware/target/$target/release")
    done
    local cpu
    for cpu in cortex-m3 cortex-m0; do
        target=$([ $cpu = cortex-m0 ] && echo thumbv6m || echo thumbv7m)-none-eabi
        c_archive "$target" FEATURES=full # no text floats
        make -s -C examples/firmware-c CPU=$cpu
        folders+=("examples/firmware-c/build/$cpu")
    done
    PATH=$PATH:$CACHE/bin python3 examples/firmware/snapshots.py "${folders[@]}"
}

recipe_size() { #  what the core costs on a Cortex-M; with --check, against its budget alone
    say "sizes"
    firmware_tools sizes || return 0
    BARE="${BARE[*]}" BARE_FLAGS="${FLAGS[*]}" python3 bench/size/run.py "$@"
}

recipe_riscv() { #  the same programs on a RISC-V of 32 bits, under QEMU; nightly
    need_cargo
    say "RISC-V"
    if ! rustup target add riscv32imc-unknown-none-elf >/dev/null 2>&1 || ! apt qemu-system-misc llvm; then
        skip "RISC-V: QEMU, LLVM's tools or Rust's library for riscv32imc are not to be had"
        return
    fi
    python3 bench/size/run.py --riscv
}
