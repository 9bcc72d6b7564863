#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run by the systemd that has started feast-core.service (package.py): looks at the service from beside it. Its exit code is in
# /live.result, what it saw in /live.log.
exec >/live.log 2>&1
trap 'echo "$?" >/live.part; mv /live.part /live.result' EXIT
set -eux

healthy() {
    feastctl -s 127.0.0.1:6565 --tls-ca /etc/feast-core/ca.pem --retries 20 health
}

# Ready was notified: the unit is active, not activating, when what comes after it is started.
[ "$(systemctl show -P ActiveState feast-core)" = active ]
[ "$(systemctl show -P StatusErrno feast-core)" = 0 ]
healthy
first=$(systemctl show -P MainPID feast-core)
[ "$(stat -c %U "/proc/$first")" = feast-core ]
# The service reads what systemd has given it; the files themselves are root's.
[ "$(stat -c %U:%a /run/credentials/feast-core.service/tls_tls.key)" = feast-core:400 ]
[ "$(stat -c %U:%a /etc/feast-core/credentials/tls.key)" = root:600 ]
[ "$(stat -c %U:%a /var/lib/feast-core)" = feast-core:750 ]
[ -f /var/lib/feast-core/registry.db ]

systemctl reload feast-core
healthy
[ "$(systemctl show -P MainPID feast-core)" = "$first" ]
systemctl restart feast-core
healthy
[ "$(systemctl show -P MainPID feast-core)" != "$first" ]
systemctl stop feast-core
[ "$(systemctl show -P Result feast-core)" = success ]
