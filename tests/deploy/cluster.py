# SPDX-License-Identifier: Apache-2.0
"""The chart on a real Kubernetes API server: admission, upgrade, rights; and the real server with the rendered configuration.

The API server has no controllers and nodes, so no pod is started by it: the entry point is run here, with the arguments,
the configuration and the probes of the pod.
"""

import base64
import json
import pathlib
import re
import shutil
import signal
import subprocess
import unittest
import urllib.error
import urllib.request

import yaml

import feastcore
import feasttables as tables
import promtool
import redisserver
from chart import EVERYTHING, FOREIGN, MATRIX, find, render
from feastcore import READY, wait_until
from kubernetes import CHART, SOURCE_DIR, ApiServer
from peers import die_with_parent, free_ports, make_certificates

CHARTS = SOURCE_DIR / "tests" / "data" / "charts"


class Cluster(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cluster = ApiServer()
        cls.addClassCleanup(cls.cluster.stop)
        cls.cluster.start()
        cls.cluster.define()
        cls.cluster.request("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", {
            "metadata": {"name": EVERYTHING["priorityClassName"]}, "value": 1000})
        for name in ("ml", "old", "upgrade", "rights"):
            cls.cluster.namespace(name)

    def helm(self, *args, values=None, code=0):
        path = self.cluster.path / "values.json"
        path.write_text(json.dumps(values or {}))
        done, out, err = self.cluster.helm(*args, "-f", path) if values is not None else self.cluster.helm(*args)
        self.assertEqual(done, code, out + err)
        return out + err

    def test_install_is_taken(self):
        """By the API server, which knows the kinds of operators too."""
        for what in ("defaults", "everything", "TLS by cert-manager", "a Redis of the release, on a volume", "backups on S3"):
            with self.subTest(what):
                said = self.helm("install", "features", CHART, "-n", "ml", "--dry-run=server", values=MATRIX[what])
                self.assertNotIn("would violate PodSecurity", said)

    def test_kinds_of_operators(self):
        """What is rendered of them is what their definitions take: each object is made, and one with a slip is refused."""
        seen = set()
        for what in ("everything", "TLS by cert-manager"):
            for one in render(MATRIX[what])[1]:
                if one["kind"] not in FOREIGN:
                    continue
                seen.add(one["kind"])
                path = f"/apis/{one['apiVersion']}/namespaces/ml/{one['kind'].lower()}s?dryRun=All&fieldValidation=Strict"
                with self.subTest(one["kind"]):
                    self.cluster.request("POST", path, one)
                    one["spec"]["noSuchField"] = 1
                    with self.assertRaises(urllib.error.HTTPError) as refused:
                        self.cluster.request("POST", path, one)
                    self.assertIn(refused.exception.code, (400, 422))
        self.assertEqual(seen, set(FOREIGN))

    def test_pods_fit_the_restricted_standard(self):
        """The namespace enforces it, and refuses a pod that does not fit."""
        for values in ({}, EVERYTHING, MATRIX["backups on S3"], {"redis": {"enabled": True}},
                       MATRIX["a Redis of the release, on a volume"]):
            _, objects, _ = render(values)
            templates = {one["metadata"]["name"]: one["spec"]["template"] for one in objects if one["kind"] == "StatefulSet"}
            templates["test"] = find(objects, "Pod")
            if "backup" in values:
                templates["backup"] = find(objects, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]
            for name, template in templates.items():
                with self.subTest(name):
                    spec = template["spec"]
                    mounts = {mount["name"] for one in spec["containers"] for mount in one["volumeMounts"]}
                    # Claim templates become volumes of the pod.
                    for missing in mounts - {volume["name"] for volume in spec["volumes"]}:
                        spec["volumes"].append({"name": missing, "persistentVolumeClaim": {"claimName": missing}})
                    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
                    self.cluster.request("POST", "/api/v1/namespaces/ml/pods?dryRun=All", pod)
                    del spec["containers"][0]["securityContext"]["allowPrivilegeEscalation"]
                    with self.assertRaises(urllib.error.HTTPError) as refused:
                        self.cluster.request("POST", "/api/v1/namespaces/ml/pods?dryRun=All", pod)
                    self.assertEqual(refused.exception.code, 403)

    def test_notes_name_old_values_without_meaning(self):
        said = self.helm("install", "features", CHART, "-n", "old", "--dry-run=server",
                         values=MATRIX["the old chart's"])
        notes = said[said.index("NOTES:"):]
        for name in ("application.yaml", "application-override.yaml", "postgresql", "javaOpts", "ingress.http",
                     "ingress.grpc.auth", "envOverrides.spring.datasource.password"):
            self.assertIn(f"  {name}: ", notes)
        said = self.helm("install", "features", CHART, "-n", "old", "--dry-run=server")
        self.assertNotIn("old feast-core chart", said[said.index("NOTES:"):])

    def test_upgrade(self):
        """From every earlier chart, with all values that it had: nothing that cannot be changed is changed; and back."""
        charts = sorted(CHARTS.glob("feast-core-*.tgz"))
        self.assertTrue(charts)
        present = yaml.safe_load((CHART / "Chart.yaml").read_text())["version"]
        for older in charts:
            version = older.stem.removeprefix("feast-core-")
            self.assertNotEqual(version, present, f"{CHART}/Chart.yaml has the version of an earlier chart")
            for values in ({}, EVERYTHING):
                with self.subTest(f"{version}, {'all values' if values else 'defaults'}"):
                    self.helm("install", "features", older, "-n", "upgrade", values=values)
                    self.assertEqual(self.stored()["metadata"]["labels"]["helm.sh/chart"], f"feast-core-{version}")
                    self.helm("upgrade", "features", CHART, "-n", "upgrade", "--dry-run=server", values=values)
                    self.helm("upgrade", "features", CHART, "-n", "upgrade", values=values)
                    self.assertEqual(self.stored()["metadata"]["labels"]["helm.sh/chart"], f"feast-core-{present}")
                    self.helm("rollback", "features", "1", "-n", "upgrade")
                    self.helm("uninstall", "features", "-n", "upgrade")

    def stored(self, name="features-feast-core"):
        return self.cluster.request("GET", f"/apis/apps/v1/namespaces/upgrade/statefulsets/{name}")

    def test_other_values(self):
        """Of the same chart: what was off is on, and off again. The password of a Redis stays what it is."""
        path = "/api/v1/namespaces/upgrade/secrets/other-feast-core-redis"
        wanted = {**EVERYTHING, "persistence": {}, "redis": {"enabled": True}}
        self.helm("install", "other", CHART, "-n", "upgrade", values={})
        self.helm("upgrade", "other", CHART, "-n", "upgrade", values=wanted)
        stored = self.stored("other-feast-core")
        self.assertEqual(stored["spec"]["template"]["spec"]["initContainers"][0]["name"], "restore")
        password = self.cluster.request("GET", path)["data"]["password"]
        self.helm("upgrade", "other", CHART, "-n", "upgrade", values={**wanted, "logLevel": "debug"})
        self.assertEqual(self.cluster.request("GET", path)["data"]["password"], password)
        self.helm("upgrade", "other", CHART, "-n", "upgrade", "--reset-values", values={})
        with self.assertRaises(urllib.error.HTTPError):
            self.cluster.request("GET", path)
        self.helm("uninstall", "other", "-n", "upgrade")

    def test_rights(self):
        """The account of the server may do nothing in the cluster; asked as that account."""
        self.helm("install", "features", CHART, "-n", "rights")
        user = "system:serviceaccount:rights:features-feast-core"
        for verb, resource in (("get", "secrets"), ("list", "pods"), ("get", "configmaps"), ("create", "jobs"),
                               ("create", "pods"), ("delete", "persistentvolumeclaims"), ("create", "tokenreviews")):
            answer = self.cluster.request(
                "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", user=user,
                body={"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
                      "spec": {"resourceAttributes": {"namespace": "rights", "verb": verb, "resource": resource}}})
            self.assertFalse(answer["status"].get("allowed"), (verb, resource))
        for path in ("/api/v1/namespaces/rights/secrets", "/api/v1/namespaces/rights/pods", "/api/v1/nodes"):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.cluster.request("GET", path, user=user)
            self.assertEqual(refused.exception.code, 403)


class EntryPoint(feastcore.CoreTest):
    """feast-core with the arguments and the file of the pod, paths and ports put to where a test may write."""

    def rendered(self, values):
        _, objects, err = render(values)
        self.assertTrue(objects, err)
        container = [one["spec"]["template"]["spec"]["containers"][0] for one in objects if one["kind"] == "StatefulSet"
                     and one["metadata"]["labels"]["app.kubernetes.io/component"] == "core"][0]
        self.assertEqual(container["args"], ["--config=/etc/feast-core/core.yaml"])
        config = [one["data"]["core.yaml"] for one in objects if "core.yaml" in one.get("data", {})][0]
        directory = self.name("pod")
        directory.mkdir()
        for name in ("password", "ca.crt"):
            (directory / name).write_text("of a secret\n")
        for pod_path, here in (("/var/lib/feast-core-backups", directory / "backups"),
                               ("/var/lib/feast-core", directory / "data"), ("/etc/feast-core-redis", directory),
                               ("0.0.0.0:6565", "127.0.0.1:0"), ("0.0.0.0:8080", "127.0.0.1:0")):
            config = config.replace(str(pod_path), str(here))
        path = directory / "core.yaml"
        path.write_text(config)
        return path, container, yaml.safe_load(config)

    def pod(self, path, config):
        """A server whose flags are those of the pod alone."""
        server = feastcore.Server(pathlib.Path(config["data_dir"]))
        server.command = lambda: [str(server.program), f"--config={path}"]
        self.addCleanup(self._end, server)
        server.launch()
        wait_until(lambda: '"ready"' in server.log() or READY.search(server.log()) or not server.running(),
                   "the ready line")
        server.ready = READY.search(server.log())
        self.assertIsNotNone(server.ready, server.log())
        return server

    def test_it_serves_and_drains(self):
        path, container, config = self.rendered({"backup": {"enabled": True}, "shutdown": {"lameDuckSeconds": 0}})
        server = self.pod(path, config)
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            service = container[probe]["grpc"]["service"]
            self.assertEqual(server.api.health.Check(service=service).status, 1, probe)
        server.api.apply_entity("carrier", "STRING")
        self.assertIn(str(path.parent / "backups"), server.api.admin.Backup().path)
        self.assertTrue(server.log().splitlines()[-1].startswith(("{", "feast-core ready")), server.log())
        server.close_apis()
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0)

    def test_with_mutual_tls_all_pods_find_each_other(self):
        """Server, probes, backup job, `helm test` and the restore of the pod, each with the arguments that it has there."""
        values = {"tls": EVERYTHING["tls"], "backup": {"enabled": True, "keep": 3}}
        path, container, config = self.rendered(values)
        certificates = path.parent / "certificates"
        make_certificates(certificates)
        for name, file in (("tls.crt", "server.pem"), ("tls.key", "server.key"), ("ca.crt", "ca.pem")):
            shutil.copy(certificates / file, certificates / name)
        path.write_text(path.read_text().replace("/etc/feast-core-tls", str(certificates)))
        server = self.pod(path, config)
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            page = f"http://{server.http}{container[probe]['httpGet']['path']}"
            with urllib.request.urlopen(page, timeout=feastcore.PATIENCE) as answer:
                self.assertEqual(answer.status, 200)

        client = path.parent / "client"
        client.mkdir()
        for name, file in (("tls.crt", "client.pem"), ("tls.key", "client.key"), ("ca.crt", "ca.pem")):
            shutil.copy(certificates / file, client / name)
        _, objects, _ = render(values)
        job = find(objects, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        said = {}
        for pod in (find(objects, "Pod")["spec"], job):
            one = pod["containers"][0]
            self.assertEqual(one["command"], ["/usr/bin/feastctl"])
            args = [arg.replace("/etc/feast-core-client", str(client)).replace(
                "features-feast-core.ml.svc:6565", server.grpc) for arg in one["args"]]
            done = subprocess.run([feastcore.BIN_DIR / "feastctl", *args], capture_output=True, text=True,
                                  timeout=feastcore.PATIENCE, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            said[one["name"]] = done.stdout.strip()
        self.assertEqual(said["health"], "SERVING")
        backup = pathlib.Path(said["backup"])
        self.assertEqual(backup.parent, path.parent / "backups")

        self.assertEqual(server.stop(), 0)
        _, objects, _ = render({**values, "restore": {"from": backup.name}})
        init = find(objects, "StatefulSet")["spec"]["template"]["spec"]["initContainers"][0]
        args = [arg.replace("/etc/feast-core/core.yaml", str(path)).replace(
            "/var/lib/feast-core-backups", str(backup.parent)) for arg in init["args"]]
        done = subprocess.run([feastcore.BIN_DIR / "feast-core", *args], capture_output=True, text=True,
                              timeout=feastcore.PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("is now the registry", done.stdout)

    def test_redis_of_the_release(self):
        """Its container's script is run for real, by Debian's Redis; the server has its online store in it, with the password."""
        path, _, config = self.rendered({"redis": {"enabled": True}})
        _, objects, _ = render({"redis": {"enabled": True}})
        name = "features-feast-core-redis"
        directory = path.parent / "redis"
        for part in ("conf", "password", "data", "tmp"):
            (directory / part).mkdir(parents=True)
        password = base64.b64decode(find(objects, "Secret", name)["data"]["password"]).decode()
        (directory / "password/password").write_text(password)
        places = {"/etc/redis-password": "password", "/etc/redis": "conf", "/tmp": "tmp", "/data": "data"}

        def here(text):
            return re.sub(r"(?<![\w.])(/etc/redis-password|/etc/redis|/tmp|/data)(?=/|$)",
                          lambda found: str(directory / places[found[1]]), text, flags=re.MULTILINE)

        redis = find(objects, "StatefulSet", name)["spec"]["template"]["spec"]["containers"][0]
        conf = here(find(objects, "ConfigMap", name)["data"]["redis.conf"]).replace("* -::*", "127.0.0.1")
        for _ in range(5):
            port = free_ports(1)[0]
            (directory / "conf/redis.conf").write_text(conf.replace("port 6379", f"port {port}"))
            with (directory / "log").open("wb") as log:
                process = subprocess.Popen([here(word) for word in redis["command"]], stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log, preexec_fn=die_with_parent)
            self.addCleanup(process.wait)
            self.addCleanup(process.terminate)
            probe = [here(word).replace("redis-cli", f"redis-cli -p {port}")
                     for word in redis["readinessProbe"]["exec"]["command"]]
            wait_until(lambda: subprocess.run(probe, capture_output=True, check=False).returncode == 0
                       or process.poll() is not None, "the readiness probe of the Redis")
            # Somebody else may have taken the port in between.
            if process.poll() is None or "Address already in use" not in (directory / "log").read_text():
                break
        self.assertIsNone(process.poll(), (directory / "log").read_text())
        self.assertNotIn(password, pathlib.Path(f"/proc/{process.pid}/cmdline").read_text())

        # The port is taken by this process: the script has become the server.
        config["online_store"]["default"] = f"redis://127.0.0.1:{port}/0"
        config["online_store"]["password_file"] = str(directory / "password/password")
        path.write_text(json.dumps(config))
        server = self.pod(path, config)
        data = tables.write(self.name("rows.parquet"), {"id": ["a", "b"], "event_timestamp": [tables.at(1), tables.at(2)],
                                                        "trips": [1, 2]})
        server.api.apply_entity("id", "STRING")
        server.api.apply_table(tables.table("trips", ["id"], {"trips": "INT64"}, tables.file_source(data)), mode="off")
        job = self.job_ends(server.api, server.api.start_ingestion("trips").id)
        self.assertEqual(job.status, 3, server.api.job_detail(job.id))
        with redisserver.Client(port) as stranger, self.assertRaises(redisserver.RedisError):
            stranger.call("DBSIZE")
        with redisserver.Client(port, password) as friend:
            self.assertEqual(friend.call("DBSIZE"), 2)

    def test_metrics_that_are_named_are_there(self):
        """What alerts and panels ask for is what the server has; promtool has nothing to say of it."""
        path, _, config = self.rendered({})
        server = self.pod(path, config)
        server.api.apply_entity("carrier", "STRING")
        with urllib.request.urlopen(f"http://{server.http}/metrics", timeout=feastcore.PATIENCE) as answer:
            text = answer.read()
        self.assertEqual(promtool.complaints(text.decode()), [])
        there = set(re.findall(r"^([a-z_]+)(?:{| )", text.decode(), re.MULTILINE))
        used = set()
        for name in ("alerts.yaml", "dashboard.json"):
            used |= set(re.findall(r"\b((?:feast_core|grpc_server|process)_[a-z_]+)",
                                   (CHART / "files" / name).read_text()))
        self.assertGreater(len(used), 20)
        self.assertEqual(used - there, set())

    def test_configuration_of_every_row(self):
        """The server itself takes what the chart makes."""
        for what, values in MATRIX.items():
            if values.get("tls"):
                continue  # it wants the files of a secret; tests/integration/tls.py has some
            path, _, _ = self.rendered(values)
            done = subprocess.run([feastcore.BIN_DIR / "feast-core", f"--config={path}", "--check-config"],
                                  capture_output=True, text=True, timeout=feastcore.PATIENCE, check=False)
            with self.subTest(what):
                self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    feastcore.run()
