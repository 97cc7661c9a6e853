# shellcheck shell=bash disable=SC2034
# What the command takes out of files, beside the programs of others. Sourced by task.

recipe_science() { #  what the command takes out, beside numpy, pandas, scikit-learn and safetensors
    say "science files"
    local corpus=${PICKLE_CORPUS:-../shared/corpus} old
    [ -f "$corpus/manifest.json" ] || { skip "science files: no corpus at $corpus"; return; }
    the_command
    apt python3-venv >/dev/null 2>&1 || true
    if venv science python3 numpy pandas scikit-learn safetensors; then
        "$CACHE/science/bin/python" tests/science/check.py target/debug/pickle "$corpus"
    else
        skip "science files: pip cannot install numpy, pandas, scikit-learn and safetensors"
    fi
    # CSV is written as pandas 3 writes it; of what older ones write otherwise tables.py has a list.
    if venv tables "$(python_that True 3.12 || echo python3)" "pandas>=3" pyarrow; then
        "$CACHE/tables/bin/python" tests/science/tables.py target/debug/pickle
    else
        skip "tables: pip cannot install pandas 3 and pyarrow"
    fi
    if venv tables2 "$(python_that True 3.12 || echo python3)" "pandas>=2.2,<3" pyarrow; then
        "$CACHE/tables2/bin/python" tests/science/tables.py target/debug/pickle
    else
        skip "tables: pip cannot install pandas 2 and pyarrow"
    fi
    if old=$(python_that True 3.11 3.10) && venv tables15 "$old" pandas==1.5.3 "numpy<2" "pyarrow<20"; then
        "$CACHE/tables15/bin/python" tests/science/tables.py target/debug/pickle
    else
        skip "tables: there is no Python 3.11 with pandas 1.5 and pyarrow"
    fi
    # The last libraries that load what those of Python 2 wrote.
    if old=$(python_that True 3.8) && venv science38 "$old" numpy==1.18.5 scipy==1.4.1 pandas==0.25.3 scikit-learn==0.22.2.post1; then
        "$CACHE/science38/bin/python" tests/science/check.py target/debug/pickle "$corpus"
    else
        skip "Python 2 archives of pandas and scikit-learn: there is no Python 3.8 with their libraries of 2020"
    fi
}

recipe_browser() { #  the page of `pickle du --html` in a real browser
    say "du --html in Chromium"
    apt chromium || { skip "du --html: Chromium is not there"; return; }
    the_command
    python3 tests/browser/check.py target/debug/pickle
}
