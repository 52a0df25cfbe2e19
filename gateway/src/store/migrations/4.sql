-- Version 4: files of the lake that were joined into one.

-- A file with a `last_row` of its own holds the rows of all files of its hour from the batch `first_row` to the batch
-- that ends there.
ALTER TABLE lake_files ADD COLUMN last_row INTEGER;
ALTER TABLE lake_files ADD COLUMN joined TEXT;            -- key of the file that holds its rows instead
ALTER TABLE lake_files ADD COLUMN removed_at INTEGER;     -- once joined: when it was gone from the lake
CREATE INDEX lake_files_by_hour ON lake_files (hour) WHERE joined IS NULL;
CREATE INDEX lake_files_to_remove ON lake_files (key) WHERE joined IS NOT NULL AND removed_at IS NULL;
