# SPDX-License-Identifier: Apache-2.0
"""Calls to a feast-core over real gRPC.

What the peers define is called through the stubs of their own packages; our additions (feast.admin.v1)
and the public health and reflection services through the descriptors of the build.
"""

import functools
import importlib
import importlib.util
import os
import pathlib
import sys
import threading
import types

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SOURCE_DIR = pathlib.Path(os.environ.get("FC_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
BUILD_DIR = pathlib.Path(os.environ.get("FC_BUILD_DIR", SOURCE_DIR / "build"))
BIN_DIR = pathlib.Path(os.environ.get("FC_BIN_DIR", BUILD_DIR / "bin"))

# Of every call that does not say otherwise: far above what any takes, so that a hang ends.
TIMEOUT = 60


def _skip_start_up(package):
    """Makes generated modules importable without running the package's own start-up code."""
    if package not in sys.modules:
        found = importlib.util.find_spec(package)
        if found is None:
            raise SystemExit(f"the Python package {package} is not installed; run ./dev deps")
        stub = types.ModuleType(package)
        stub.__path__ = list(found.submodule_search_locations)
        sys.modules[package] = stub


for _package in ("feast", "feast_spark"):
    _skip_start_up(_package)


def _module(name):
    return importlib.import_module(name)


core_pb = _module("feast.core.CoreService_pb2")
entity_pb = _module("feast.core.Entity_pb2")
feature_pb = _module("feast.core.Feature_pb2")
table_pb = _module("feast.core.FeatureTable_pb2")
source_pb = _module("feast.core.DataSource_pb2")
format_pb = _module("feast.core.DataFormat_pb2")
store_pb = _module("feast.core.Store_pb2")
online_store_pb = _module("feast.core.OnlineStore_pb2")
legacy_jobs_pb = _module("feast.core.JobService_pb2")
jobs_pb = _module("feast_spark.api.JobService_pb2")
serving_pb = _module("feast.serving.ServingService_pb2")
value_pb = _module("feast.types.Value_pb2")

ValueType = value_pb.ValueType
FieldStatus = serving_pb.FieldStatus


class Ours:
    """Messages and methods from the FileDescriptorSet of the build, apart from the peers' modules."""

    def __init__(self, path=None):
        files = descriptor_pb2.FileDescriptorSet()
        files.ParseFromString(pathlib.Path(path or BUILD_DIR / "feast-core.protoset").read_bytes())
        self.pool = descriptor_pool.DescriptorPool()
        self.kinds = {}  # full name of a method -> what grpc's channel calls its kind
        for file in files.file:
            self.pool.Add(file)
            for service in file.service:
                for method in service.method:
                    self.kinds[f"{file.package}.{service.name}.{method.name}"] = (
                        ("stream" if method.client_streaming else "unary")
                        + ("_stream" if method.server_streaming else "_unary"))
        self.factory = message_factory.MessageFactory(self.pool)

        # Neither the pool nor the factory is for several threads: a type would be made twice.
        self.lock = threading.Lock()

    def type(self, descriptor):
        with self.lock:
            return self.factory.GetPrototype(descriptor)

    def message(self, name):
        with self.lock:
            return self.factory.GetPrototype(self.pool.FindMessageTypeByName(name))

    def enum(self, name):
        with self.lock:
            return self.pool.FindEnumTypeByName(name)

    def service(self, name):
        with self.lock:
            return self.pool.FindServiceByName(name)


@functools.cache
def ours():
    return Ours()


class Service:
    """A service of ours: service.Method(field=value, ..., timeout=..., metadata=...)."""

    def __init__(self, channel, name):
        self._channel = channel
        self._service = ours().service(name)

    def __getattr__(self, name):
        method = self._service.FindMethodByName(name)
        request = ours().type(method.input_type)
        response = ours().type(method.output_type)
        call = getattr(self._channel, ours().kinds[method.full_name])(
            f"/{self._service.full_name}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString)

        def invoke(*requests, timeout=TIMEOUT, metadata=None, **fields):
            message = requests[0] if requests else request(**fields)
            return call(message, timeout=timeout, metadata=metadata)

        return invoke

    def request(self, name):
        return ours().type(self._service.FindMethodByName(name).input_type)


class Api:
    """All services of one address over one connection of its own."""

    def __init__(self, address, options=()):
        options = (("grpc.use_local_subchannel_pool", 1), *options)
        self.address = address
        self.channel = grpc.insecure_channel(address, options=options)
        self.core = _module("feast.core.CoreService_pb2_grpc").CoreServiceStub(self.channel)
        self.jobs = _module("feast_spark.api.JobService_pb2_grpc").JobServiceStub(self.channel)
        self.legacy_jobs = _module("feast.core.JobService_pb2_grpc").JobServiceStub(self.channel)
        self.serving = _module("feast.serving.ServingService_pb2_grpc").ServingServiceStub(self.channel)
        self.admin = Service(self.channel, "feast.admin.v1.AdminService")
        self.health = Service(self.channel, "grpc.health.v1.Health")
        self.reflection = Service(self.channel, "grpc.reflection.v1.ServerReflection")
        self.reflection_alpha = Service(self.channel, "grpc.reflection.v1alpha.ServerReflection")

    def close(self):
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def raw(self, path, data, timeout=TIMEOUT):
        """Any bytes to any method; the answer's bytes."""
        return self.channel.unary_unary(path)(data, timeout=timeout)

    # Short forms of what nearly every test does first.

    def apply_entity(self, name, value_type, project="", **fields):
        spec = entity_pb.EntitySpecV2(
            name=name, value_type=ValueType.Enum.Value(value_type), **fields)
        request = core_pb.ApplyEntityRequest(spec=spec, project=project)
        return self.core.ApplyEntity(request, timeout=TIMEOUT).entity

    def apply_table(self, spec, project="", mode=None, dry_run=False):
        metadata = [("feast-validation", mode)] if mode else []
        if dry_run:
            metadata.append(("feast-dry-run", "true"))
        request = core_pb.ApplyFeatureTableRequest(table_spec=spec, project=project)
        return self.core.ApplyFeatureTable(request, timeout=TIMEOUT, metadata=metadata).table

    def get_table(self, name, project=""):
        request = core_pb.GetFeatureTableRequest(project=project, name=name)
        return self.core.GetFeatureTable(request, timeout=TIMEOUT).table

    def report(self, table, project=""):
        return self.admin.GetValidationReport(project=project, table=table).report

    def verdict(self, table, project=""):
        number = self.report(table, project).verdict
        return ours().enum("feast.admin.v1.Verdict").values_by_number[number].name

    def start_ingestion(self, table, project="", start=None, end=None):
        request = jobs_pb.StartOfflineToOnlineIngestionJobRequest(project=project, table_name=table)
        if start is not None:
            request.start_date.FromDatetime(start)
        if end is not None:
            request.end_date.FromDatetime(end)
        return self.jobs.StartOfflineToOnlineIngestionJob(request, timeout=TIMEOUT)

    def get_job(self, job_id):
        return self.jobs.GetJob(jobs_pb.GetJobRequest(job_id=job_id), timeout=TIMEOUT).job

    def job_detail(self, job_id):
        return self.admin.GetJobDetail(job_id=job_id).job

    def list_jobs(self, **fields):
        return list(self.jobs.ListJobs(jobs_pb.ListJobsRequest(**fields), timeout=TIMEOUT).jobs)

    def read(self, refs, rows, project=""):
        """refs: "table:feature"; rows: dicts of entity -> Value (see value())."""
        request = serving_pb.GetOnlineFeaturesRequestV2(project=project)
        for ref in refs:
            table, _, name = ref.partition(":")
            request.features.add(feature_table=table, name=name)
        for row in rows:
            entry = request.entity_rows.add()
            for name, entity in row.items():
                entry.fields[name].CopyFrom(entity)
        return self.serving.GetOnlineFeaturesV2(request, timeout=TIMEOUT).field_values


_ARMS = {
    "BYTES": "bytes_val", "STRING": "string_val", "INT32": "int32_val", "INT64": "int64_val",
    "DOUBLE": "double_val", "FLOAT": "float_val", "BOOL": "bool_val",
}


def value(value_type, plain):
    """A feast.types.Value: value("INT64", 5), value("STRING_LIST", ["a"])."""
    made = value_pb.Value()
    if value_type.endswith("_LIST"):
        arm = _ARMS[value_type[: -len("_LIST")]].replace("_val", "_list_val")
        getattr(made, arm).SetInParent()
        getattr(made, arm).val.extend(plain)
    else:
        setattr(made, _ARMS[value_type], plain)
    return made


def plain(proto):
    """The Python value of a feast.types.Value; None when it holds nothing."""
    arm = proto.WhichOneof("val")
    if arm is None:
        return None
    found = getattr(proto, arm)
    return list(found.val) if arm.endswith("_list_val") else found
