#!/bin/bash
# Slurm: a job array, one shard of the studies each; then one report and one audit. `try.sh` runs it on one host.
#
#   sbatch --array=1-8 samples/cluster/slurm.sh /archive /clean /jobs/night1
#   sbatch --dependency=afterany:JOBID --wrap 'unburn batch merge /jobs/night1-merged /jobs/night1-*'
#
# Needs a key that all nodes can read: SITE_KEY. A shard that was killed or requeued goes on where it was.
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --requeue
set -euo pipefail
input=$1 output=$2 job=$3-$SLURM_ARRAY_TASK_ID
key=${SITE_KEY:?the key file}
memory=$((${SLURM_MEM_PER_NODE:-4096} * 3 / 4))
code=0
if [ -f "$job/job.toml" ]; then
    unburn batch resume "$job" --key "$key" --jobs "${SLURM_CPUS_PER_TASK:-1}" --memory "$memory" || code=$?
else
    unburn batch run "$job" --input "$input" --output "$output" --keep-metadata --key "$key" \
        --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --jobs "${SLURM_CPUS_PER_TASK:-1}" --memory "$memory" || code=$?
fi
# 3: finished, some files are held back; that is not a failure of the task.
[ "$code" -eq 3 ] || exit "$code"
