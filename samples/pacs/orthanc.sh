#!/usr/bin/env bash
# The same gate with Orthanc as the receiving archive (Debian packages `orthanc` and `curl`); not run by the tests.
#
#   samples/pacs/orthanc.sh FOLDER DEST_HOST DEST_PORT
#
# Orthanc receives on port 4242 and answers on 8042. Every study that Orthanc calls stable is exported to the inbox once,
# then treated and sent as in watch.sh. Needs dcmtk, python3, and a key in UNBURN_KEY.
set -euo pipefail
[ $# -eq 3 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
folder=$1 host=$2 to=$3
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"/{orthanc,inbox,exported}
cat >"$folder/orthanc.json" <<JSON
{ "StorageDirectory": "$folder/orthanc", "IndexDirectory": "$folder/orthanc", "DicomPort": 4242, "HttpPort": 8042,
  "RemoteAccessAllowed": false, "AuthenticationEnabled": false, "StableAge": 60, "DicomCheckCalledAet": false }
JSON
Orthanc "$folder/orthanc.json" >"$folder/orthanc.log" 2>&1 &
orthanc=$!
# Its own receiver stays idle on another port; only the inbox, the watcher and the delivery are used.
"$here/watch.sh" "$folder" 11199 "$host" "$to" --keep-metadata --quiet 10 &
gate=$!
trap 'kill "$orthanc" "$gate" 2>/dev/null || true; wait; exit 0' INT TERM

api=http://127.0.0.1:8042
while kill -0 "$orthanc" 2>/dev/null; do
    for study in $(curl -sf "$api/studies" | python3 -c 'import json, sys; print(*json.load(sys.stdin))' || true); do
        [ ! -e "$folder/exported/$study" ] || continue
        stable=$(curl -sf "$api/studies/$study" | python3 -c 'import json, sys; print(json.load(sys.stdin)["IsStable"])')
        [ "$stable" = True ] || continue
        # Beside the inbox first: the watcher must not see half a study.
        curl -sf "$api/studies/$study/archive" -o "$folder/$study.zip"
        mkdir -p "$folder/$study" && (cd "$folder/$study" && python3 -m zipfile -e "../$study.zip" .)
        mv "$folder/$study" "$folder/inbox/$study" && rm "$folder/$study.zip" && touch "$folder/exported/$study"
    done
    sleep 10 & wait $! || true
done
