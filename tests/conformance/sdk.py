# SPDX-License-Identifier: Apache-2.0
"""The unmodified Feast 0.9.9 client against a real feast-core: set-up shared by the sdk_*.py tests."""

import os
import tempfile

# Before the package is imported, since it reads them then and there.
os.environ["FEAST_TELEMETRY"] = "False"
os.environ["HOME"] = tempfile.mkdtemp(prefix="fc-sdk-")

import warnings

warnings.simplefilter("ignore")

import feast  # noqa: E402  (must come before feastcore, which would leave out its start-up code)
import feast_spark  # noqa: E402
import grpc  # noqa: E402

import feastcore  # noqa: E402


class SdkTest(feastcore.CoreTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Hosts of sources in these tests are made up: nothing shall go looking for them.
        cls.core = cls.class_server("--sources-schemes=file")
        cls.client = cls.make_client()

    @classmethod
    def make_client(cls, **options):
        return feast.Client(core_url=cls.core.grpc, serving_url=cls.core.grpc,
                            job_service_url=cls.core.grpc, **options)

    def raises(self, text, call, *args, **kwargs):
        """The client raises a gRPC error that shows the text, for this is all that a person sees."""
        with self.assertRaises(grpc.RpcError) as caught:
            call(*args, **kwargs)
        error = caught.exception
        shown = error.details() if isinstance(error, grpc.Call) else str(error)
        self.assertIn(text, shown)
