#!/usr/bin/env bash
# A gate between two archives: dcmtk's `storescp` receives, `unburn batch watch` redacts, `dcmsend` delivers whole studies.
#
#   samples/pacs/watch.sh FOLDER LISTEN_PORT DEST_HOST DEST_PORT [options of `unburn batch watch`]
#
# FOLDER gets `inbox` (what was received), `work` (the watcher, one job a round), `clean` (what may leave) and `delivered`
# (one marker a round). A round is sent when it is settled, and again every ten seconds until the destination took all of
# it. What is in quarantine, or waits for its study, is in no report line with an output, and only those are sent. Needs
# dcmtk and python3, and a key: set UNBURN_KEY or give `--key FILE`. Ends on SIGTERM or Ctrl-C; started again it goes on.
set -euo pipefail
[ $# -ge 4 ] || { sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2; }
folder=$1 port=$2 host=$3 to=$4
shift 4
unburn=${UNBURN:-unburn}
mkdir -p "$folder"/{inbox,clean,delivered}
cd "$folder"

# storescp writes an object under its final name; the quiet time of the watcher covers the moment until it is whole.
storescp --output-directory inbox --unique-filenames --fork "$port" >storescp.log 2>&1 &
receiver=$!
"$unburn" batch watch work --input inbox --output clean --release study "$@" --progress none 2>watch.log &
watcher=$!
# The watcher drains: what is under way is finished.
trap 'kill "$receiver" "$watcher" 2>/dev/null || true; wait; exit 0' INT TERM

# Outputs of a round, one a line.
outputs() {
    python3 -c '
import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    report = json.loads(line)
    if report["type"] == "file" and report["output"] and report["outcome"] in ("clean", "masked"):
        print(report["output"])' "$1"
}

while kill -0 "$watcher" 2>/dev/null; do
    for round in work/rounds/*/; do
        name=$(basename "$round")
        # Sent again where a retry changed the report; the destination knows what it has.
        [ -f "$round/report.jsonl" ] && [ ! "delivered/$name" -nt "$round/report.jsonl" ] || continue
        outputs "$round/report.jsonl" >"$round/outputs.txt"
        mapfile -t files <"$round/outputs.txt"
        if [ "${#files[@]}" -eq 0 ] || dcmsend "$host" "$to" "${files[@]}" >>dcmsend.log 2>&1; then
            touch "delivered/$name"
        fi
    done
    # Short waits, so that a signal is heard at once.
    for _ in $(seq "${DELIVER_EVERY:-10}"); do sleep 1 & wait $! || true; done
done
kill "$receiver" 2>/dev/null || true
