# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154
# For setup scripts of programs that want a newer Go than Debian 12 has; to be sourced, with $scratch as a directory that
# is thrown away and GOMODCACHE within it. Sets $go to the program to call. Go's own releases are modules, too.

fc_go_minor=$(go env GOVERSION | sed 's/^go1\.\([0-9]*\).*/\1/')
go=go
if [ "${fc_go_minor:-0}" -lt 26 ]; then
    fc_go_release=v0.0.1-go1.26.3.linux-$(dpkg --print-architecture)
    fc_go_root=$(cd "$scratch" && GOFLAGS='' go mod download -json "golang.org/toolchain@$fc_go_release" |
        sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    [ -n "$fc_go_root" ] || exit 1
    # Modules carry no executable bits, and Go makes them read-only.
    chmod -R u+wx "$fc_go_root/bin" "$fc_go_root/pkg/tool"
    go=$fc_go_root/bin/go
fi
