# shellcheck shell=bash disable=SC2034
# Measurements. Sourced by task.

recipe_bench_stream() { #  time and memory on large inputs; arguments go to bench/stream.py
    apt time >/dev/null
    cargo build --release -p pickle-cli
    python3 bench/stream.py "$@" target/release/pickle
}

recipe_bench() { #  the tables of the README; arguments go to bench/run.py
    need_cargo
    python3 bench/run.py "$@"
}

recipe_languages() { #  reading in Rust, Kotlin, Swift and Python side by side: the release library, minutes
    need_cargo
    local swift=target/swift/figures run
    [ -f bench/data/telemetry.p4.pkl ] || (cd bench && python3 generate.py telemetry --protocols 4)
    python3 bench/languages.py --rows bench/data/rows.pkl
    (cd bench/ours && cargo build -q --release --locked)
    native bindings/kotlin/generate.sh
    (cd bindings/kotlin && mvn -q -B install -DskipTests)
    (cd bench/kotlin && mvn -q -B compile)
    python3 -m venv target/python/venv
    target/python/venv/bin/pip install -q --force-reinstall --no-deps ./bindings/python
    if swift6 && in_swift . true; then
        native bindings/swift/generate.sh
        in_swift bench/swift/bench swift build -c release --scratch-path ../../../target/swift/bench
        mkdir -p "$swift"
        run="in_swift bench/data ../../target/swift/bench/release/bench"
        $run telemetry.p4.pkl 7 >"$swift/loads.tsv"
        $run items rows.pkl >"$swift/items.tsv"
        set -- --swift "$swift" "$@"
    fi
    python3 bench/languages.py "$@"
    rm bench/data/rows.pkl
}
