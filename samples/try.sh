#!/bin/sh
# Redacts the samples and draws a preview of each image into a folder (default: target/try).
# Some files in samples/odd are damaged or no images on purpose: they are reported, and nothing is written for them.
set -eu
cd "$(dirname "$0")/.."
out=${1:-target/try}
cargo build --release --quiet
unburn=target/release/unburn
mkdir -p "$out/previews"

code=0
"$unburn" redact samples -o "$out/redacted" --keep-metadata --overwrite --report "$out/report.jsonl" || code=$?
# 3: finished, some files were not written; expected here because of samples/odd.
[ "$code" -eq 0 ] || [ "$code" -eq 3 ] || exit "$code"

for file in samples/*.dcm; do
    name=$(basename "$file" .dcm)
    "$unburn" preview "$file" -o "$out/previews/$name.png" --overwrite
done
echo "redacted copies: $out/redacted"
echo "report:          $out/report.jsonl"
echo "previews:        $out/previews"
