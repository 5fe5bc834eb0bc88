#!/usr/bin/env bash
# GNU parallel: N workers on one machine, each with a share of the paths.
#
#   samples/cluster/parallel.sh N INPUT OUTPUT >results.jsonl
#
# Needs GNU parallel and a key in UNBURN_KEY. `--pipe -N` hands out lines, 16 at a time; results keep the order of the paths.
set -euo pipefail
[ $# -eq 3 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
unburn=${UNBURN:-unburn}
find "$2" -type f | LC_ALL=C sort |
    parallel --pipe -N 16 --keep-order --jobs "$1" \
        "$unburn" worker --keep-metadata --overwrite --root "$2" --output "$3" ${WORKER_OPTIONS:-}
