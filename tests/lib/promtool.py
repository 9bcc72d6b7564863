# SPDX-License-Identifier: Apache-2.0
"""What Prometheus's own tool says of metrics. It is of the Debian package prometheus (tools/packages-debian.txt)."""

import subprocess

import feastcore

# Gauges with the name of a counter: Feast's own server has them so, and dashboards ask for them.
NAMED_BY_PEERS = ("feast_core_feature_set_total", "feast_core_store_total")


def complaints(text):
    """About the text of /metrics, one a line; a text that cannot be read is one too."""
    judged = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True,
                            timeout=feastcore.PATIENCE, check=False)
    return [line for line in (judged.stdout + judged.stderr).splitlines()
            if line.split(" ", 1)[0] not in NAMED_BY_PEERS]
