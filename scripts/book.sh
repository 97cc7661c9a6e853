# shellcheck shell=bash disable=SC2034
# The book. Sourced by task.

recipe_book() { #  docs/ as a book, in target/book/html
    say "the book"
    need_cargo
    # Where the registry cannot be reached, an mdbook that is there already will do.
    local mdbook=$CACHE/bin/mdbook
    if [ ! -x "$mdbook" ] && ! mdbook=$(command -v mdbook); then
        cargo install -q mdbook --version 0.5.4 --no-default-features --locked --root "$CACHE" || { skip "the book: mdbook does not install"; return; }
        mdbook=$CACHE/bin/mdbook
    fi
    mkdir -p target/book
    cp docs/book.toml target/book/
    python3 tests/links.py --book target/book/src
    "$mdbook" build target/book --dest-dir "$REPO/target/book/html"
    python3 tests/links.py
}
