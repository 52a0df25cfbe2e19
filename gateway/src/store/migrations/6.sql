-- Version 6: what went to Elasticsearch or OpenSearch.

-- How far each data stream of each cluster is. All settled rows up to `through` are there, set aside, or were pruned
-- before it could take them.
CREATE TABLE elastic_progress (
    target  TEXT    PRIMARY KEY,              -- the cluster's uuid and the data stream
    through INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL DEFAULT 0,       -- documents
    present INTEGER NOT NULL DEFAULT 0,       -- documents that were there already, because an answer was lost
    refused INTEGER NOT NULL DEFAULT 0,       -- documents that it would not take: set aside
    used_at INTEGER NOT NULL                  -- when a gateway last began to send there
) STRICT, WITHOUT ROWID;

-- Documents that it would not take, by name; the oldest make place.
CREATE TABLE elastic_set_aside (
    target   TEXT    NOT NULL REFERENCES elastic_progress (target) ON DELETE CASCADE,
    row      INTEGER NOT NULL,
    document TEXT    NOT NULL,                -- its id: station, stream, seq
    reason   TEXT    NOT NULL,                -- in its words
    at       INTEGER NOT NULL,
    PRIMARY KEY (target, row)
) STRICT, WITHOUT ROWID;
