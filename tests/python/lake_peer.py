"""The readings of a folder of our files in the layout of Vector's aws_s3 sink, and what DuckDB leaves out of ours.

Usage: lake_peer.py FOLDER

Vector's binary is not here. Its sink closes a batch after 300 s (its default) and hands the events, as they came, to
arrow-rs: one file a batch, dictionaries, bounds and page indexes for every column, no order, the Arrow schema in the
footer. pyarrow is told to write that. Times are timestamps, which favours the peer.
"""

import json
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

root = Path(sys.argv[1])


def peer(name, **options):
    rows = size = 0
    for path in sorted((root / name).glob("*.parquet")):
        table = pq.ParquetFile(path).read().replace_schema_metadata(None)
        table = table.sort_by([("received_at", "ascending")])
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, use_dictionary=True, write_statistics=True, write_page_index=True, **options)
        rows, size = rows + table.num_rows, size + sink.tell()
    return size / rows


def row_groups(where):
    source = f"read_parquet('{root}/crowd/*.parquet', hive_partitioning = false)"
    query = f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT avg(pressure_hpa), min(station) FROM {source} WHERE {where}"
    told = json.loads(duckdb.connect().execute(query).fetchone()[1])["query"]
    return f"{told['total_row_groups_scanned']} of {told['total_row_groups_to_scan']}"


print("| the same readings at 5 min | 3 stations | 100 stations |")
print("|---|---|---|")
for way, options in [
    ("snappy (Vector's default)", {"compression": "snappy"}),
    ("zstd 3", {"compression": "zstd", "compression_level": 3}),
]:
    print(f"| Vector's layout, {way} | {peer('few', **options):.2f} | {peer('many', **options):.2f} |")
print()
print("| DuckDB, an hour of 600 stations in one file | row groups read |")
print("|---|---|")
for where in [
    "true",
    "station = 'station-010'",
    "station BETWEEN 'station-200' AND 'station-250'",
    "observed_at >= '2026-11-20 02:00:00Z'",
    "temperature_c > 60",
]:
    print(f"| `{where}` | {row_groups(where)} |")
