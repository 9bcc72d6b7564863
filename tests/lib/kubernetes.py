# SPDX-License-Identifier: Apache-2.0
"""A real Kubernetes API server with its etcd (tests/peers/kubernetes), without controllers and nodes; helm and its judges."""

import json
import os
import pathlib
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import yaml

from peers import PATIENCE, SOURCE_DIR, die_with_parent, free_ports, installed

CHART = SOURCE_DIR / "deploy" / "helm" / "feast-core"
ADMIN = "admin-of-the-test"

# Kubernetes versions whose schemas are there, oldest first.
VERSIONS = ("1.27", "1.30", "1.34")


def peer():
    """Where the programs are; a loud failure when they are not."""
    return installed("kubernetes", "the Kubernetes API server and helm are")


def definitions():
    """Of the operators' kinds that the chart makes objects of."""
    path = installed("crds", "the definitions of operators are")
    return [yaml.safe_load(one.read_text()) for one in sorted(path.glob("*.yaml"))]


def tool(name, *args, stdin=None, env=None):
    """Runs helm, kubeconform or kube-score; exit code, stdout, stderr."""
    done = subprocess.run([peer() / "bin" / name, *map(str, args)], input=stdin, capture_output=True, text=True,
                          timeout=PATIENCE, check=False, env={**os.environ, **(env or {})})
    return done.returncode, done.stdout, done.stderr


class ApiServer:
    """Objects are stored and checked by admission; nothing runs them."""

    def __init__(self):
        self._dir = tempfile.TemporaryDirectory(prefix="fc-kube-")
        self.path = pathlib.Path(self._dir.name)
        self.processes = []

    def _launch(self, name, *args):
        with (self.path / f"{name}.log").open("wb") as log:
            self.processes.append(subprocess.Popen(
                [peer() / "bin" / name, *args], cwd=self.path, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=die_with_parent))

    def start(self):
        client, cluster, port = free_ports(3)
        self.url = f"https://127.0.0.1:{port}"
        etcd = f"http://127.0.0.1:{client}"
        subprocess.run(["openssl", "genrsa", "-out", self.path / "sa.key", "2048"], check=True, capture_output=True)
        (self.path / "tokens.csv").write_text(f'{ADMIN},admin,1,"system:masters"\n')
        self._launch("etcd", "--data-dir", "etcd", "--listen-client-urls", etcd, "--advertise-client-urls", etcd,
                     "--listen-peer-urls", f"http://127.0.0.1:{cluster}",
                     "--initial-advertise-peer-urls", f"http://127.0.0.1:{cluster}",
                     "--initial-cluster", f"default=http://127.0.0.1:{cluster}", "--unsafe-no-fsync",
                     "--log-level", "warn")
        self._launch("kube-apiserver", f"--etcd-servers={etcd}", "--bind-address=127.0.0.1",
                     "--advertise-address=127.0.0.1", f"--secure-port={port}", "--cert-dir=pki",
                     "--service-account-key-file=sa.key", "--service-account-signing-key-file=sa.key",
                     f"--service-account-issuer={self.url}", "--service-cluster-ip-range=10.96.0.0/16",
                     "--authorization-mode=RBAC", "--token-auth-file=tokens.csv",
                     # It would wait for a controller that makes the account "default".
                     "--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none")
        self._write_kubeconfig()
        end = time.monotonic() + PATIENCE
        while not self._ready():
            if time.monotonic() > end or any(one.poll() is not None for one in self.processes):
                raise AssertionError("the API server did not start:\n"
                                     + (self.path / "kube-apiserver.log").read_text("utf-8", "replace")[-4000:])
            time.sleep(0.1)
        return self

    def _ready(self):
        try:
            return self.request("GET", "/readyz", raw=True) == "ok"
        except (OSError, urllib.error.URLError):
            return False

    def _write_kubeconfig(self):
        self.kubeconfig = self.path / "kubeconfig"
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.url, "insecure-skip-tls-verify": True}}],
            "users": [{"name": "test", "user": {"token": ADMIN}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}]}))

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
        self._dir.cleanup()

    def request(self, method, path, body=None, user=None, raw=False):
        """The answer; a refusal is an urllib.error.HTTPError. `user`: as whom it is asked."""
        headers = {"Authorization": f"Bearer {ADMIN}", "Content-Type": "application/json"}
        if user:
            headers["Impersonate-User"] = user
        request = urllib.request.Request(self.url + path, method=method, headers=headers,
                                         data=None if body is None else json.dumps(body).encode())
        # Its certificate is one that it made for itself.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as answer:
            text = answer.read().decode()
        return text if raw else json.loads(text)

    def namespace(self, name, level="restricted"):
        """One that enforces a Pod Security Standard."""
        labels = {f"pod-security.kubernetes.io/{mode}": level for mode in ("enforce", "warn")}
        self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})

    def define(self):
        """Installs the kinds of operators, without the operators."""
        kinds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        names = []
        for one in definitions():
            one["metadata"].pop("labels", None)  # of one, they are made by its chart
            names.append(self.request("POST", kinds, one)["metadata"]["name"])
        end = time.monotonic() + PATIENCE
        while not all(self._established(f"{kinds}/{name}") for name in names):
            if time.monotonic() > end:
                raise AssertionError(f"not all of {names} are served")
            time.sleep(0.1)

    def _established(self, path):
        conditions = self.request("GET", path).get("status", {}).get("conditions", [])
        return {"Established": "True"}.items() <= {one["type"]: one["status"] for one in conditions}.items()

    def helm(self, *args):
        return tool("helm", *args, env={"KUBECONFIG": str(self.kubeconfig)})
