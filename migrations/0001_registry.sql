-- SPDX-License-Identifier: Apache-2.0
--
-- The registry's first schema. A migration is run once, in one transaction, and never edited after a release: its
-- text is checksummed in schema_migration and compared at every start.
--
-- Names are TEXT in byte order (BINARY), so an index walk is the order that clients see. Times are nanoseconds (_ns)
-- or seconds (_s) since 1970-01-01T00:00:00Z. Small columns stand first and blobs last: a search then never touches
-- overflow pages. `checksum` is xxHash64 over all other columns of the row but its id (storage/checksum.h); SQLite
-- itself does not notice flipped bytes in content.

-- What the database knows of itself. 'probe' is written to find out whether the disk takes writes again.
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (key, value) VALUES ('probe', 0);

-- Projects are archived, never deleted: ids stay valid for good.
CREATE TABLE project (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    archived INTEGER NOT NULL CHECK (archived IN (0, 1)),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    checksum INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX project_by_name ON project (name);

CREATE TABLE entity (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,
    value_type INTEGER NOT NULL,  -- feast.types.ValueType.Enum
    revision INTEGER NOT NULL CHECK (revision >= 0),
    created_s INTEGER NOT NULL,
    updated_s INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    spec BLOB NOT NULL,           -- feast.core.EntitySpecV2 as applied
    reply BLOB NOT NULL           -- feast.core.Entity, ready to be sent
) STRICT;

CREATE UNIQUE INDEX entity_by_name ON entity (project_id, name);

-- A deleted table keeps its row: the name can be revived and the history goes on.
CREATE TABLE feature_table (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,
    deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    created_s INTEGER NOT NULL,
    updated_s INTEGER NOT NULL,
    hash TEXT NOT NULL,           -- FeatureTableMeta.hash
    verdict INTEGER NOT NULL,     -- feast.admin.v1.Verdict of the last report
    mode TEXT NOT NULL,           -- the validation mode it was reached under
    report_id INTEGER NOT NULL,   -- validation_report.id, 0 when there is none
    checksum INTEGER NOT NULL,
    spec BLOB NOT NULL,           -- feast.core.FeatureTableSpec, normalised
    reply BLOB NOT NULL           -- feast.core.FeatureTable, ready to be sent
) STRICT;

CREATE UNIQUE INDEX feature_table_by_name ON feature_table (project_id, name);
-- Counts the deleted ones without a look at the rows; empty, and so for free, in most registries.
CREATE INDEX feature_table_deleted ON feature_table (id) WHERE deleted = 1;

-- Stores are archived, never deleted, for the same reason as projects.
CREATE TABLE store (
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL CHECK (kind IN (1, 2)),  -- 1 feast.core.Store, 2 feast.core.OnlineStore
    name TEXT NOT NULL,
    archived INTEGER NOT NULL CHECK (archived IN (0, 1)),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    checksum INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX store_by_name ON store (kind, name);

-- Every state that an object was ever in, the present one included. Numbers of one object have no gap.
CREATE TABLE revision (
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 4),  -- 1 project, 2 entity, 3 feature table, 4 store
    object_id INTEGER NOT NULL,
    revision INTEGER NOT NULL CHECK (revision >= 0),
    at_ns INTEGER NOT NULL,
    deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),  -- deleted or archived by this change
    checksum INTEGER NOT NULL,
    spec BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX revision_by_object ON revision (kind, object_id, revision);

-- One row a change, in the order of the commits, for whoever passes changes on. Whoever removes rows that were passed on
-- keeps the newest, so that its number does not come back (AUTOINCREMENT would cost every commit one more page).
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY,
    at_ns INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    object_id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    change INTEGER NOT NULL CHECK (change IN (1, 2, 3))  -- 1 put, 2 deleted or archived, 3 verdict alone
) STRICT;

-- What validation said of a table. Only the newest reports stay; see fc_report_insert.
CREATE TABLE validation_report (
    id INTEGER PRIMARY KEY,
    table_id INTEGER NOT NULL REFERENCES feature_table (id),
    verdict INTEGER NOT NULL,
    at_ns INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    body BLOB NOT NULL            -- feast.admin.v1.ValidationReport
) STRICT;

CREATE INDEX validation_report_by_table ON validation_report (table_id);

-- Jobs refer to their table by name: they outlive changes of it and may run on tables of another generation.
CREATE TABLE job (
    seq INTEGER PRIMARY KEY,      -- order of submission
    id TEXT NOT NULL,             -- 32 hex digits
    type INTEGER NOT NULL,
    state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 5),  -- 1 pending, 2 running, 3 done, 4 error, 5 cancelled
    project TEXT NOT NULL,
    table_name TEXT NOT NULL,
    hash TEXT NOT NULL,
    created_ns INTEGER NOT NULL,
    started_ns INTEGER NOT NULL,
    ended_ns INTEGER NOT NULL,
    next_try_ns INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    error_message TEXT NOT NULL,
    log_uri TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    work_order BLOB NOT NULL,     -- feast.worker.v1.WorkOrder
    progress BLOB NOT NULL,       -- feast.worker.v1.Progress
    receipt BLOB NOT NULL         -- feast.worker.v1.Receipt
) STRICT;

CREATE UNIQUE INDEX job_by_id ON job (id);
CREATE INDEX job_by_table ON job (project, table_name, seq);
-- The few that have not ended, among the many that have.
CREATE INDEX job_active ON job (seq) WHERE state <= 2;
