#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A Kubernetes API server with its etcd, and the tools that charts are judged by: helm, kubeconform with the schemas
# of several versions, kube-score.
#   setup.sh          builds and fetches them unless they are there
#   setup.sh --path   prints the directory where they are or would be: bin/ and schemas/
#
# The API server is the costly part: ten minutes of two processors, once.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=tests/peers/lib.sh
. "$here/../lib.sh"
kubernetes=v1.34.4

peer_name kubernetes "$here"/*/go.mod "$here"/*/go.sum "$here/requirements.txt"
peer_begin "${1:-}" "building an API server, helm and their judges in $out (once, about a quarter of an hour)"
mkdir "$out/bin" "$out/schemas"
peer_scratch
peer_go
# shellcheck source=tests/peers/go.sh
. "$here/../go.sh"

version="-X k8s.io/component-base/version.gitVersion=$kubernetes"
version="$version -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34"
build() (
    cd "$here/$1"
    shift
    "$go" build -trimpath -ldflags="-s -w $version" -o "$out/bin/" "$@"
)
build apiserver k8s.io/kubernetes/cmd/kube-apiserver
build helm helm.sh/helm/v3/cmd/helm github.com/yannh/kubeconform/cmd/kubeconform
build score github.com/zegl/kube-score/cmd/kube-score

# The key-value store behind it, from Debian's package, without installing a service.
(cd "$scratch" && apt-get -qq download etcd-server && dpkg-deb -x etcd-server_*.deb etcd)
cp "$scratch/etcd/usr/bin/etcd" "$out/bin/"

# Schemas for kubeconform; their references are made to point at where they lie.
peer_venv "$scratch/venv"
peer_pip "$scratch/venv" --target "$scratch/python" --no-deps -r "$here/requirements.txt"
for one in 1.27 1.30 1.34; do
    from=$scratch/python/kubernetes_validate/kubernetes-json-schema/v$one.0-local-strict
    cp -r "$from" "$out/schemas/v$one"
    find "$out/schemas/v$one" -name '*.json' -exec \
        sed -i "s#/api/_definitions.json#file://$out/schemas/v$one/_definitions.json#g" {} +
done
peer_done
