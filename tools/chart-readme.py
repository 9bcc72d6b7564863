#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes deploy/helm/feast-core/README.md from the comments of values.yaml.

chart-readme.py [--check]     --check writes nothing and fails when the file is stale

A value is described by the line `# -- meaning` above it. The file is read by its indentation, two spaces a level, which
is all of YAML that it uses.
"""

import pathlib
import re
import sys

CHART = pathlib.Path(__file__).parents[1] / "deploy" / "helm" / "feast-core"
LINE = re.compile(r"^(?P<indent> *)(?P<key>[\w.\"-]+):(?: (?P<value>.*))?$")

HEAD = """<!-- Made by `./dev docs` from values.yaml: change that, not this file. -->

# Chart feast-core

{description}. How to install it, with examples, is in [docs/install.md](../../../docs/install.md); how to run it, in
[docs/operations.md](../../../docs/operations.md).

```
helm install features deploy/helm/feast-core --set tls.enabled=true,tls.existingSecret=features-tls,backup.enabled=true
helm test features
```

Chart {version}, feast-core {app}, Kubernetes {kube}.

## Values

| Value | Default | Meaning |
|---|---|---|
"""

TAIL = """
## Values of the old chart

Taken with their meaning: `replicaCount` (0 or 1), `image`, `service`, `ingress.grpc` (but `auth`), `resources`,
`nodeSelector`, `podLabels`, `envOverrides`, `secrets`, `livenessProbe`, `readinessProbe`, `prometheus.enabled`,
`logLevel`, `logType`, `nameOverride`, `fullnameOverride`.

Taken without one, and named in the notes after an install: `application.yaml`, `application-generated.yaml`,
`application-secret.yaml`, `application-override.yaml`, `postgresql`, `javaOpts`, `strategy`, `ingress.http`,
`ingress.grpc.auth`. Any other name that is not in the table is refused.
"""


def rows(lines):
    """(name, default, meaning) of every value that has a meaning."""
    path, meaning = [], ""
    for number, line in enumerate(lines):
        if line.strip().startswith("# -- "):
            meaning = line.strip()[len("# -- "):]
            continue
        found = LINE.match(line)
        if found is None:
            continue
        depth = len(found["indent"]) // 2
        path = path[:depth] + [found["key"].strip('"')]
        if not meaning:
            continue
        value = found["value"]
        if value is None:
            value = "see values.yaml" if lines[number + 1].startswith(found["indent"] + "  ") else "null"
            yield ".".join(path), value, meaning
        else:
            yield ".".join(path), f"`{value}`", meaning
        meaning = ""


def page():
    chart = dict(re.findall(r"^(\w+): (.*)$", (CHART / "Chart.yaml").read_text(), re.MULTILINE))
    text = HEAD.format(description=chart["description"], version=chart["version"], app=chart["appVersion"],
                       kube=chart["kubeVersion"].strip('"').removesuffix("-0"))
    for name, default, meaning in rows((CHART / "values.yaml").read_text().splitlines()):
        meaning = meaning.replace("|", "\\|").replace("<", "&lt;")
        text += f"| `{name}` | {default} | {meaning} |\n"
    return text + TAIL


def main():
    readme, text = CHART / "README.md", page()
    if not readme.exists() or readme.read_text() != text:
        if "--check" in sys.argv[1:]:
            sys.exit(f"{readme} is stale: run ./dev docs")
        readme.write_text(text)


main()
