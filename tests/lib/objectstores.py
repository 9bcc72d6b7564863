# SPDX-License-Identifier: Apache-2.0
"""Real object stores for tests: moto, an S3 that verifies signatures, and fake-gcs-server."""

import json
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from peers import PATIENCE, die_with_parent, free_ports, installed


def python():
    """The interpreter that has moto and pyarrow."""
    return installed("object-stores", "moto is") / "bin/python"


class _Process:
    def __init__(self, command, ready, env=None):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env={**os.environ, **(env or {})}, preexec_fn=die_with_parent)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                urllib.request.urlopen(ready, timeout=5).close()
                return
            except (urllib.error.URLError, OSError) as error:
                if self.process.poll() is not None or time.monotonic() > end:
                    self.log.seek(0)
                    raise AssertionError(f"{command[0]} does not start: {error}\n"
                                         f"{self.log.read().decode()[-4000:]}") from None
                time.sleep(0.05)

    def stop(self):
        self.process.kill()
        self.process.wait()


# Run by the interpreter that has boto3: one command a line in, one answer a line out.
_HELPER = """
import boto3, json, sys
from botocore.config import Config
endpoint, key, secret = sys.argv[1:]
def client(kind):
    return boto3.client(kind, endpoint_url=endpoint, region_name='us-east-1', aws_access_key_id=key,
        aws_secret_access_key=secret, config=Config(s3={'addressing_style': 'path'}, retries={'max_attempts': 1}))
s3, iam, sts = client('s3'), client('iam'), client('sts')
for line in sys.stdin:
    what, args = json.loads(line)
    try:
        if what == 'user':
            iam.create_user(UserName=args[0])
            made = iam.create_access_key(UserName=args[0])['AccessKey']
            iam.put_user_policy(UserName=args[0], PolicyName='p', PolicyDocument=json.dumps(
                {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': args[1], 'Resource': '*'}]}))
            answer = [made['AccessKeyId'], made['SecretAccessKey']]
        elif what == 'bucket':
            extra = {'CreateBucketConfiguration': {'LocationConstraint': args[1]}} if args[1:] else {}
            answer = s3.create_bucket(Bucket=args[0], **extra) and True
        elif what == 'put':
            with open(args[2], 'rb') as body:
                answer = s3.put_object(Bucket=args[0], Key=args[1], Body=body)['ETag']
        elif what == 'copies':
            with open(args[2], 'rb') as body:
                data = body.read()
            for key in args[1]:
                s3.put_object(Bucket=args[0], Key=key, Body=data)
            answer = len(args[1])
        elif what == 'objects':
            answer = [[one['Key'], one['Size']] for one in s3.list_objects_v2(Bucket=args[0]).get('Contents', [])]
        elif what == 'get':
            s3.download_file(args[0], args[1], args[2])
            answer = True
        elif what == 'delete':
            answer = s3.delete_object(Bucket=args[0], Key=args[1]) and True
        elif what == 'role':
            answer = iam.create_role(RoleName=args[0], AssumeRolePolicyDocument=json.dumps(
                {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': '*',
                 'Action': 'sts:AssumeRole'}]}))['Role']['Arn']
            iam.put_role_policy(RoleName=args[0], PolicyName='p', PolicyDocument=json.dumps(
                {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 's3:*', 'Resource': '*'}]}))
        elif what == 'assume':
            made = sts.assume_role(RoleArn=args[0], RoleSessionName='test')['Credentials']
            answer = [made['AccessKeyId'], made['SecretAccessKey'], made['SessionToken']]
        print(json.dumps(answer), flush=True)
    except Exception as error:
        print(json.dumps({'error': str(error)}), flush=True)
"""


class S3:
    """moto; after `lock` every request is held against IAM, and its signature verified."""

    def __init__(self):
        self.port = free_ports(1)[0]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._server = _Process(
            [installed("object-stores", "moto is") / "bin/moto_server", "-H", "127.0.0.1", "-p", str(self.port)],
            f"{self.endpoint}/moto-api/data.json", {"MOTO_IAM_LOAD_MANAGED_POLICIES": "0"})
        self._helper = None
        self.login("test", "test")

    def login(self, key, secret):
        self.close_helper()
        self._helper = subprocess.Popen(
            [python(), "-c", _HELPER, self.endpoint, key, secret], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)

    def _ask(self, what, *args):
        self._helper.stdin.write(json.dumps([what, args]) + "\n")
        self._helper.stdin.flush()
        answer = json.loads(self._helper.stdout.readline())
        if isinstance(answer, dict):
            raise AssertionError(f"{what} {args}: {answer['error']}")
        return answer

    def user(self, name, action="s3:*"):
        return self._ask("user", name, action)

    def role(self, name):
        return self._ask("role", name)

    def assume(self, arn):
        return self._ask("assume", arn)

    def bucket(self, name, *region):
        return self._ask("bucket", name, *region)

    def put(self, bucket, key, path):
        return self._ask("put", bucket, key, str(path))

    def copies(self, bucket, keys, path):
        return self._ask("copies", bucket, keys, str(path))

    def objects(self, bucket):
        """Keys of all objects with their sizes."""
        return dict(self._ask("objects", bucket))

    def get(self, bucket, key, path):
        return self._ask("get", bucket, key, str(path))

    def delete(self, bucket, key):
        return self._ask("delete", bucket, key)

    def lock(self, actions_before="0"):
        """From now on nothing goes without a good signature; `inf` unlocks."""
        request = urllib.request.Request(f"{self.endpoint}/moto-api/reset-auth", data=actions_before.encode(), method="POST",
                                         headers={"Content-Type": "text/plain"})
        urllib.request.urlopen(request).close()

    def close_helper(self):
        if self._helper is not None:
            self._helper.stdin.close()
            self._helper.wait()
            self._helper.stdout.close()

    def stop(self):
        self.close_helper()
        self._server.stop()


class Gcs:
    """fake-gcs-server: JSON API; it never looks at tokens."""

    def __init__(self):
        self.port = free_ports(1)[0]
        self.address = f"127.0.0.1:{self.port}"
        self._server = _Process(
            [installed("gcs-server", "fake-gcs-server is") / "fake-gcs-server", "-scheme", "http", "-host", "127.0.0.1", "-port",
             str(self.port), "-external-url", f"http://{self.address}", "-public-host", self.address,
             "-backend", "memory"], f"http://{self.address}/_internal/healthcheck")

    def _post(self, path, body, kind):
        request = urllib.request.Request(f"http://{self.address}{path}", data=body, method="POST",
                                         headers={"Content-Type": kind, "Authorization": "Bearer x"})
        urllib.request.urlopen(request).close()

    def bucket(self, name):
        self._post("/storage/v1/b?project=p", json.dumps({"name": name}).encode(), "application/json")

    def put(self, bucket, name, path):
        quoted = urllib.parse.quote(name, safe="")
        self._post(f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quoted}",
                   pathlib.Path(path).read_bytes(), "application/octet-stream")

    def stop(self):
        self._server.stop()
