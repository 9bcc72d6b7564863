# SPDX-License-Identifier: Apache-2.0
"""The chart without a cluster: what it renders for many values, what it refuses, what the judges say."""

import base64
import json
import pathlib
import subprocess
import tempfile
import unittest

import yaml

from kubernetes import CHART, PATIENCE, SOURCE_DIR, VERSIONS, peer, tool

# Kinds of operators, of which Kubernetes itself has no schema. They are judged in cluster.py, by the API server.
FOREIGN = ("ServiceMonitor", "PrometheusRule", "GRPCRoute", "Certificate")

EVERYTHING = {
    "tls": {"enabled": True, "existingSecret": "certificates", "mutual": True, "clientSecret": "client"},
    "backup": {"enabled": True, "keep": 3}, "restore": {"from": "registry-20260102T030405Z.db"},
    "redis": {"url": "rediss://redis.ml.svc:6379/1", "layout": "b", "existingSecret": "redis", "caKey": "ca.crt"},
    "existingSecret": "credentials", "secrets": ["kafka"], "imagePullSecrets": ["pull"],
    "config": {"validation": "strict", "log.level": "debug", "sources": {"schemes": ["s3", "kafka"]}},
    "extraEnv": [{"name": "AWS_REGION", "value": "eu-central-1"}], "envOverrides": {"https.proxy": "http://proxy:3128"},
    "extraVolumes": [{"name": "more", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
    "persistence": {"storageClass": "fast", "size": "50Gi", "annotations": {"a": "b"}},
    "service": {"type": "LoadBalancer", "annotations": {"a": "b"}, "loadBalancerSourceRanges": ["10.0.0.0/8"]},
    "ingress": {"grpc": {"enabled": True, "hosts": ["core.example.org"],
                         "https": {"secretNames": {"core.example.org": "tls"}}, "whitelist": "10.0.0.0/8"}},
    "gateway": {"enabled": True, "parentRefs": [{"name": "public"}], "hostnames": ["core.example.org"]},
    "serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}, "dashboard": {"enabled": True},
    "networkPolicy": {"grpcFrom": [{"namespaceSelector": {}}], "httpFrom": [{"namespaceSelector": {}}],
                      "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"}],
    "nodeSelector": {"disk": "ssd"}, "tolerations": [{"operator": "Exists"}], "priorityClassName": "high",
    "podLabels": {"team": "ml"}, "podAnnotations": {"a": "b"}, "logLevel": "WARN", "logType": "Console",
}

# A row each: what it is, the values.
MATRIX = {
    "defaults": {},
    "everything": EVERYTHING,
    "no persistence": {"persistence": {"enabled": False}},
    "an existing claim": {"persistence": {"existingClaim": "mine"}, "backup": {"enabled": True,
                          "persistence": {"existingClaim": "theirs"}}},
    "no storage class": {"persistence": {"storageClass": "-"}, "backup": {"enabled": True,
                         "persistence": {"storageClass": "-"}}},
    "TLS by cert-manager": {"tls": {"enabled": True, "certManager": {"enabled": True, "issuerRef": {"name": "ca"}}}},
    "node ports": {"service": {"type": "NodePort", "grpc": {"nodePort": 32090}, "http": {"nodePort": 32091}}},
    "other ports": {"service": {"grpc": {"port": 80, "targetPort": 7000}, "http": {"targetPort": 7001},
                                "oldPorts": {"enabled": False}}},
    "nothing optional": {"networkPolicy": {"enabled": False}, "podDisruptionBudget": {"enabled": False},
                         "serviceAccount": {"create": False}, "prometheus": {"enabled": False},
                         "startupProbe": {"enabled": False}, "livenessProbe": {"enabled": False},
                         "readinessProbe": {"enabled": False}},
    "a Redis without a password": {"redis": {"url": "redis+cluster://redis:6379"}},
    "a Redis of the release": {"redis": {"enabled": True}},
    "a Redis of the release, on a volume": {"redis": {"enabled": True, "existingSecret": "redis", "passwordKey": "pw", "layout": "c",
                                            "persistence": {"enabled": True, "storageClass": "-"}},
                                            "imagePullSecrets": ["pull"], "nodeSelector": {"disk": "ssd"}},
    "backups on S3": {"backup": {"enabled": True, "s3": {"url": "s3://backups/ml/", "region": "eu-central-1"}},
                      "existingSecret": "keys", "restore": {"from": "registry-20260102T030405Z.db"}},
    "configuration of streams and schedules": {"config": {
        "stream": {"enabled": False, "projects": ["default", "ops"], "start": "latest", "parallel": 20},
        "jobs.keep": "48h", "jobs": {"parallel": 2, "time_zone": "Europe/Berlin", "missed_runs": "skip"}}},
    "stopped": {"replicaCount": 0},
    "a long name": {"fullnameOverride": "x" * 80, "backup": {"enabled": True}},
    "the old chart's": {
        "replicaCount": 1, "image": {"repository": "gcr.io/x/feast-core", "tag": "1", "pullPolicy": "Always"},
        "application.yaml": {"enabled": True}, "application-override.yaml": {"enabled": True, "feast": {"x": 1}},
        "application-secret.yaml": {"enabled": True}, "application-generated.yaml": {"enabled": False},
        "postgresql": {"existingSecret": "feast-postgresql"}, "javaOpts": "-Xmx2g", "logType": "JSON",
        "logLevel": "INFO", "prometheus": {"enabled": True}, "secrets": ["feast-gcp"],
        "livenessProbe": {"enabled": True, "initialDelaySeconds": 60, "periodSeconds": 10, "timeoutSeconds": 5,
                          "successThreshold": 1, "failureThreshold": 5},
        "service": {"type": "ClusterIP", "http": {"port": 80, "targetPort": 8080, "nodePort": None},
                    "grpc": {"port": 6565, "targetPort": 6565, "nodePort": None}},
        "ingress": {"grpc": {"enabled": False, "class": "nginx", "hosts": [], "annotations": {},
                             "https": {"enabled": True, "secretNames": {}}, "whitelist": "",
                             "auth": {"enabled": True, "signinHost": "auth.example.org"}},
                    "http": {"enabled": True, "class": "nginx", "hosts": [], "annotations": {},
                             "https": {"enabled": True, "secretNames": {}}, "whitelist": "",
                             "auth": {"enabled": False, "authUrl": "http://auth-server.auth-ns.svc.cluster.local/auth"}}},
        "readinessProbe": {"enabled": True, "initialDelaySeconds": 20, "periodSeconds": 10, "timeoutSeconds": 10,
                           "successThreshold": 1, "failureThreshold": 5},
        "nameOverride": "core", "fullnameOverride": "features-feast-core",
        "resources": {"limits": {"memory": "1Gi"}}, "nodeSelector": {}, "podLabels": {},
        "envOverrides": {"spring.datasource.password": {"secretKeyRef": {"name": "x", "key": "password"}}}},
}

# Values, and words that must be in the refusal.
WRONG = [
    ({"replicaCount": 3}, ["replicaCount is 3", "one writer"]),
    ({"replicaCount": "one"}, ["replicaCount", "integer"]),
    ({"persistance": {"size": "1Gi"}}, ["persistance"]),
    ({"persistence": {"size": "ten"}}, ["persistence", "size"]),
    ({"service": {"type": "Node"}}, ["service", "type", "NodePort"]),
    ({"service": {"grpc": {"port": 70000}}}, ["service", "grpc", "port", "maximum"]),
    ({"tls": {"enabled": True}}, ["tls.existingSecret", "tls.certManager.enabled"]),
    ({"tls": {"mutual": True}}, ["tls.mutual", "tls.enabled"]),
    ({"tls": {"enabled": True, "existingSecret": "a", "mutual": True}, "backup": {"enabled": True}},
     ["tls.clientSecret"]),
    ({"gateway": {"enabled": True}}, ["gateway.parentRefs"]),
    ({"ingress": {"grpc": {"enabled": True}}}, ["ingress.grpc.hosts"]),
    ({"restore": {"from": "x.db"}}, ["restore.from", "backup.enabled"]),
    ({"restore": {"from": "../x.db"}}, ["restore", "from"]),
    ({"backup": {"enabled": True, "keep": -1}}, ["backup", "keep"]),
    ({"redis": {"url": "redis:6379"}}, ["redis", "url"]),
    ({"redis": {"url": "redis://a", "password": "x"}}, ["redis", "password"]),
    ({"redis": {"url": "redis://a", "enabled": True}}, ["redis.enabled", "redis.url"]),
    ({"redis": {"enabled": True, "passwordKey": ""}}, ["redis.passwordKey"]),
    ({"redis": {"enabled": True, "maxMemory": "much"}}, ["redis", "maxMemory"]),
    ({"backup": {"enabled": True, "s3": {"url": "https://bucket"}}}, ["backup", "s3", "url"]),
    ({"backup": {"s3": {"secretKey": "x"}}}, ["backup", "s3", "secretKey"]),
    ({"logLevel": "loud"}, ["logLevel"]),
    ({"image": {"digest": "sha256:1"}}, ["image", "digest"]),
]


def render(values, *flags):
    """Exit code, objects, stderr."""
    code, out, err = tool("helm", "template", "features", CHART, "--namespace", "ml", "--kube-version", "1.30", "-f", "-",
                          *flags, stdin=json.dumps(values))
    return code, [one for one in yaml.safe_load_all(out) if one] if code == 0 else [], err


def find(objects, kind, name=None):
    found = [one for one in objects if one["kind"] == kind and name in (None, one["metadata"]["name"])]
    assert len(found) == 1, f"{len(found)} of {kind} {name}"
    return found[0]


class Chart(unittest.TestCase):
    maxDiff = None

    def objects(self, values):
        code, objects, err = render(values)
        self.assertEqual(code, 0, err)
        return objects

    def test_lint(self):
        code, out, err = tool("helm", "lint", "--strict", CHART)
        self.assertEqual(code, 0, out + err)

    def test_one_version_everywhere(self):
        version = (SOURCE_DIR / "VERSION").read_text().strip()
        for path, text in (("deploy/helm/feast-core/Chart.yaml", f"\nappVersion: {version}\n"),
                           ("deploy/docker/Dockerfile", f"\nARG VERSION={version}\n"),
                           ("deploy/debian/changelog", f"feast-core ({version}) ")):
            self.assertIn(text, (SOURCE_DIR / path).read_text(), path)

    def test_matrix(self):
        """Everything that is rendered is what Kubernetes takes, of the oldest version to the newest."""
        with tempfile.TemporaryDirectory() as directory:
            for number, (what, values) in enumerate(MATRIX.items()):
                with self.subTest(what):
                    path = pathlib.Path(directory) / f"{number}.yaml"
                    path.write_text(yaml.safe_dump_all(self.objects(values)))
            for version in VERSIONS:
                schemas = peer() / "schemas" / f"v{version}"
                location = f"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
                code, out, err = tool("kubeconform", "-strict", "-summary", "-skip", ",".join(FOREIGN), "-schema-location",
                                      location, "-ignore-missing-schemas=false", directory)
                with self.subTest(version):
                    self.assertEqual(code, 0, out + err)
                    self.assertIn("Invalid: 0, Errors: 0", out)

    def test_refusals(self):
        for values, told in WRONG:
            with self.subTest(str(values)):
                code, _, err = render(values)
                self.assertNotEqual(code, 0)
                for word in told:
                    self.assertIn(word, err)
                self.assertLess(len(err), 1500)

    def test_score(self):
        """kube-score: nothing critical."""
        for what in ("defaults", "everything", "a Redis of the release", "a Redis of the release, on a volume",
                     "backups on S3", "the old chart's"):
            text = yaml.safe_dump_all([one for one in self.objects(MATRIX[what]) if one["kind"] not in FOREIGN])
            _, out, err = tool("kube-score", "score", "--output-format", "json", "-", stdin=text)
            critical = [(one["object_name"], check["check"]["name"], comment["summary"])
                        for one in json.loads(out) for check in one["checks"] or []
                        if not check["skipped"] and check["grade"] == 1
                        for comment in check["comments"] or [{"summary": ""}]]
            self.assertEqual(critical, [], err)

    def test_probes(self):
        """Native gRPC without TLS; over HTTP with it, since the kubelet cannot do gRPC over TLS."""
        pod = find(self.objects({}), "StatefulSet")["spec"]["template"]["spec"]["containers"][0]
        self.assertEqual(pod["startupProbe"]["grpc"], {"port": 6565, "service": "liveness"})
        self.assertEqual(pod["livenessProbe"]["grpc"], {"port": 6565, "service": "liveness"})
        self.assertEqual(pod["readinessProbe"]["grpc"], {"port": 6565, "service": ""})
        self.assertEqual(pod["startupProbe"]["periodSeconds"], 1)
        pod = find(self.objects(EVERYTHING), "StatefulSet")["spec"]["template"]["spec"]["containers"][0]
        self.assertEqual(pod["livenessProbe"]["httpGet"], {"path": "/livez", "port": "http"})
        self.assertEqual(pod["readinessProbe"]["httpGet"], {"path": "/readyz", "port": "http"})

    def test_termination_is_in_step_with_the_drain(self):
        objects = self.objects({"shutdown": {"lameDuckSeconds": 7, "drainSeconds": 50}})
        self.assertEqual(
            find(objects, "StatefulSet")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"], 67)
        config = yaml.safe_load(find(objects, "ConfigMap")["data"]["core.yaml"])
        self.assertEqual(config["shutdown"], {"lame_duck": "7s", "drain": "50s"})

    def test_own_configuration_wins(self):
        objects = self.objects({"logLevel": "WARN", "config": {"log.format": "logfmt", "listen": ["0.0.0.0:1"],
                                                               "validation": "warn"}})
        config = yaml.safe_load(find(objects, "ConfigMap")["data"]["core.yaml"])
        self.assertEqual(config["log"], {"format": "logfmt", "level": "warn"})
        self.assertEqual((config["listen"], config["validation"]), (["0.0.0.0:1"], "warn"))
        # A pod whose configuration changed is replaced; one whose did not is not.
        sums = [find(self.objects(values), "StatefulSet")["spec"]["template"]["metadata"]["annotations"]
                ["checksum/config"] for values in ({}, {"podLabels": {"a": "b"}}, {"config": {"validation": "warn"}})]
        self.assertEqual(sums[0], sums[1])
        self.assertNotEqual(sums[0], sums[2])

    def test_redis(self):
        """The password is in a secret that is mounted, not in the configuration."""
        objects = self.objects(EVERYTHING)
        config = yaml.safe_load(find(objects, "ConfigMap", "features-feast-core")["data"]["core.yaml"])
        self.assertEqual(config["online_store"], {
            "default": "rediss://redis.ml.svc:6379/1", "layout": "b", "ca_file": "/etc/feast-core-redis/ca.crt",
            "password_file": "/etc/feast-core-redis/password"})
        pod = find(objects, "StatefulSet")["spec"]["template"]["spec"]
        volume = [one for one in pod["volumes"] if one["name"] == "redis"][0]["secret"]
        self.assertEqual({one["path"] for one in volume["items"]}, {"password", "ca.crt"})
        config = yaml.safe_load(find(self.objects({}), "ConfigMap")["data"]["core.yaml"])
        self.assertNotIn("online_store", config)

    def test_redis_of_the_release(self):
        """Only the server reaches it, with a password that stands in a secret alone."""
        name = "features-feast-core-redis"
        objects = self.objects({"redis": {"enabled": True}})
        config = yaml.safe_load(find(objects, "ConfigMap", "features-feast-core")["data"]["core.yaml"])
        self.assertEqual(config["online_store"], {"default": f"redis://{name}.ml.svc:6379/0", "layout": "a",
                                                  "password_file": "/etc/feast-core-redis/password"})
        secret = find(objects, "Secret", name)
        password = base64.b64decode(secret["data"]["password"]).decode()
        self.assertEqual(len(password), 40)
        self.assertNotIn(password, yaml.safe_dump([one for one in objects if one is not secret]))
        pods = find(objects, "StatefulSet", name)["spec"]["template"]
        policy = find(objects, "NetworkPolicy", name)["spec"]
        self.assertLessEqual(policy["podSelector"]["matchLabels"].items(), pods["metadata"]["labels"].items())
        core = find(objects, "StatefulSet", "features-feast-core")["spec"]["template"]["metadata"]["labels"]
        allowed = policy["ingress"][0]["from"][0]["podSelector"]["matchLabels"]
        self.assertLessEqual(allowed.items(), core.items())
        self.assertNotIn("egress", policy)
        # The server's service, budget and policy have none of its pods.
        for kind in ("Service", "PodDisruptionBudget", "NetworkPolicy"):
            for one in objects:
                if one["kind"] == kind and one["metadata"]["name"] != name:
                    spec = one["spec"]
                    chosen = spec["podSelector"]["matchLabels"] if kind == "NetworkPolicy" else spec["selector"]
                    chosen = chosen.get("matchLabels", chosen)
                    self.assertFalse(chosen.items() <= pods["metadata"]["labels"].items(), one["metadata"])
        self.assertEqual(find(objects, "ServiceAccount")["metadata"]["name"], "features-feast-core")
        self.assertNotIn("serviceAccountName", pods["spec"])

    def test_backups_on_s3(self):
        """No volume for them; the server and the restore have the credentials, the job that asks has none."""
        objects = self.objects(MATRIX["backups on S3"])
        self.assertFalse([one for one in objects if one["kind"] == "PersistentVolumeClaim"])
        config = yaml.safe_load(find(objects, "ConfigMap")["data"]["core.yaml"])
        self.assertEqual(config["backup"], {"url": "s3://backups/ml/", "s3": {
            "endpoint": "", "region": "eu-central-1", "path_style": False}})
        pod = find(objects, "StatefulSet")["spec"]["template"]["spec"]
        self.assertIn("--restore=s3://backups/ml/registry-20260102T030405Z.db", pod["initContainers"][0]["args"])
        keys = [{"secretRef": {"name": "keys"}}]
        self.assertEqual([one["envFrom"] for one in pod["initContainers"] + pod["containers"]], [keys, keys])
        job = find(objects, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        self.assertNotIn("envFrom", job["containers"][0])

    def test_old_values_keep_their_meaning(self):
        """What the old chart had and this one has, too, is where the old one put it."""
        objects = self.objects(MATRIX["the old chart's"])
        pod = find(objects, "StatefulSet")["spec"]["template"]
        container = pod["spec"]["containers"][0]
        self.assertEqual(container["image"], "gcr.io/x/feast-core:1")
        self.assertEqual(container["imagePullPolicy"], "Always")
        self.assertEqual(pod["metadata"]["annotations"]["prometheus.io/port"], "8080")
        self.assertEqual((container["livenessProbe"]["initialDelaySeconds"], container["readinessProbe"]["timeoutSeconds"]), (60, 10))
        self.assertIn({"name": "secret-feast-gcp", "mountPath": "/etc/secrets/feast-gcp", "readOnly": True},
                      container["volumeMounts"])
        self.assertEqual(container["resources"]["limits"]["memory"], "1Gi")
        self.assertIn({"name": "SPRING_DATASOURCE_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "x", "key": "password"}}},
                      container["env"])
        config = yaml.safe_load(find(objects, "ConfigMap")["data"]["core.yaml"])
        self.assertEqual(config["log"], {"format": "json", "level": "info"})
        self.assertFalse([one for one in objects if one["kind"] == "Ingress"])

    def test_old_ports(self):
        ports = {one["name"]: one["port"] for one in
                 find(self.objects({}), "Service", "features-feast-core")["spec"]["ports"]}
        self.assertEqual(ports, {"grpc": 6565, "http": 80, "grpc-serving": 6566, "grpc-jobs": 6568})

    def test_least_privilege(self):
        objects = self.objects(EVERYTHING)
        self.assertFalse([one for one in objects if "Role" in one["kind"]])
        self.assertIs(find(objects, "ServiceAccount")["automountServiceAccountToken"], False)
        template = find(objects, "StatefulSet")["spec"]["template"]["spec"]
        job = find(objects, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        for pod in (template, job):
            self.assertIs(pod["automountServiceAccountToken"], False)
            for container in pod["containers"] + pod.get("initContainers", []):
                self.assertIs(container["securityContext"]["readOnlyRootFilesystem"], True)

    def test_rules_and_dashboard(self):
        """promtool on the rules. That their metrics are there is tested with the server."""
        done = subprocess.run(["promtool", "check", "rules", CHART / "files" / "alerts.yaml"],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        dashboard = json.loads((CHART / "files" / "dashboard.json").read_text())
        self.assertEqual(len({panel["id"] for panel in dashboard["panels"]}), len(dashboard["panels"]))
        rule = find(self.objects(EVERYTHING), "PrometheusRule")
        self.assertEqual(rule["spec"], yaml.safe_load((CHART / "files" / "alerts.yaml").read_text()))


if __name__ == "__main__":
    unittest.main(verbosity=2)
