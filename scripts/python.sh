# shellcheck shell=bash disable=SC2034
# The Python package. Sourced by task.

# python_in_root WHEEL PIP VERSION: the tests of the Python wheel under a CPython of the root file system of python315, which has
# no pip: pytest is put beside the wheel.
python_in_root() {
    local root=$CACHE/pythons version=$3 inside=/tmp/libpickle-python place
    if ! python315 || [ ! -x "$root/usr/bin/python$version" ]; then
        echo "Python $version: not tested, it cannot be had here"
        return
    fi
    if [ ! -e "$root/usr/lib/python$version/test/pickletester.py" ]; then
        # CPython's own tests. The file system may be older than its list of packages is valid.
        chroot "$root" apt-get update -qq -o Acquire::Check-Valid-Until=false >/dev/null || true
        chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            "libpython$version-testsuite" >/dev/null || echo "Python $version: CPython's own tests are not to be had here"
    fi
    say "Python $version"
    place=$root$inside
    rm -rf "$place"
    mkdir -p "$place/site" "$place/bindings/python" "$place/core"
    "$2" install -q --target "$place/site" --python-version "$version" --only-binary=:all: pytest pytest-xdist typing_extensions
    (cd "$place/site" && python3 -m zipfile -e "$1" .)
    cp -r bindings/python/tests "$place/bindings/python/"
    cp -r core/tables "$place/core/"
    mkdir -p "$place/tests"
    cp -r tests/data "$place/tests/"
    chroot "$root" env PYTHONPATH="$inside/site" "python$version" -m pytest -q -n auto -p no:cacheprovider \
        "$inside/bindings/python/tests"
    rm -rf "$place"
}

recipe_python() { #  the Python wheel and its tests, under the oldest Python, today's and the newest, each in an environment of its own
    say "Python"
    need_cargo
    # What it says of files is compared with what Python gets.
    the_command
    local python version venv wheels=$PWD/target/python/wheels built= auditwheel size
    rm -rf "$wheels"
    for python in "${PICKLE_PYTHON:-python3}" $(pythons True 3.9 3.12 3.13); do
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        venv=$PWD/target/python/venv-$version
        [ "$built" != "${built/ $version /}" ] && continue
        if ! "$python" -m venv --clear "$venv" 2>/dev/null && ! { apt python3-venv && python3 -m venv --clear "$venv"; }; then
            skip "Python $version: it has no venv"
            continue
        fi
        "$venv/bin/pip" install -q pytest pytest-xdist mypy typing_extensions numpy maturin auditwheel
        if [ -z "$built" ]; then
            # Without the optimisation across crates of a published wheel, which takes minutes.
            CARGO_TARGET_DIR=$PWD/target/python/build CARGO_PROFILE_RELEASE_LTO=off \
                CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 "$venv/bin/maturin" build -q --release --locked \
                --interpreter "$venv/bin/python" --out "$wheels" --manifest-path bindings/python/Cargo.toml
            # Says which Linux the wheel runs on.
            auditwheel=$("$venv/bin/auditwheel" show "$wheels"/libpickle-*.whl) && echo "$auditwheel" | grep -i platform
            size=$(stat -c %s "$wheels"/libpickle-*.whl)
            echo "wheel: $size bytes"
            if [ "$size" -gt 3000000 ]; then
                echo "the wheel must not be larger than 3 MB" >&2
                return 1
            fi
        fi
        built="$built $version "
        "$venv/bin/pip" install -q --force-reinstall --no-deps "$wheels"/libpickle-*.whl
        say "Python $version"
        (cd bindings/python/tests && PICKLE_COMMAND=$OLDPWD/target/debug/pickle "$venv/bin/pytest" -q -n auto .)
        "$venv/bin/mypy" --strict bindings/python/tests/typing_example.py
    done
    for version in 3.14 3.15; do
        python_in_root "$(echo "$wheels"/libpickle-*.whl)" "$venv/bin/pip" "$version"
    done
}
