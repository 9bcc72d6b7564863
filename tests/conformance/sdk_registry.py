#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Projects, entities, feature tables, features and stores through the unmodified feast.Client 0.9.9."""

import sdk  # first: it imports the real packages

from feast import Entity, Feature, FeatureTable, FileSource, ValueType
from feast.data_format import AvroFormat, ParquetFormat, ProtoFormat
from feast.data_source import BigQuerySource, KafkaSource, KinesisSource
from feast.online_store import OnlineStore
from google.protobuf.duration_pb2 import Duration

import feastcore
import feasttables as tables


def entity(name="driver", value_type=ValueType.INT64, **fields):
    return Entity(name=name, description=fields.pop("description", "text"), value_type=value_type, **fields)


def batch(path=tables.FLIGHTS, time=tables.FLIGHTS_TIME, **fields):
    return FileSource(event_timestamp_column=time, file_format=ParquetFormat(),
                      file_url=tables.file_url(path), **fields)


def bigquery(**fields):
    return BigQuerySource(event_timestamp_column="event_timestamp", table_ref="project:dataset.table", **fields)


def flights(name="flights", **fields):
    features = [Feature(feature, ValueType[kind]) for feature, kind in tables.FLIGHTS_FEATURES.items()]
    made = {"entities": ["carrier", "flight"], "features": features, "batch_source": batch(), **fields}
    return FeatureTable(name=name, **made)


class Projects(sdk.SdkTest):
    def test_projects(self):
        self.assertEqual(self.client.list_projects(), ["default"])
        self.client.create_project("rides")
        self.assertEqual(self.client.list_projects(), ["default", "rides"])
        self.raises("Project already exists: rides", self.client.create_project, "rides")

    def test_bad_name(self):
        self.raises("invalid value for project resource, a project: argument must only contain",
                    self.client.create_project, "a project")

    def test_version(self):
        found = self.client.version()
        version = self.core.ready["version"]
        self.assertEqual(found["core"], {"url": self.core.grpc, "version": version})
        self.assertEqual(found["serving"], {"url": self.core.grpc, "version": version})


class Entities(sdk.SdkTest):
    def test_apply_get_list(self):
        made = entity("apply_get_list", labels={"team": "matchmaking"})
        self.client.apply(made)
        self.assertEqual(self.client.get_entity("apply_get_list"), made)
        self.assertIsNotNone(made.created_timestamp)
        (found,) = self.client.list_entities(labels={"team": "matchmaking"})
        self.assertEqual(found.name, "apply_get_list")
        self.assertEqual(self.client.list_entities(labels={"team": "other"}), [])

    def test_fetched_is_applied_again(self):
        self.client.apply(entity("again"))
        fetched = self.client.get_entity("again")
        before = fetched.to_proto()
        self.client.apply(fetched)
        self.assertEqual(self.client.get_entity("again").to_proto(), before)
        fetched.description = "other text"
        self.client.apply(fetched)
        self.assertEqual(self.client.get_entity("again").description, "other text")

    def test_project_is_made_by_the_way(self):
        self.client.apply(entity("somewhere"), project="made_by_the_way")
        self.assertIn("made_by_the_way", self.client.list_projects())
        self.assertEqual(self.client.get_entity("somewhere", "made_by_the_way").name, "somewhere")

    def test_texts(self):
        self.raises('Entity with name "nobody" could not be found', self.client.get_entity, "nobody")
        self.client.apply(entity("typed"))
        self.raises(
            "You are attempting to change the type of this entity in default project from INT64 to STRING. "
            "This isn't allowed. Please create a new entity.",
            self.client.apply, entity("typed", ValueType.STRING))
        self.raises(
            "invalid value for entity resource, not-a-name: "
            "argument must only contain alphanumeric characters and underscores.",
            self.client.apply, entity("not-a-name"))


class Tables(sdk.SdkTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client.apply([entity("carrier", ValueType.STRING), entity("flight"), entity("driver")])

    def test_apply_get_list_delete(self):
        made = flights(labels={"team": "ops"}, max_age=Duration(seconds=86400))
        self.client.apply(made)
        self.assertEqual(self.client.get_feature_table("flights"), made)
        self.assertIsNotNone(made.created_timestamp)
        self.assertIn("flights", [table.name for table in self.client.list_feature_tables()])
        (found,) = self.client.list_feature_tables(labels={"team": "ops"})
        self.assertEqual(found, made)
        self.client.delete_feature_table("flights")
        self.raises("Feature Table has been deleted: (project: default, name: flights)",
                    self.client.get_feature_table, "flights")
        self.assertNotIn("flights", [table.name for table in self.client.list_feature_tables()])
        self.client.apply(made)
        self.assertEqual(self.client.get_feature_table("flights"), made)

    def test_fetched_is_applied_again(self):
        self.client.apply(flights("again"))
        before = self.core.api.get_table("again")
        fetched = self.client.get_feature_table("again")
        self.client.apply(fetched)
        self.assertEqual(self.core.api.get_table("again"), before)
        fetched.labels["changed"] = "yes"
        self.client.apply(fetched)
        after = self.core.api.get_table("again")
        self.assertEqual(after.meta.revision, before.meta.revision + 1)
        self.assertFalse(after.spec.HasField("online_store"))
        self.assertFalse(after.spec.HasField("stream_source"))

    def test_every_kind_of_source(self):
        avro = AvroFormat('{"type": "record", "name": "r", "fields": []}')
        sources = {
            "bigquery": {"batch_source": bigquery(created_timestamp_column="created")},
            "kafka": {"stream_source": KafkaSource(
                event_timestamp_column="t", bootstrap_servers="localhost:9094", topic="topic",
                message_format=ProtoFormat("a.b.Class"))},
            "kafka_avro": {"stream_source": KafkaSource(
                event_timestamp_column="t", bootstrap_servers="localhost:9094", topic="topic",
                message_format=avro)},
            "kinesis": {"stream_source": KinesisSource(
                event_timestamp_column="t", created_timestamp_column="c", region="nowhere-1",
                stream_name="stream", record_format=avro)},
            "mapped": {"batch_source": batch(field_mapping={"dest": "origin", "origin": "dest"},
                                             date_partition_column="")},
        }
        for name, fields in sources.items():
            with self.subTest(name):
                made = flights(f"source_{name}", **fields)
                self.client.apply(made)
                self.assertEqual(self.client.get_feature_table(f"source_{name}"), made)

    def test_features_come_and_go(self):
        self.client.apply(flights("change"))
        made = flights("change", features=[Feature("origin", ValueType.STRING), Feature("distance", ValueType.DOUBLE)])
        self.client.apply(made)
        self.assertEqual(self.client.get_feature_table("change"), made)

    def test_yaml_of_a_table_makes_it_again(self):
        self.client.apply(flights("yaml"))
        text = self.client.get_feature_table("yaml").to_yaml()
        again = FeatureTable.from_yaml(text)
        self.client.apply(again)
        self.assertEqual(self.core.api.get_table("yaml").meta.revision, 0)

    def test_misfit_is_told_by_column(self):
        wrong = flights("wrong", features=[
            Feature("tailnum", ValueType.INT64), Feature("Origin", ValueType.STRING)])
        for text in ("tailnum", "Origin", "origin"):
            self.raises(text, self.client.apply, wrong)

    def test_texts(self):
        self.raises("Feature Table refers to no existent Entity: (table: unknown, entity: nobody, project: default)",
                    self.client.apply, flights("unknown", entities=["nobody"]))
        self.raises("Reserved names has been used as Feature(s) names. Reserved: "
                    "[event_timestamp, created_timestamp]",
                    self.client.apply, flights("reserved", features=[Feature("created_timestamp", ValueType.INT64)]))
        self.raises("Entity and Feature names within a Feature Table should be unique.",
                    self.client.apply, flights("clash", features=[Feature("carrier", ValueType.STRING)]))
        self.raises("No such Feature Table: (project: default, name: nothing)",
                    self.client.get_feature_table, "nothing")
        self.raises("argument must only contain alphanumeric characters and underscores",
                    self.client.apply, flights("not-a-name"))


class Features(sdk.SdkTest):
    def test_list_by_ref(self):
        self.client.apply([
            entity("carrier", ValueType.STRING), entity("flight"),
            flights("listed", features=[
                Feature("origin", ValueType.STRING, labels={"public": "yes"}),
                Feature("distance", ValueType.INT64)]),
            FeatureTable("of_carrier", ["carrier"], [Feature("flight_count", ValueType.INT64)],
                         batch_source=bigquery())])

        def listed(**filters):
            found = self.client.list_features_by_ref(**filters)
            return {repr(ref): feature.dtype.name for ref, feature in found.items()}

        everything = {"listed:origin": "STRING", "listed:distance": "INT64", "of_carrier:flight_count": "INT64"}
        self.assertEqual(listed(), everything)
        self.assertEqual(listed(labels={"public": "yes"}), {"listed:origin": "STRING"})
        self.assertEqual(listed(entities=["carrier"]), {"of_carrier:flight_count": "INT64"})
        self.assertEqual(set(listed(entities=["flight", "carrier"])), {"listed:origin", "listed:distance"})
        self.assertEqual(listed(project="elsewhere"), {})
        self.client.delete_feature_table("listed")
        self.assertEqual(listed(), {"of_carrier:flight_count": "INT64"})


class Stores(sdk.SdkTest):
    def test_online_stores(self):
        store = OnlineStore("cache", "REDIS", "for tests")
        self.client.register_online_store(store)
        self.assertEqual(self.client.get_online_store("cache"), store)
        self.assertIn("cache", [one.name for one in self.client.list_online_stores()])
        self.client.apply([entity("carrier", ValueType.STRING), entity("flight"), flights("stored", online_store=store)])
        self.assertEqual(self.client.get_feature_table("stored").online_store.name, "cache")
        self.client.archive_online_store("cache")
        self.assertNotIn("cache", [one.name for one in self.client.list_online_stores()])
        self.raises("cache", self.client.apply, flights("not_stored", online_store=store))
        self.raises("nothing", self.client.get_online_store, "nothing")


if __name__ == "__main__":
    feastcore.run()
