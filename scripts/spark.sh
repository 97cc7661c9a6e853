# shellcheck shell=bash disable=SC2034
# The Python wheel beside those who take Arrow from it. Sourced by task.

# wheel_into VENV: builds the wheel, without the optimisation across crates of a published one, and installs it.
wheel_into() {
    local venv=$1 wheels=$PWD/target/python/wheels
    rm -rf "$wheels"
    CARGO_TARGET_DIR=$PWD/target/python/build CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        "$venv/bin/maturin" build -q --release --locked --interpreter "$venv/bin/python" --out "$wheels" \
        --manifest-path bindings/python/Cargo.toml
    "$venv/bin/pip" install -q --force-reinstall --no-deps "$wheels"/libpickle-*.whl
}

recipe_arrow() { #  record batches and splits of the wheel, as pyarrow, pandas, polars, DuckDB and Dask take them; nightly
    say "Arrow in Python"
    need_cargo
    if ! venv arrow "$(python_that True 3.12 3.13 || echo python3)" pyarrow "pandas>=3" polars duckdb "dask[dataframe]" pytest \
        maturin; then
        skip "Arrow in Python: pip cannot install pyarrow, pandas, polars, duckdb and dask"
        return
    fi
    wheel_into "$CACHE/arrow"
    (cd tests/arrow && "$CACHE/arrow/bin/pytest" -q -p no:cacheprovider .)
}

recipe_spark() { #  the data source on a Spark cluster of two executors, one of which is killed; nightly, needs a JDK of 17 or later
    say "Spark"
    need_cargo
    if ! command -v java >/dev/null && ! apt default-jre-headless; then
        skip "Spark: there is no Java"
        return
    fi
    local python
    python=$(python_that True 3.12 3.13 || echo python3)
    # pyspark has no wheel.
    if ! venv spark "$python" pyarrow "pandas<3" pytest maturin setuptools wheel ||
        ! "$CACHE/spark/bin/pip" install -q pyspark==4.3.0; then
        skip "Spark: pip cannot install pyspark 4.3, pyarrow and pandas"
        return
    fi
    wheel_into "$CACHE/spark"
    (cd tests/spark && "$CACHE/spark/bin/pytest" -q -p no:cacheprovider .)
}
