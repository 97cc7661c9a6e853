# shellcheck shell=bash disable=SC2034
# The C archive. Sourced by task.

# A Python that has PyPI's carbon, Graphite's own protocol classes. Carbon does not install on 3.12 and later.
carbon_python() {
    local python venv=$CACHE/carbon
    if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import carbon.protocols' 2>/dev/null; then
        for python in $(pythons "sys.version_info < (3, 12)" 3.11 3.10 3.9 3); do
            rm -rf "$venv"
            mkdir -p "$CACHE"
            "$python" -m venv "$venv" && "$venv/bin/pip" install -q carbon==1.1.10 >"$CACHE/carbon.log" 2>&1 && break
        done
    fi
    "$venv/bin/python" -c 'import carbon.protocols' 2>/dev/null && echo "$venv/bin/python"
}

recipe_c() { #  the C archive: tests, sanitizers, no panics, examples against Python, installed and used
    say "C"
    need_cargo
    apt python3-venv >/dev/null 2>&1 || true
    if ! apt gcc g++ binutils make valgrind cmake pkg-config libc6-dev; then
        skip "C: a compiler, make, valgrind, cmake and pkg-config are needed"
        return
    fi
    cargo test -q -p pickle-ffi
    local out=target/c/out archive=target/c/release/libpickle.a corpus=${PICKLE_CORPUS:-../shared/corpus} example python carbon numpy
    local tests=(tests/c/test.c tests/c/statuses.c tests/c/write.c tests/c/known.c tests/c/items.c tests/c/message.c tests/c/scan.c tests/c/write_known.c tests/c/table.c)
    local warn=(-Wall -Wextra -Wpedantic -Werror -Iinclude -g -O1)
    local files=(tests/data/core/*.pickle) hostile=()
    [ ! -d "$corpus/data/hostile" ] || mapfile -t hostile < <(find "$corpus/data/hostile" "$corpus/data/quirks" -type f -size -1000k ! -name '*.json' | sort)
    rm -rf "$out" && mkdir -p "$out/examples" "$out/written"
    make -s -C ffi install PREFIX="$PWD/$out/usr"
    tests/c/no_panic.sh "$archive" gcc

    say "C: tests, as C99 and C++17, under sanitizers and valgrind"
    gcc -std=c99 "${warn[@]}" -fsanitize=address,undefined -fno-sanitize-recover "${tests[@]}" "$archive" -o "$out/test-asan"
    gcc -std=c99 "${warn[@]}" "${tests[@]}" "$archive" -o "$out/test"
    g++ -std=c++17 -x c++ "${warn[@]}" "${tests[@]}" -x none "$archive" -o "$out/test++"
    gcc -std=c99 "${warn[@]}" -ffreestanding -include pickle.h -x c -c /dev/null -o /dev/null
    g++ -std=c++17 -fno-exceptions -fno-rtti "${warn[@]}" -I"$out/usr/include" tests/c/views.cpp "$archive" -o "$out/views++"
    "$out/views++"
    g++ -std=c++20 "${warn[@]}" -fsanitize=address,undefined -fno-sanitize-recover tests/c/views.cpp "$archive" -o "$out/views-asan"
    "$out/views-asan"
    PICKLE_WRITTEN=$out/written timeout 300 "$out/test-asan" "${files[@]}" "${hostile[@]}"
    timeout 60 "$out/test++" "${files[@]}" "${hostile[@]}"
    timeout 300 valgrind -q --error-exitcode=3 "$out/test" "${files[@]}" "${hostile[@]:0:100}"

    say "C: graphs, compared with what is expected"
    gcc -std=c99 "${warn[@]}" -fsanitize=address,undefined -fno-sanitize-recover tests/c/graph.c "$archive" -o "$out/graph"
    if [ -f "$corpus/manifest.json" ]; then python3 tests/c/graph.py "$out/graph" "$corpus"; else python3 tests/c/graph.py "$out/graph"; fi

    say "C: examples, against Python"
    for example in read stream items message scan write carbon logsink mpclient; do
        gcc -std=c99 "${warn[@]}" -D_POSIX_C_SOURCE=200809L -Wl,--gc-sections "examples/c/$example.c" "$archive" -o "$out/examples/$example"
    done
    carbon=$(carbon_python) || echo "Graphite: carbon does not install here, its documented format is used instead"
    # multiprocessing of 3.12, to which the examples talk, takes other digests than that before.
    python=$(python_that "sys.version_info >= (3, 12)" 3.14 3.13 3.12 3) || python=python3
    numpy=c-$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if venv "$numpy" "$python" numpy; then
        python=$CACHE/$numpy/bin/python
    else
        skip "C: arrays that C writes are not compared with numpy, which pip cannot install"
    fi
    PICKLE_WRITTEN=$out/written "$python" tests/c/examples.py "$out/examples" ${carbon:+"$carbon"}

    say "C: installed, by pkg-config and CMake"
    # shellcheck disable=SC2046
    gcc -std=c99 "${warn[@]}" examples/c/read.c -o "$out/read" -Wl,-rpath,"$PWD/$out/usr/lib" \
        $(PKG_CONFIG_PATH=$out/usr/lib/pkgconfig pkg-config --cflags --libs pickle)
    "$out/read" examples/data/weather.pkl '$.readings[0].temp'
    cmake -S tests/c -B "$out/cmake" -DCMAKE_PREFIX_PATH="$PWD/$out/usr" >/dev/null
    cmake --build "$out/cmake" >/dev/null
    "$out/cmake/test-pickle" && "$out/cmake/test-shared"
    python3 -m json.tool ffi/platformio/library.json >/dev/null

    say "C: bare metal"
    if ! bare_metal || ! apt gcc-arm-none-eabi; then
        skip "C: bare metal: no compiler for thumbv6m, or no arm-none-eabi-gcc"
        return
    fi
    c_archive thumbv6m-none-eabi
    tests/c/no_panic.sh target/c/thumbv6m-none-eabi/release/libpickle.a arm-none-eabi-gcc -mcpu=cortex-m0 -mthumb
}
