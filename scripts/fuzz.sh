# shellcheck shell=bash disable=SC2034,SC2154
# Fuzzing. Sourced by task.

recipe_fuzz() { #  fuzz targets: ./task fuzz [SECONDS [TARGET...]]; 30 seconds for each of those of the libraries otherwise
    need_cargo
    say "fuzzing"
    if [ ! -x "$CACHE/bin/cargo-fuzz" ]; then
        cargo install -q cargo-fuzz --version 0.13.2 --locked --root "$CACHE"
    fi
    local seconds=${1:-30} target features found total=0
    local targets=("${@:2}") log=$REPO/target/fuzz/log
    # That of the whole command takes minutes to compile.
    [ ${#targets[@]} != 0 ] || mapfile -t targets < <(cd fuzz/fuzz_targets && printf '%s\n' *.rs | sed 's/\.rs$//' | grep -v '^verbs$')
    for target in "${targets[@]}"; do
        features=
        [ "$target" != verbs ] || features=command
        mkdir -p "target/fuzz/corpus/$target" "fuzz/artifacts/$target"
        # A compiler that is no nightly takes the flags of the sanitizers, too.
        (cd fuzz && RUSTC_BOOTSTRAP=1 PATH=$CACHE/bin:$PATH cargo fuzz build --features "$features" "$target") >"$log" 2>&1 &&
            (cd fuzz && "target/$(rustc -vV | sed -n 's/^host: //p')/release/$target" "$REPO/target/fuzz/corpus/$target" \
                ../tests/data/core -artifact_prefix="artifacts/$target/" -max_total_time="$seconds" -max_len=4096 \
                -rss_limit_mb=2048 -timeout=25 -print_final_stats=1) >"$log" 2>&1 || {
            tail -60 "$log"
            return 1
        }
        found=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        total=$((total + found))
        echo "$target: $found executions in $seconds s, no fault"
    done
    echo "$total executions"
}
