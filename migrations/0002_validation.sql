-- SPDX-License-Identifier: Apache-2.0
--
-- Validation beyond the moment of an apply: a mode for each project, and when the background looks again.

-- The mode of the project's feature tables: enforce, strict, warn, off; '' as the server has it. The checksum of a row
-- covers it when it is set, so that rows from before keep theirs.
ALTER TABLE project ADD COLUMN validation TEXT NOT NULL DEFAULT '';

-- Feature tables whose sources will be looked at again. A row that is missing is made at the next start.
CREATE TABLE recheck (
    table_id INTEGER PRIMARY KEY REFERENCES feature_table (id),
    next_ns INTEGER NOT NULL,
    failures INTEGER NOT NULL CHECK (failures >= 0),  -- looks in a row that did not end in OK
    checksum INTEGER NOT NULL
) STRICT;

CREATE INDEX recheck_by_time ON recheck (next_ns);

-- Counts by verdict without a look at the rows.
CREATE INDEX feature_table_by_verdict ON feature_table (verdict) WHERE deleted = 0;
