#!/usr/bin/env bash
# A program that refers to every function of the archive holds no panic, no unwinding and no allocator, and asks for
# nothing but memcpy, memmove, memset and memcmp. Every function is in the header, and in the C tests.
# Usage: no_panic.sh ARCHIVE [CC [FLAGS...]]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
archive=$1
cc=${2:-cc}
shift
shift || true
nm=$("$cc" -print-prog-name=nm)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
functions=$("$nm" "$archive" 2>/dev/null | awk '$2 == "T" && $3 ~ /^pickle_/ {print $3}' | sort -u)
for f in $functions; do
    grep -q "\b$f(" "$root/include/pickle.h" || { echo "$f is not in the header" >&2; exit 1; }
    # The macros call those that end in _abi.
    grep -q "\b${f%_abi}(" "$root"/tests/c/*.c || { echo "$f is not in the tests" >&2; exit 1; }
done
count=$(wc -w <<<"$functions")
[ "$count" -ge 120 ] || { echo "only $count functions in $archive" >&2; exit 1; }
{
    echo '#include <pickle.h>'
    echo 'typedef void (*function)(void);'
    echo 'extern const function all[]; const function all[] = {'
    for f in $functions; do echo "    (function)$f,"; done
    echo '}; void _start(void); void _start(void) { for (;;) { __asm__ volatile("" : : "r"(all)); } }'
} >"$work/all.c"
"$cc" "$@" -I"$root/include" -Os -ffreestanding -c "$work/all.c" -o "$work/all.o"
"$cc" "$@" -nostdlib -static -Wl,--gc-sections -Wl,--unresolved-symbols=ignore-all "$work/all.o" "$archive" -o "$work/all"
if "$nm" -C "$work/all" | grep -iE 'panic|unwind|alloc|personality|core::fmt|begin_unwind'; then
    echo "these may not be in $archive" >&2
    exit 1
fi
extra=$("$nm" -u "$work/all" | awk '{print $NF}' | grep -vxE 'mem(cpy|move|set|cmp)|_GLOBAL_OFFSET_TABLE_' || true)
[ -z "$extra" ] || { echo "needs more than the memory functions: $extra" >&2; exit 1; }
asked=$("$nm" -u "$work/all" | awk '{print $NF}' | grep -xE 'mem.*' | tr '\n' ' ' || true)
text=$("$("$cc" -print-prog-name=size)" "$work/all" | awk 'NR == 2 {print $1 " bytes of text, " $2 + $3 " of data"}')
echo "$count functions: no panic, no unwinding, no allocator; asks for: ${asked:-nothing}; $text"
