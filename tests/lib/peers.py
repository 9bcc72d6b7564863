# SPDX-License-Identifier: Apache-2.0
"""The programs that we are tested with (tests/peers): where they are, and what their servers need to run for one test."""

import ctypes
import fcntl
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile

SOURCE_DIR = pathlib.Path(os.environ.get("FC_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
PATIENCE = 120


def installed(name, what):
    """Where the peer of this name is; a loud failure, which says what is missing, when it is not."""
    setup = SOURCE_DIR / "tests/peers" / name / "setup.sh"
    path = pathlib.Path(subprocess.check_output([setup, "--path"], text=True).strip())
    if not (path / "complete").exists():
        raise SystemExit(f"{what} not at {path}; run ./dev deps")
    return path


def add_packages(path):
    """Python finds the packages in this directory too."""
    if str(path) not in sys.path:
        sys.path.append(str(path))


def die_with_parent():
    """In the child: a test that is killed leaves no server behind."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


_ports = None  # the file of all tests of this user; a byte that is locked is a port that is somebody's
_mine = set()


def free_ports(count):
    """
    Below the range that systems take ports of connections from. They stay this program's until it ends: servers open
    them seconds later, and tests that run at the same time look for ports too.
    """
    global _ports
    if _ports is None:
        _ports = open(pathlib.Path(tempfile.gettempdir()) / f"feast-core-test-ports-{os.getuid()}", "w+b")
    found = []
    while len(found) < count:
        port = random.randrange(20000, 32000)
        if port in _mine:
            continue
        try:
            fcntl.lockf(_ports, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        _mine.add(port)
        found.append(port)
    return found


def make_certificates(path):
    """An authority, and of each a key and a certificate: server, client (of it), stranger (of itself)."""
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=path, check=True, capture_output=True)

    path.mkdir()
    (path / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
            "-subj", "/CN=tests")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "stranger.key", "-out", "stranger.pem",
            "-days", "30", "-subj", "/CN=stranger")
    for name in ("server", "client"):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "30", "-out", f"{name}.pem", "-extfile", "names")
    # Java wants one file, and the key in PKCS#8.
    (path / "server-store.pem").write_text(
        "".join((path / name).read_text() for name in ("server.key", "server.pem", "ca.pem")))
    (path / "client-store.pem").write_text((path / "client.key").read_text() + (path / "client.pem").read_text())
