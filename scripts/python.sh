# shellcheck shell=bash disable=SC2034
# The Python package. Sourced by task.

recipe_python() { #  the Python wheel and its tests, under the oldest Python, today's and newer ones, each in an environment of its own
    say "Python"
    need_cargo
    local python version venv wheels=$PWD/target/python/wheels built= auditwheel
    rm -rf "$wheels"
    for python in "${PICKLE_PYTHON:-python3}" $(pythons True 3.9 3.12 3.13); do
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        venv=$PWD/target/python/venv-$version
        [ "$built" != "${built/ $version /}" ] && continue
        if ! "$python" -m venv --clear "$venv" 2>/dev/null && ! { apt python3-venv && python3 -m venv --clear "$venv"; }; then
            skip "Python $version: it has no venv"
            continue
        fi
        "$venv/bin/pip" install -q pytest mypy typing_extensions numpy maturin auditwheel
        if [ -z "$built" ]; then
            # Without the optimisation across crates of a published wheel, which takes minutes.
            CARGO_TARGET_DIR=$PWD/target/python/build CARGO_PROFILE_RELEASE_LTO=off \
                CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 "$venv/bin/maturin" build -q --release --locked \
                --interpreter "$venv/bin/python" --out "$wheels" --manifest-path bindings/python/Cargo.toml
            # Says which Linux the wheel runs on.
            auditwheel=$("$venv/bin/auditwheel" show "$wheels"/libpickle-*.whl) && echo "$auditwheel" | grep -i platform
        fi
        built="$built $version "
        "$venv/bin/pip" install -q --force-reinstall --no-deps "$wheels"/libpickle-*.whl
        say "Python $version"
        (cd bindings/python/tests && "$venv/bin/pytest" -q .)
        "$venv/bin/mypy" --strict bindings/python/tests/typing_example.py
    done
}
