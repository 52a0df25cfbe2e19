"""Reads a lake's folder with pyarrow and with DuckDB and tells what each sees.

Usage: read_files.py FOLDER
"""

import json
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

files = sorted(Path(sys.argv[1]).rglob("*.parquet"))
order = ["station", "observed_at"]


def is_sorted(table):
    keys = list(zip(*(table.column(name).to_pylist() for name in order)))
    return keys == sorted(keys)


def hour(path):
    date, hour = path.parts[-3], path.parts[-2]
    return f"{date.removeprefix('date=')}T{hour.removeprefix('hour=')}"


told = []
for path in files:
    file = pq.ParquetFile(path)
    table = file.read()
    group = file.metadata.row_group(0)
    told.append(
        {
            "path": str(path.relative_to(sys.argv[1])),
            "rows": table.num_rows,
            "columns": [[field.name, str(field.type), field.nullable] for field in table.schema],
            "sorted": is_sorted(table),
            "within_hour": all(
                time.strftime("%Y-%m-%dT%H") == hour(path) for time in table.column("observed_at").to_pylist()
            ),
            "compression": sorted({group.column(index).compression for index in range(group.num_columns)}),
            "metadata": {
                key.decode(): value.decode()
                for key, value in (file.metadata.metadata or {}).items()
                if key != b"ARROW:schema"
            },
        }
    )

everything = pa.concat_tables(pq.ParquetFile(path).read() for path in files)
database = duckdb.connect()
source = "read_parquet(?, hive_partitioning = false)"
names = [str(path) for path in files]
print(
    json.dumps(
        {
            "files": told,
            "rows": everything.num_rows,
            "nulls": {name: everything.column(name).null_count for name in everything.column_names},
            "duckdb": {
                "columns": [list(row[:2]) for row in database.execute(f"DESCRIBE SELECT * FROM {source}", [names]).fetchall()],
                "rows": database.execute(f"SELECT count(*) FROM {source}", [names]).fetchone()[0],
                "identities": database.execute(
                    f"SELECT count(*) FROM (SELECT DISTINCT station, stream, seq FROM {source})", [names]
                ).fetchone()[0],
                "sums": list(
                    database.execute(
                        f"SELECT sum(temperature_c), sum(seq), sum(epoch_ms(observed_at)), sum(temperature_c_flag) FROM {source}",
                        [names],
                    ).fetchone()
                ),
            },
        },
        default=float,
    )
)
