# shellcheck shell=bash disable=SC2034
# The library that Kotlin, Swift and Python load, and the Kotlin package. Sourced by task.

# native COMMAND...: with the library that Kotlin, Swift and Python load, and the generator of their sources, built once
# for all three: minutes, most of them on one processor.
native() {
    CARGO_TARGET_DIR=$REPO/target/bindings "$@"
}

# Begins to build them while other things are done.
NATIVE_JOB=
native_ahead() {
    mkdir -p target
    native bindings/uniffi/generate.sh >target/native.log 2>&1 &
    NATIVE_JOB=$!
}

recipe_bindings() { #  the library that Kotlin, Swift and Python load, and its size
    say "bindings: native library"
    need_cargo
    # If that failed, it does again and says why.
    [ -z "$NATIVE_JOB" ] || wait "$NATIVE_JOB" || true
    local built stripped=target/bindings/stripped size
    built=$(native bindings/uniffi/generate.sh)
    strip "$built" -o "$stripped"
    size=$(stat -c %s "$stripped")
    echo "stripped: $size bytes"
    if [ "$size" -gt 2050000 ]; then
        echo "the library must not be larger than 2.05 MB: docs/size.md" >&2
        return 1
    fi
}

recipe_kotlin() { #  the Kotlin package: tests, and its example
    say "Kotlin"
    need_cargo
    if ! apt openjdk-17-jdk-headless maven; then
        skip "kotlin: a JDK and Maven are missing"
        return
    fi
    native bindings/kotlin/generate.sh
    (cd bindings/kotlin && mvn -q -B install)
    say "Kotlin, example"
    local file compile=compile
    for file in weather.pkl frame.pkl model.pkl; do
        (cd examples/kotlin && mvn -q -B $compile exec:java -Dexec.args="../data/$file --write target/again.pkl")
        compile=
        python3 examples/data/same.py "examples/data/$file" examples/kotlin/target/again.pkl
    done
}
