#!/bin/sh
# SPDX-License-Identifier: MIT
# Shows what the library is for: an LNS dies under its calls, and its peer loses none of them.
set -eu
cd "$(dirname "$0")/.."

tunnels=10
calls_each=100
calls=$((tunnels * calls_each))
calls_per_second=250
frames_per_second=2 # of each call

usage()
{
    cat <<EOF
usage: sh examples/demo.sh [--failover-resync METHOD | --store file|redis|etcd] [--help]

Installs what the build needs (Debian, only as root), builds in build-demo and runs, on the loopback
interface and without privileges:

  an LNS with its standby, and a LAC that opens $tunnels tunnels of $calls_each calls and sends data frames
  1. the active LNS is killed (SIGKILL) while calls are being set up: the standby takes over,
     by METHOD: silent-failover (default), or failover-protocol (RFC 4951). The latter is for a
     standby that may be behind, so it is shown with --commit bounded; it ends calls that are half
     set up, so the LNS is killed once all calls are up
  2. the killed node is started again as the new standby and catches up
  3. a planned switchover makes it the active one again
  4. the LAC closes everything and reports

  --store file: an LNS alone, that keeps its state in files: it is killed twice and started again
  --store redis: the same, in a Redis server that is started for it (Debian's redis-server)
  --store etcd: the same, in three members of etcd that are started for it (Debian's etcd-server),
    the first of which is killed with the LNS

Exit status 0: no call was lost, no control message was lost or processed twice.
EOF
}

method=silent-failover
store=''
while [ $# -gt 0 ]; do
    case $1 in
    --failover-resync)
        method=${2:-}
        [ $# -ge 2 ] && shift
        ;;
    --store)
        store=${2:-}
        case $store in
        file | redis | etcd) ;;
        *)
            echo "demo.sh: --store takes file, redis or etcd, not '$store'" >&2
            exit 2
            ;;
        esac
        shift
        ;;
    --help)
        usage
        exit 0
        ;;
    *)
        echo "demo.sh: unknown option '$1'. Try --help." >&2
        exit 2
        ;;
    esac
    shift
done
case $method in
silent-failover) killed_at=$((calls / 2)) commit=gated ;;
failover-protocol) killed_at=$calls commit=bounded ;;
*)
    echo "demo.sh: --failover-resync takes silent-failover or failover-protocol, not '$method'" >&2
    exit 2
    ;;
esac

work=$(mktemp -d)
pid_a='' pid_b='' pid_lac='' pid_server='' pid_first=''
bin=build-demo/examples

clean_up()
{
    status=$?
    trap - EXIT
    for pid in $pid_a $pid_b $pid_lac $pid_server $pid_first; do
        kill -9 "$pid" 2>/dev/null || :
    done
    wait
    rm -rf "$work"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

fail()
{
    echo "demo.sh: $*" >&2
    tail -n 5 "$work"/*.log >&2
    exit 1
}

build()
{
    sh tests/install-deps.sh build >"$work/install.log" 2>&1 || {
        cat "$work/install.log" >&2
        exit 1
    }
    {
        cmake -S . -B build-demo -DCMAKE_BUILD_TYPE=Release -DL2TPHA_TESTS=OFF &&
            cmake --build build-demo --parallel "$(nproc)"
    } >"$work/build.log" 2>&1 || fail "the build has failed"
    rm "$work/install.log" "$work/build.log"
}

now_ms()
{
    echo $(($(date +%s%N) / 1000000))
}

step()
{
    elapsed=$(($(now_ms) - started))
    printf '%4d.%03d s  %s\n' $((elapsed / 1000)) $((elapsed % 1000)) "$*"
}

# until_true SECONDS WHAT COMMAND...: wait until the command succeeds.
until_true()
{
    limit=$(($(now_ms) + $1 * 1000))
    what=$2
    shift 2
    until "$@"; do
        [ "$(now_ms)" -lt "$limit" ] || fail "did not happen: $what"
        sleep 0.02
    done
}

ask() # PROGRAM COMMAND...: what l2tphactl says of a, b or lac
{
    control=$work/$1.control
    shift
    "$bin/l2tphactl" "$control" "$@" 2>/dev/null
}

value() # PROGRAM NAME WHAT: one value of show l2tp WHAT
{
    ask "$1" show l2tp "$3" | awk -v name="$2" '$1 == name { print $2 }'
}

is() # PROGRAM NAME VALUE: in show l2tp redundancy
{
    [ "$(value "$1" "$2" redundancy)" = "$3" ]
}

has_calls() # PROGRAM NUMBER: so many have come up
{
    up=$(value "$1" sessions_up counters)
    [ "${up:-0}" -ge "$2" ]
}

# start_node NAME OTHER OPTION...: one node of the LNS
start_node()
{
    name=$1 other=$2
    shift 2
    "$bin/l2tpha-lns" --listen "$address" --echo --name lns --control "$work/$name.control" \
        --ha-listen "unix:$work/$name.ha" --ha-connect "unix:$work/$other.ha" \
        --failover-resync "$method" --commit "$commit" "$@" \
        >>"$work/$name.log" 2>&1 &
}

listening()
{
    address=$(sed -n 's/^listening on \([^ ]*\) .*/\1/p' "$work/a.log" 2>/dev/null)
    [ -n "$address" ]
}

# One line for each tunnel: its id at the LAC, state, sessions, what the LAC has sent and received.
numbers() # PROGRAM ID SENT RECEIVED: names of columns
{
    ask "$1" show l2tp tunnels | awk -v id="$2" -v sent="$3" -v received="$4" '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        $column["state"] ~ /^stop/ { next } # recovery tunnels that have done their work
        { print $column[id], $column["state"], $column["sessions"], $column[sent],
                $column[received] }' | sort
}

# Both ends agree on every tunnel: each message sent was processed once, neither less nor more.
agree() # NODE
{
    numbers lac local_id ns nr >"$work/lac.numbers"
    numbers "$1" remote_id nr ns >"$work/lns.numbers"
    [ "$(wc -l <"$work/lac.numbers")" = "$tunnels" ] &&
        ! awk '{ print $2, $3 }' "$work/lac.numbers" | grep -qvx "established $calls_each" &&
        cmp -s "$work/lac.numbers" "$work/lns.numbers"
}

reported() # NAME: a value of the LAC's report
{
    sed -n "s/^$1  *//p" "$work/lac.log"
}

row()
{
    printf '  %-36s %s\n' "$1" "$2"
}

has_answered()
{
    [ "$(redis-cli -p "$1" ping 2>/dev/null)" = PONG ]
}

prepare_redis()
{
    command -v redis-server >/dev/null || fail "there is no redis-server: install Debian's package of that name"
    server_port=$((20000 + ($$ + 1) % 20000))
    redis-server --bind 127.0.0.1 --port "$server_port" --dir "$work" --save '' --appendonly yes \
        >"$work/redis.log" 2>&1 &
    pid_server=$!
    until_true 5 "the Redis server answers" has_answered "$server_port"
    store_options="--store redis://127.0.0.1:$server_port/demo --store-plain"
}

# start_member NUMBER CLUSTER: of three
start_member()
{
    client=$((server_port + $1)) peer=$((server_port + 3 + $1))
    etcd --name "m$1" --data-dir "$work/m$1" --logger zap --log-level error --initial-cluster "$2" \
        --listen-client-urls "http://127.0.0.1:$client" --advertise-client-urls "http://127.0.0.1:$client" \
        --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
        >"$work/m$1.log" 2>&1 &
}

prepare_etcd()
{
    command -v etcd >/dev/null || fail "there is no etcd: install Debian's package etcd-server"
    server_port=$((20000 + ($$ + 1) % 20000))
    members='' cluster=''
    for number in 0 1 2; do
        members=$members${members:+,}127.0.0.1:$((server_port + number))
        cluster=$cluster${cluster:+,}m$number=http://127.0.0.1:$((server_port + 3 + number))
    done
    for number in 0 1 2; do
        start_member $number "$cluster"
        if [ $number = 0 ]; then pid_first=$!; else pid_server="$pid_server $!"; fi
    done
    store_options="--store etcd://$members/demo --store-plain"
    until_true 20 "the members have a leader" starts_alone
}

# starts_alone: an LNS that ends at once if the store is not there
starts_alone()
{
    # shellcheck disable=SC2086 # a list of words
    "$bin/l2tpha-lns" --listen "$address" $store_options --control "$work/try.control" \
        >>"$work/try.log" 2>&1 &
    pid_a=$!
    until_true 10 "it serves, or has ended" serves_or_ended
    kill "$pid_a" 2>/dev/null || return 1
    wait "$pid_a"
}

serves_or_ended()
{
    ! kill -0 "$pid_a" 2>/dev/null || is try state active
}

# prepare_store: sets the options for it
prepare_store()
{
    case $store in
    redis) prepare_redis ;;
    etcd) prepare_etcd ;;
    *) store_options="--store file:$work/store" ;;
    esac
}

# start_alone: the LNS without a standby
start_alone()
{
    # shellcheck disable=SC2086 # a list of words
    "$bin/l2tpha-lns" --listen "$address" --echo --name lns --control "$work/a.control" \
        $store_options --failover-resync "$method" >>"$work/a.log" 2>&1 &
    pid_a=$!
    until_true 5 "the LNS serves, its store in sync" is a state active
}

# die_alone WHEN: killed, and started again
die_alone()
{
    # shellcheck disable=SC2086 # one, or none
    kill -9 "$pid_a" $pid_first
    wait "$pid_a" 2>/dev/null || :
    step "the LNS is killed (SIGKILL) ${pid_first:+together with a member of etcd }$1"
    pid_first=''
    start_alone
    step "it is started again: epoch $(value a epoch redundancy), with $(value a sessions redundancy) calls from its store"
}

alone()
{
    address=127.0.0.1:$((20000 + $$ % 20000))
    prepare_store
    where=files
    [ "$store" = redis ] && where='a Redis server'
    [ "$store" = etcd ] && where='three members of etcd'
    step "starting an LNS at $address, its state in $where"
    start_alone
    step "starting a LAC: $tunnels tunnels, $calls calls, $calls_per_second calls/s"
    "$bin/l2tpha-lac" --listen 127.0.0.1:0 --connect "$address" --tunnels "$tunnels" \
        --sessions "$calls_each" --rate "$calls_per_second" --data-rate "$frames_per_second" \
        --name lac --control "$work/lac.control" >"$work/lac.log" 2>&1 &
    pid_lac=$!
    until_true 20 "$killed_at calls are up" has_calls lac "$killed_at"
    die_alone "while calls are being set up"
    until_true 20 "all calls are up" has_calls lac "$calls"
    until_true 10 "both ends agree" agree a
    die_alone "once all calls are up"
    until_true 10 "every tunnel is confirmed" is a resynced "$tunnels"
    until_true 10 "both ends agree again" agree a
    step "both ends agree on what was sent and received in every tunnel"
    kill "$pid_lac"
    wait "$pid_lac" || fail "the LAC has lost something"
    pid_lac=''
    kill "$pid_a"
    wait "$pid_a" || fail "the LNS has failed"
    pid_a=''
    echo
    row "calls lost" "$(reported 'calls lost')"
    row "calls that did not come up" "$(reported 'calls failed')"
    row "control outage, seen by the LAC" "$(reported 'longest control gap')"
    row "data outage, seen by the LAC" "$(reported 'longest data gap')"
    echo
    [ "$(reported 'calls lost')" = 0 ] || fail "calls were lost"
    echo "The LNS was killed twice and started again; its peer has lost no call."
}

started=$(now_ms)
step "building"
build
if [ -n "$store" ]; then
    alone
    exit 0
fi

step "starting an LNS: node A (active), node B (standby)"
address=127.0.0.1:0
start_node a b
pid_a=$!
until_true 5 "node A listens" listening
start_node b a --role standby
pid_b=$!
until_true 5 "node B is in sync" is b state standby-hot

step "starting a LAC: $tunnels tunnels, $calls calls, $calls_per_second calls/s, $frames_per_second frames/s and call"
"$bin/l2tpha-lac" --listen 127.0.0.1:0 --connect "$address" --tunnels "$tunnels" \
    --sessions "$calls_each" --rate "$calls_per_second" --data-rate "$frames_per_second" \
    --name lac --control "$work/lac.control" >"$work/lac.log" 2>&1 &
pid_lac=$!
until_true 20 "$killed_at calls are up" has_calls lac "$killed_at"
if [ "$killed_at" = "$calls" ]; then # what is up at one end only is cleared there
    until_true 5 "all calls are up at both ends" has_calls a "$calls"
    until_true 5 "both ends agree" agree a
fi

before=$(value lac sessions_up counters)
kill -9 "$pid_a"
step "node A is killed (SIGKILL): $before of $calls calls are up"
until_true 5 "node B takes over" is b role active
held=$(value b sessions redundancy)
step "node B serves, epoch $(value b epoch redundancy), with $held calls"
until_true 10 "every tunnel is confirmed" is b resynced "$tunnels"
step "all $tunnels tunnels are confirmed by the LAC"
until_true 20 "all calls are up" has_calls lac "$calls"
step "all $calls calls are up"
until_true 10 "both ends agree after the crash" agree b

start_node a b --role standby
pid_a=$!
step "node A is started again, as standby"
until_true 10 "node A is in sync" is a state standby-hot
until_true 5 "node B knows it" is b sync in-sync
step "node A holds $(value a tunnels redundancy) tunnels and $(value a sessions redundancy) calls, in sync"

ask b switchover >/dev/null || fail "the switchover was refused"
until_true 5 "node A is active" is a role active
until_true 10 "node B is the standby, in sync" is b state standby-hot
step "planned switchover: node A serves, epoch $(value a epoch redundancy); node B is its standby"
until_true 10 "every tunnel is confirmed again" is a resynced "$tunnels"
until_true 10 "both ends agree after the switchover" agree a
step "both ends agree on what was sent and received in every tunnel"

after=$(ask a show l2tp sessions | grep -c ' established ') || after=0
recovered=$(value lac recoveries_by_peer counters)
queried=$(value lac queries_in counters)
resent=$(value lac retransmissions counters)
repeated=$(value lac duplicates counters)
strange=0
for program in lac a b; do
    strange=$((strange + $(value "$program" unexpected_message counters)))
done
kill "$pid_lac"
wait "$pid_lac" || fail "the LAC has lost something"
pid_lac=''
step "the LAC has closed everything"

kill "$pid_b"
wait "$pid_b" || fail "node B has failed"
pid_b=''
kill "$pid_a"
wait "$pid_a" || fail "node A has failed"
pid_a=''

echo
row "calls up when the active was killed" "$before"
row "calls held by the standby then" "$held"
row "calls up at the end, at the LNS" "$after of $calls"
row "calls lost" "$(reported 'calls lost')"
row "calls that did not come up" "$(reported 'calls failed')"
row "tunnels recovered by RFC 4951" "$recovered, in the crash and the switchover"
row "calls asked about by FSQ" "$queried"
row "control outage, seen by the LAC" "$(reported 'longest control gap') (an acknowledgement may wait 50 ms)"
row "data outage, seen by the LAC" "$(reported 'longest data gap')"
row "data frames sent" "$(reported 'frames sent')"
row "data frames lost" "$(reported 'frames lost')"
row "data frames doubled" "$(reported 'frames doubled')"
row "control messages the LAC sent again" "$resent"
row "control messages the LAC got again" "$repeated, acknowledged and not processed"
row "control messages out of place" "$strange, at any end"
echo

[ "$held" -ge "$before" ] || fail "the standby did not know $((before - held)) calls"
[ "$after" = "$calls" ] || fail "$((calls - after)) calls are missing"
[ "$method" = silent-failover ] || [ "$recovered" = $((2 * tunnels)) ] ||
    fail "$recovered tunnels were recovered, not $((2 * tunnels))"
[ "$strange" = 0 ] || fail "messages did not fit the state of who got them"
[ "$(reported 'calls lost')" = 0 ] || fail "calls were lost"
echo "The LNS was killed once and replaced twice; its peer has lost no call."
