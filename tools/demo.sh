#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Everything on this machine, with real data: register, refuse, ingest, read. `./dev demo` calls this after
# it has installed and built what is needed. What it starts it ends; what it writes lies in a scratch
# directory that it removes.
#
# demo.sh [--stream]    with a Kafka broker and a live stream, which is installed if need be (some 100 MB); without the
#                       option only where it is installed already
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
bin=${FC_BIN_DIR:-$root/build/bin}
flights=$root/examples/flights
python=$root/tests/peers/feast-client/python
kafka=$root/tests/peers/kafka/setup.sh
case ${1:-} in
"") ;;
--stream) "$kafka" ;;
*)
    echo "usage: ./dev demo [--stream]" >&2
    exit 2
    ;;
esac
scratch=$(mktemp -d "${TMPDIR:-/tmp}/feast-core-demo.XXXXXX")
core_pid=

stop() {
    trap '' HUP INT TERM # all of it, however impatient
    if [ -n "$core_pid" ]; then
        kill "$core_pid" 2>/dev/null || :
        wait "$core_pid" 2>/dev/null || :
    fi
    rm -rf "$scratch"
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m')
else
    bold='' plain=''
fi

step() {
    printf '\n%s== %s%s\n' "$bold" "$*" "$plain"
}

# Shows a command as one would type it, then runs it.
run() {
    shown=$(printf '%s' "$*" | sed "s|$root/||g; s|$scratch/||g")
    printf '%s$ %s%s\n' "$bold" "$shown" "$plain"
    "$@"
}

fail() {
    printf '\ndemo: %s\n' "$*" >&2
    [ ! -f "$scratch/core.log" ] || sed 's/^/    feast-core: /' "$scratch/core.log" >&2
    exit 1
}

# The example names its file relative to the checkout; a server needs the whole path.
sed "s|@CHECKOUT@|$root|" "$flights/flights-wrong.yaml" >"$scratch/flights-wrong.yaml"

step "1. A registry of its own: no database, no Java, no Spark"
printf '%s$ feast-core --data-dir data --listen 127.0.0.1:0%s\n' "$bold" "$plain"
: >"$scratch/core.log"
"$bin/feast-core" --data-dir "$scratch/data" --listen 127.0.0.1:0 --http-listen 127.0.0.1:0 2>"$scratch/core.log" &
core_pid=$!
until grep -q '^feast-core ready:' "$scratch/core.log"; do
    kill -0 "$core_pid" 2>/dev/null || fail "the server did not start"
    sleep 0.05
done
grep '^feast-core ready:' "$scratch/core.log"
FEAST_CORE_URL=$(sed -n 's/^feast-core ready: grpc=\([^ ]*\).*/\1/p' "$scratch/core.log")
# Nothing is asked of whoever watches, and nothing of the settings that are theirs is used.
export FEAST_CORE_URL FEAST_PAGER=cat XDG_CONFIG_HOME="$scratch"
PATH=$bin:$PATH

step "2. The unmodified Feast 0.9.9 Python client registers a feature table; its file is looked at first"
run "$python" "$root/tools/demo/register.py" "$FEAST_CORE_URL" "$scratch/home" "$flights/flights.parquet"
run feastctl report flights

step "3. Three tables that do not fit the file, and what their author is told"
run "$python" "$root/tools/demo/register.py" "$FEAST_CORE_URL" "$scratch/home" "$flights/flights.parquet" wrong ||
    fail "a wrong table was accepted"

step "4. One with four mistakes, by feastctl: every reason at once, each with its line"
code=0
run feastctl apply -f "$scratch/flights-wrong.yaml" || code=$?
[ "$code" = 5 ] || fail "the wrong table gave exit code $code, expected 5 (refused)"
echo "(exit code 5: refused; nothing was stored)"

step "5. The file is written to the online store"
run feastctl ingest flights

step "6. Three flights, read by feastctl; UA 437 was cancelled that day"
run feastctl online get flights -e carrier=UA -e flight=1545 -e carrier=B6 -e flight=725 \
    -e carrier=UA -e flight=437
feastctl online get flights -e carrier=UA -e flight=1545 -e carrier=B6 -e flight=725 \
    -e carrier=UA -e flight=437 -o json >"$scratch/feastctl.json"

step "7. The same, and all other flights, by the unmodified Feast 0.9.9 Python client"
run "$python" "$root/tools/demo/values.py" feast "$FEAST_CORE_URL" "$scratch/feast.json"

step "8. What the file says, computed by pyarrow"
run "$python" "$root/tools/demo/values.py" file "$flights/flights.parquet" "$scratch/file.json"

step "9. Do they agree?"
run "$python" "$root/tools/demo/values.py" compare "$scratch/feastctl.json" "$scratch/feast.json" \
    "$scratch/file.json" || fail "the values differ"

if [ -f "$("$kafka" --path)/complete" ]; then
    step "10. A live stream: messages of a Kafka broker, read by the Feast client as they come"
    run "$python" "$root/tools/demo/stream.py" "$FEAST_CORE_URL" "$scratch/home" "$flights/flights.parquet" ||
        fail "the stream did not arrive"
else
    step "10. A live stream: ./dev demo --stream fetches a Kafka broker for it"
fi

cat <<EOF

${bold}== How to go on${plain}
  build/bin/feast-core --data-dir feast-core-data           a registry that stays, on port 6565
  build/bin/feastctl apply -f examples/flights/entities.yaml
  sed "s|@CHECKOUT@|\$PWD|" examples/flights/flights.yaml | build/bin/feastctl apply -f -
  build/bin/feastctl ingest flights
  build/bin/feastctl help                                   every command, examples first
  README.md, ARCHITECTURE.md                                what it is and how it is made
EOF
