"""Reads every Parquet file below a prefix of a bucket and counts rows and identities.

Usage: read_s3.py HOST:PORT ACCESS_KEY_ID SECRET_ACCESS_KEY BUCKET/PREFIX
"""

import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

endpoint, access_key, secret_key, prefix = sys.argv[1:]
bucket = fs.S3FileSystem(
    access_key=access_key,
    secret_key=secret_key,
    endpoint_override=endpoint,
    scheme="http",
    region="garage",
)
files = [
    info.path
    for info in bucket.get_file_info(fs.FileSelector(prefix, recursive=True))
    if info.type == fs.FileType.File
]
identity = ["station", "stream", "seq"]
tables = []
for path in files:
    # read(), not read_table(): the folders' names are not columns here.
    with bucket.open_input_file(path) as file:
        tables.append(pq.ParquetFile(file).read(columns=identity))
rows = pa.concat_tables(tables)
print(json.dumps({"rows": rows.num_rows, "identities": rows.group_by(identity).aggregate([]).num_rows}))
