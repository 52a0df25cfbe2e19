"""How many row groups of a lake DuckDB reads for a question, and of how many.

Usage: row_groups.py FOLDER
"""

import json
import sys

import duckdb

source = f"read_parquet('{sys.argv[1]}/readings/**/*.parquet', hive_partitioning = true)"
database = duckdb.connect()
groups = database.execute(
    f"SELECT count(*) FROM (SELECT DISTINCT file_name, row_group_id FROM parquet_metadata('{sys.argv[1]}/readings/**/*.parquet'))"
).fetchone()[0]
last = database.execute(f"SELECT strftime(max(observed_at) AT TIME ZONE 'UTC', '%Y-%m-%d %H:00:00+00') FROM {source}").fetchone()[0]
told = {}
for name, where in [
    ("true", "true"),
    ("station = 'attic'", None),
    ("station = 'cold'", None),
    ("station = 'nobody'", None),
    ("temperature_c < -20", None),
    ("the last hour", f"observed_at >= '{last}'"),
]:
    query = f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT avg(pressure_hpa), min(station) FROM {source} WHERE {where or name}"
    answer = json.loads(database.execute(query).fetchone()[1])["query"]
    told[name] = [answer["total_row_groups_scanned"], groups]
print(json.dumps(told))
