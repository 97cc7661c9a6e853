#!/usr/bin/env bash
# A program that refers to every function of the header holds no panic, no unwinding and no allocator, and asks
# for nothing but the memory functions. Usage: no_panic.sh ARCHIVE [CC [FLAGS...]]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
archive=$1
cc=${2:-cc}
shift; shift || true
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
functions=$(grep -oE '\bpickle_[a-z0-9_]+\(' "$root/include/pickle.h" | tr -d '(' | sort -u | grep -vxE 'pickle_(reader|decoder)_init')
# Names of the header that the archive defines: macros and types fall out.
nm "$archive" 2>/dev/null | awk '$2 == "T" {print $3}' | sort -u >"$work/defined"
functions=$(comm -12 <(echo "$functions" | sort) "$work/defined")
{
    echo '#include <pickle.h>'
    echo 'typedef void (*function)(void);'
    echo 'extern const function all[]; const function all[] = {'
    for f in $functions; do echo "    (function)$f,"; done
    echo '}; void _start(void); void _start(void) { for (;;) { __asm__ volatile("" : : "r"(all)); } }'
} >"$work/all.c"
count=$(wc -w <<<"$functions")
[ "$count" -ge 60 ] || { echo "only $count functions found in the header" >&2; exit 1; }
"$cc" "$@" -I"$root/include" -Os -ffreestanding -c "$work/all.c" -o "$work/all.o"
"$cc" "$@" -nostdlib -static -Wl,--gc-sections -Wl,--unresolved-symbols=ignore-all "$work/all.o" "$archive" -o "$work/all"
if nm -C "$work/all" | grep -iE 'panic|unwind|rust_alloc|malloc|personality|core::fmt'; then
    echo "these may not be in $archive" >&2
    exit 1
fi
extra=$(nm -u "$work/all" | awk '{print $NF}' | grep -vxE 'mem(cpy|move|set|cmp)|bcmp|strlen|_GLOBAL_OFFSET_TABLE_' || true)
[ -z "$extra" ] || { echo "needs more than the memory functions: $extra" >&2; exit 1; }
echo "$count functions, no panic, no unwinding, no allocator: $(size "$work/all" | awk 'NR == 2 {print $1}') bytes of text"
