#!/usr/bin/env bash
# Runs every recipe of this folder for real, on one machine, and compares what came out with one job of one worker.
#
#   samples/cluster/try.sh [INPUT [FOLDER]]
#
# INPUT are the samples if not said, FOLDER a new folder below target/. UNBURN names the program (target/release/unburn or
# target/debug/unburn if not said). Recipes whose engine is missing are skipped, aloud: GNU parallel (`parallel`), Slurm
# (Debian `slurmctld slurmd munge`, needs root), Spark (PyPI `pyspark`, Java; PYTHON names the Python that has it).
# The Kubernetes manifest is checked against its schema only (PyPI `kubernetes-validate`); it is not run.
# Exit code 1 if a recipe gave anything else. REQUIRE_ENGINES=1 makes a missing engine a failure.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
input=$(realpath "${1:-$here/..}")
if [ $# -ge 2 ]; then mkdir -p "$2"; work=$(realpath "$2"); else mkdir -p "$root/target"; work=$(mktemp -d "$root/target/cluster.XXXX"); fi
python=${PYTHON:-python3}
shards=4
if [ -z "${UNBURN:-}" ]; then
    for UNBURN in "$root/target/release/unburn" "$root/target/debug/unburn"; do [ -x "$UNBURN" ] && break; done
fi
mkdir -p "$work/bin"
ln -sf "$(realpath "$UNBURN")" "$work/bin/unburn"
export PATH="$work/bin:$PATH" UNBURN_DEVICE=cpu
export XDG_CONFIG_HOME="$work/config"
cd "$work"
unset UNBURN_KEY
unburn key new site.key >/dev/null 2>&1
UNBURN_KEY=$(cat site.key)
export UNBURN_KEY SITE_KEY="$work/site.key"
bad=0

said() { printf '%-12s %s\n' "$1" "$2"; }
missing() {
    said "$1" "SKIPPED: $2 is missing"
    [ "${REQUIRE_ENGINES:-}" != 1 ] || bad=1
}
# Names and bytes of all outputs.
digests() { (cd "$1" && find . -type f ! -path './.unburn-*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum); }
# Outcome, reason and digest of every file, whatever its place in the report.
told() {
    cat "$@" | "$python" -c '
import json, sys
lines = (json.loads(line) for line in sys.stdin)
rows = {(l["input"], l["outcome"], str(l["reason"]), str(l["output_sha256"])) for l in lines if l["type"] == "file"}
print("\n".join("\t".join(row) for row in sorted(rows)))'
}
# RECIPE OUTPUT REPORT…: whether both are those of the single job. Workers release each file for itself, so theirs are
# compared with a job that does the same.
compare() {
    local name=$1 out=$2 like=$3
    shift 3
    if diff <(digests "$like") <(digests "$out") >"$name.diff" && diff <(told "$like.jsonl") <(told "$@") >>"$name.diff"; then
        said "$name" "same as one job: $(digests "$out" | wc -l) outputs, $(told "$@" | wc -l) results ($SECONDS s)"
    else
        said "$name" "DIFFERS: $work/$name.diff"
        bad=1
    fi
}
run_job() { unburn batch run "$@" --keep-metadata --key site.key --progress none >/dev/null || [ $? -eq 3 ]; }

run_job one --input "$input" --output one-out --jobs 1
cp one/report.jsonl one-out.jsonl
run_job each --input "$input" --output each-out --jobs 1 --release file
cp each/report.jsonl each-out.jsonl

# --- shards, one after the other ---
for i in $(seq $shards); do
    run_job "shard-$i" --input "$input" --output shard-out --jobs 2 --shard "$i/$shards"
done
unburn batch merge shard-all shard-[0-9]* --key site.key >/dev/null || [ $? -eq 3 ]
compare shards shard-out one-out shard-all/report.jsonl

# --- GNU parallel ---
if command -v parallel >/dev/null; then
    "$here/parallel.sh" 2 "$input" "$work/parallel-out" >parallel.jsonl
    compare parallel parallel-out each-out parallel.jsonl
else
    missing parallel 'GNU parallel'
fi

# --- Spark ---
if "$python" -c 'import pyspark' 2>/dev/null && command -v java >/dev/null; then
    SPARK_LOCAL_IP=127.0.0.1 PYSPARK_PYTHON="$python" PYSPARK_DRIVER_PYTHON="$python" "$python" "$here/spark_job.py" \
        "$input" spark-out spark-results "$shards" >spark.log 2>&1 || { tail -n 20 spark.log; bad=1; }
    compare spark spark-out each-out spark-results/part-*
else
    missing spark 'pyspark or Java'
fi

# --- Slurm: an own controller, node and munge below the folder, on ports of their own ---
slurm_pids=()
stop_slurm() { for pid in "${slurm_pids[@]}"; do kill "$pid" 2>/dev/null || true; done; wait 2>/dev/null || true; }
trap stop_slurm EXIT
slurm() {
    local etc=$work/slurm
    mkdir -p "$etc"/{state,spool,munge}
    chmod 0755 "$etc/munge"
    (umask 077 && head -c 1024 /dev/urandom >"$etc/munge/key")
    munged --foreground --force --key-file="$etc/munge/key" --socket="$etc/munge/socket" --pid-file="$etc/munge/pid" \
        --log-file="$etc/munge/log" --seed-file="$etc/munge/seed" 2>/dev/null &
    slurm_pids+=($!)
    local host memory
    host=$(hostname -s)
    memory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
    cat >"$etc/slurm.conf" <<CONF
ClusterName=try
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$etc/munge/socket
CryptoType=crypto/munge
StateSaveLocation=$etc/state
SlurmdSpoolDir=$etc/spool
SlurmctldPidFile=$etc/slurmctld.pid
SlurmdPidFile=$etc/slurmd.pid
SlurmctldLogFile=$etc/slurmctld.log
SlurmdLogFile=$etc/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
    export SLURM_CONF=$etc/slurm.conf
    slurmctld -D >/dev/null 2>&1 &
    slurm_pids+=($!)
    slurmd -D >/dev/null 2>&1 &
    slurm_pids+=($!)
    local up=0
    for _ in $(seq 60); do
        sinfo -h -o %t 2>/dev/null | grep -qE 'idle|mix|alloc' && { up=1; break; }
        sleep 1
    done
    [ $up -eq 1 ] || { said slurm 'its node did not come up'; tail -n 5 "$etc"/*.log; return 1; }
    local id
    id=$(sbatch --parsable --array="1-$shards" --cpus-per-task=1 --output="$etc/task-%a.log" "$here/slurm.sh" "$input" \
        "$work/slurm-out" "$work/slurm-job")
    while [ -n "$(squeue -h -j "$id" 2>/dev/null)" ]; do sleep 1; done
    unburn batch merge slurm-all slurm-job-* --key site.key >/dev/null || [ $? -eq 3 ]
}
if ! { command -v slurmctld && command -v slurmd && command -v munged; } >/dev/null; then
    missing slurm 'slurmctld, slurmd or munged'
elif [ "$(id -u)" -ne 0 ]; then
    missing slurm 'root'
elif slurm; then
    compare slurm slurm-out one-out slurm-all/report.jsonl
else
    bad=1
fi
stop_slurm

# --- Kubernetes ---
if "$python" -c 'import kubernetes_validate' 2>/dev/null; then
    if "$python" - "$here/kubernetes.yaml" <<'CHECK'
import sys
import kubernetes_validate as k8s
import yaml

for document in yaml.safe_load_all(open(sys.argv[1])):
    k8s.validate(document, k8s.latest_version(), strict=True)
CHECK
    then said kubernetes 'fits the schema; not run'; else bad=1; fi
else
    missing kubernetes 'kubernetes-validate'
fi
exit $bad
