#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Everything at once: many connections, each doing something else with the same objects. Under ThreadSanitizer this is
what looks for races; in every build the answers must add up afterwards."""

import concurrent.futures
import random
import signal
import threading
import urllib.request

import grpc

import feastcore
import feasttables as tables
from abuse import scale
from feastapi import Api, core_pb, ours, value

CONNECTIONS = 12
TABLES = 4
# What a call that lost against another may answer; anything else is a mistake of ours.
LOST = (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.RESOURCE_EXHAUSTED)


class Concurrent(feastcore.CoreTest):
    def setUp(self):
        self.core = self.server()
        self.rounds = scale("CALLS", 60)
        tables.apply_entities(self.core.api, id="INT64")
        rows = range(2000)
        self.path = tables.write(self.name("rows"), {
            "id": [row % 100 for row in rows], "event_timestamp": [tables.at(row) for row in rows],
            **{name: list(rows) for name in ("feature", "f0", "f1", "f2", "f3")}})

    def together(self, *jobs):
        """Runs each job(api, rng) on a connection of its own until all are done."""
        start = threading.Barrier(len(jobs))

        def one(number, job):
            with Api(self.core.grpc) as api:
                rng = random.Random(number)
                start.wait()
                return [job(api, rng, step) for step in range(self.rounds)]

        with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
            return [future.result() for future in [pool.submit(one, *pair) for pair in enumerate(jobs)]]

    def spec(self, number, features=1):
        return tables.table(f"t{number}", ["id"], {"feature": "INT64", **{f"f{i}": "INT64" for i in range(features)}},
                            tables.file_source(self.path))

    def apply(self, api, rng, _step):
        api.apply_table(self.spec(rng.randrange(TABLES), rng.randrange(4)), mode=rng.choice(["off", "warn", "enforce"]))

    def write(self, api, rng, step):
        api.apply_entity(f"e{step}", "STRING", project=f"p{step % 5}", labels={"by": str(rng.random())})

    def delete(self, api, rng, _step):
        api.core.DeleteFeatureTable(core_pb.DeleteFeatureTableRequest(name=f"t{rng.randrange(TABLES)}"), timeout=60)

    def archive(self, api, rng, step):
        name = f"archived{rng.randrange(3)}"
        if step % 2:
            api.core.ArchiveProject(core_pb.ArchiveProjectRequest(name=name), timeout=60)
        else:
            api.core.CreateProject(core_pb.CreateProjectRequest(name=name), timeout=60)

    def read(self, api, rng, _step):
        api.core.ListFeatureTables(core_pb.ListFeatureTablesRequest(), timeout=60)
        api.core.ListEntities(core_pb.ListEntitiesRequest(), timeout=60)
        api.core.ListProjects(core_pb.ListProjectsRequest(), timeout=60)
        api.get_table(f"t{rng.randrange(TABLES)}")

    def ingest(self, api, rng, step):
        if step % 10 == 0:
            job = api.start_ingestion(f"t{rng.randrange(TABLES)}").id
            if step % 20 == 0:
                api.admin.WatchJob(job_id=job).cancel()
                api.admin.FollowJobLog(job_id=job).cancel()
            else:
                list(api.admin.WatchJob(job_id=job))
                list(api.admin.FollowJobLog(job_id=job))
        api.list_jobs(include_terminated=True)

    def serve(self, api, rng, _step):
        api.read([f"t{rng.randrange(TABLES)}:feature"], [{"id": value("INT64", rng.randrange(100))}])

    def watch(self, api, _rng, step):
        call = api.health.Watch(service="")
        self.assertEqual(next(call).status, 1)
        call.cancel()
        if step % 7 == 0:
            self.core.signal(signal.SIGHUP)

    def look(self, api, rng, _step):
        for path in ("metrics", "readyz"):
            with urllib.request.urlopen(f"http://{self.core.http}/{path}", timeout=60) as answer:
                self.assertEqual(answer.status, 200)
        api.report(f"t{rng.randrange(TABLES)}")

    def impatient(self, api, rng, _step):
        """A client that goes away, now or soon."""
        call = api.core.ApplyFeatureTable.future(
            core_pb.ApplyFeatureTableRequest(table_spec=self.spec(rng.randrange(TABLES), rng.randrange(4))),
            timeout=rng.choice([0.001, 0.01, 60]))
        if rng.randrange(2):
            call.cancel()
        else:
            call.exception()

    @staticmethod
    def may_lose(job):
        def run(api, rng, step):
            try:
                job(api, rng, step)
            except grpc.RpcError as error:
                if error.code() not in LOST:
                    raise
        return run

    def test_everything_at_once(self):
        for number in range(TABLES):
            self.core.api.apply_table(self.spec(number))
        jobs = [self.apply, self.apply, self.write, self.write, self.delete, self.archive, self.read, self.ingest,
                self.serve, self.watch, self.look, self.impatient]
        self.assertEqual(len(jobs), CONNECTIONS)
        self.together(*map(self.may_lose, jobs))
        # Whatever was won or lost: all can be read, and each table's history has no gap.
        api = self.core.api
        self.assertEqual(api.health.Check(service="").status, 1)
        for number in range(TABLES):
            api.apply_table(self.spec(number), mode="off")
            newest = api.get_table(f"t{number}").meta.revision
            self.assertEqual(self.history(api, f"t{number}"), list(range(newest, -1, -1)))

    def history(self, api, table):
        """Numbers of all revisions, newest first."""
        kind = ours().enum("feast.admin.v1.ObjectKind").values_by_name["OBJECT_KIND_FEATURE_TABLE"].number
        found, token = [], ""
        while True:
            page = api.admin.ListRevisions(kind=kind, name=table, page_token=token)
            found += [revision.number for revision in page.revisions]
            token = page.next_page_token
            if not token:
                return found

    def test_first_applies_of_one_name(self):
        """Many clients create the same project and objects at the same moment: all succeed, one change is made."""
        def create(api, _rng, step):
            return (api.apply_entity("same", "STRING", project=f"fresh{step}"),
                    api.apply_entity("id", "INT64", project=f"fresh{step}"),
                    api.apply_table(self.spec(0), project=f"fresh{step}", mode="off").meta.revision)
        for answers in self.together(*[create] * CONNECTIONS):
            self.assertEqual({revision for _, _, revision in answers}, {0})


if __name__ == "__main__":
    feastcore.run()
