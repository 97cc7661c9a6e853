# shellcheck shell=bash disable=SC2034
# What recipes have in common: messages, packages, interpreters, environments. Sourced by task.

# With the minutes that the task has run.
say() { printf '\n== %s (%d:%02d)\n' "$*" $((SECONDS / 60)) $((SECONDS % 60)); }

# Something could not be done here. In CI nothing may be left out.
skip() {
    printf 'skipped: %s\n' "$*"
    SKIPPED+=("$*")
}

is_root() { [ "$(id -u)" = 0 ]; }

need_cargo() {
    command -v cargo >/dev/null && return
    echo "Rust is missing: install it from https://rustup.rs, then run this again" >&2
    exit 1
}

# apt PACKAGE...: installs what is missing, where that is allowed.
apt() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    if ! command -v apt-get >/dev/null || ! is_root; then
        echo "missing packages: ${missing[*]} (Debian names)"
        return 1
    fi
    # Another may be installing, too: a machine's own upgrades, or another recipe. The lists that it holds are fresh.
    apt-get update -qq || true
    apt-get install -y -qq -o DPkg::Lock::Timeout=300 --no-install-recommends "${missing[@]}" >/dev/null
}

# pythons CONDITION VERSION...: the interpreters of these versions for which a condition in Python holds, a line each. A
# version manager's shim is found, too, and does not start.
pythons() {
    local condition=$1 version python
    shift
    for version in "$@"; do
        for python in "python$version" "$HOME/.pyenv/versions/$version".*/bin/python3; do
            if "$python" -c "import sys, venv; sys.exit(not ($condition))" 2>/dev/null; then
                echo "$python"
            fi
        done
    done
}

# python_that CONDITION VERSION...: the first of them.
python_that() {
    local python
    read -r python < <(pythons "$@") && echo "$python"
}

# venv FOLDER PYTHON PACKAGE...: a Python with these packages, kept in the cache.
venv() {
    local folder=$CACHE/$1 python=$2
    shift 2
    [ -f "$folder/ready" ] && return
    rm -rf "$folder"
    "$python" -m venv "$folder" && "$folder/bin/pip" install -q --only-binary :all: "$@" && touch "$folder/ready"
}
