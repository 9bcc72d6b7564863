-- SPDX-License-Identifier: Apache-2.0
--
-- What stream jobs leave to those after them. Tables are named, as those of jobs are: a table that is deleted and comes
-- back finds its places again.

-- How far a stream source has reached an online store. Another source or another store begins anew.
CREATE TABLE stream_position (
    project TEXT NOT NULL,
    table_name TEXT NOT NULL,
    source TEXT NOT NULL,         -- which stream, as fc_stream_source_key has it
    store TEXT NOT NULL,          -- which online store, as fc_stream_store_key has it
    updated_ns INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    positions BLOB NOT NULL,      -- feast.worker.v1.Progress with nothing but positions
    PRIMARY KEY (project, table_name, source, store)
) STRICT, WITHOUT ROWID;

-- Streams that somebody cancelled: none starts by itself while the identity of the table's job is this one.
CREATE TABLE stream_halt (
    project TEXT NOT NULL,
    table_name TEXT NOT NULL,
    hash TEXT NOT NULL,           -- job.hash of the cancelled one
    at_ns INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (project, table_name)
) STRICT, WITHOUT ROWID;

-- The last stream jobs of a table, among its batch jobs.
CREATE INDEX job_stream ON job (project, table_name, seq) WHERE type = 2;
