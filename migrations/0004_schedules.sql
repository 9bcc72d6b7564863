-- SPDX-License-Identifier: Apache-2.0
--
-- Batch ingestions that are run again and again. Tables are named, as those of jobs are; each has one schedule at most.

-- One that was removed keeps its row: the numbers of its revisions go on when the table is scheduled again.
CREATE TABLE schedule (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    table_name TEXT NOT NULL,
    deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    revision INTEGER NOT NULL CHECK (revision >= 0),  -- grows with each change from outside
    cron TEXT NOT NULL,           -- as it was sent
    timespan_days INTEGER NOT NULL CHECK (timespan_days > 0),  -- before each run that it covers
    created_ns INTEGER NOT NULL,
    updated_ns INTEGER NOT NULL,
    next_ns INTEGER NOT NULL,     -- the first time that no run has dealt with
    last_ns INTEGER NOT NULL,     -- the last time that was dealt with, 0 when there is none
    last_job TEXT NOT NULL,       -- job.id of the last run, '' when there is none
    passed_over INTEGER NOT NULL CHECK (passed_over >= 0),  -- times without a run of their own, ever
    reason TEXT NOT NULL,         -- why the last time made no job: a word of errors, '' when it made one
    message TEXT NOT NULL,        -- the same for people
    checksum INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX schedule_by_table ON schedule (project, table_name);
CREATE INDEX schedule_by_time ON schedule (next_ns) WHERE deleted = 0;
