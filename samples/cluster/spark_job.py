"""Apache Spark: paths through `unburn worker` by RDD.pipe, results as JSON lines. `try.sh` runs it in local mode.

    spark-submit spark_job.py INPUT OUTPUT RESULTS [partitions]

Every node needs `unburn`, the folders, and the key in UNBURN_KEY. `--overwrite` lets Spark repeat a task: it gives the same
bytes. Speculative execution must stay off (two tasks would write one file at a time).
"""

import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession


def main() -> None:
    source, target, results = (os.path.abspath(p) for p in sys.argv[1:4])
    partitions = int(sys.argv[4]) if len(sys.argv) > 4 else 8
    spark = SparkSession.builder.appName("unburn").config("spark.speculation", "false").getOrCreate()
    paths = sorted(str(p) for p in Path(source).rglob("*") if p.is_file())
    command = f"unburn worker --keep-metadata --overwrite --jobs 1 --root '{source}' --output '{target}'"
    lines = spark.sparkContext.parallelize(paths, partitions).pipe(command, env=dict(os.environ), checkCode=True)
    lines.saveAsTextFile(results)
    spark.stop()


if __name__ == "__main__":
    main()
