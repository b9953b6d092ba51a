#!/bin/sh
# SPDX-License-Identifier: MIT
# Two machines with keepalived, and three members of etcd that decide who serves, all in network namespaces of
# their own: the machine that serves is cut off from everything, and comes back.
#
#     demo.sh FOLDER     as root; FOLDER has l2tpha-lns, l2tpha-lac and l2tphactl. Needs etcd, keepalived,
#                        iproute2, util-linux and iputils-ping. Nothing outside is touched, nothing is left
set -eu
here=$(cd "$(dirname "$0")" && pwd)
programs=$(cd "$1" && pwd)
if [ -z "${L2TPHA_DEMO-}" ]; then
    exec unshare --net --mount --pid --fork --kill-child env L2TPHA_DEMO=1 sh "$0" "$programs"
fi
PATH=$programs:$PATH:/usr/sbin:/sbin
run=/run/demo
calls=10

say() { printf '%6.1f s  %s\n' "$(($(date +%s%N) / 1000000 - began))e-3" "$*"; }
began=$(($(date +%s%N) / 1000000))
on() { machine=$1 && shift && nsenter --net="/run/netns/$machine" -- "$@"; }
await() { # SECONDS WHAT COMMAND...
    until=$(($(date +%s) + $1)) what=$2 && shift 2
    while ! "$@"; do
        [ "$(date +%s)" -lt "$until" ] || { say "not so: $what" && exit 1; }
        sleep 0.1
    done
    say "$what"
}

# ---- the machines: a and b, the subscribers', and this one with etcd, on one switch ----

furnish() {
    mount -t tmpfs tmpfs /run
    mount -t tmpfs tmpfs /etc/keepalived
    mount -t proc proc /proc
    mkdir -p $run /run/netns
    cp "$here/keepalived.conf" "$here/l2tpha.sh" /etc/keepalived
    ip link set lo up
    ip netns add switch
    ip -n switch link add bridge type bridge forward_delay 0
    ip -n switch link set bridge up
}

add_machine() { # NAME NUMBER
    ip netns add "$1"
    ip -n "$1" link set lo up
    ip -n switch link add name "to-$1" type veth peer name eth0 netns "$1"
    ip -n switch link set "to-$1" master bridge up
    ip -n "$1" address add "10.98.0.$2/24" dev eth0
    ip -n "$1" link set eth0 up
}

add_this() {
    ip -n switch link add name to-etcd type veth peer name eth0 netns $$
    ip -n switch link set to-etcd master bridge up
    ip address add 10.98.0.20/24 dev eth0
    ip link set eth0 up
}

# ---- what runs there ----

start_etcd() {
    all=m1=http://127.0.0.1:2391,m2=http://127.0.0.1:2392,m3=http://127.0.0.1:2393
    for n in 1 2 3; do
        etcd --name m$n --data-dir $run/m$n --logger zap --log-level error --initial-cluster $all \
            --listen-client-urls http://10.98.0.20:237$n --advertise-client-urls http://10.98.0.20:237$n \
            --listen-peer-urls http://127.0.0.1:239$n --initial-advertise-peer-urls http://127.0.0.1:239$n \
            >$run/m$n.log 2>&1 &
    done
}

start_lns() { # NAME NUMBER OTHER
    on "$1" l2tpha-lns --listen 10.98.0.10 --echo --role auto --rank "$2" --ha-key $run/key \
        --ha-listen "tcp:10.98.0.$2:1702" --ha-connect "tcp:10.98.0.$3:1702" --control "$run/$1.ctl" \
        --authority etcd://10.98.0.20:2371,10.98.0.20:2372,10.98.0.20:2373/demo \
        --on-lease-lost "touch $run/$1.silent" >"$run/$1.log" 2>&1 &
}

start_keepalived() { # NAME PRIORITY
    sed -e "s|^\$CONTROL=.*|\$CONTROL=$run/$1.ctl|" -e "s|^\$ADDRESS=.*|\$ADDRESS=10.98.0.10/24|" \
        -e "s|^\$WITNESS=.*|\$WITNESS=10.98.0.3|" -e "s|^\$PRIORITY=.*|\$PRIORITY=$2|" \
        /etc/keepalived/keepalived.conf >"$run/$1.conf"
    on "$1" keepalived --dont-fork --log-console --vrrp --use-file "$run/$1.conf" --pid "$run/$1.pid" \
        --vrrp_pid "$run/$1-vrrp.pid" >"$run/$1-keepalived.log" 2>&1 &
}

shows() { l2tphactl "$run/$1.ctl" show l2tp redundancy --json 2>/dev/null | grep -q "$2"; }
serves() { shows "$1" '"state": "held"'; }
is_silent() { ! serves "$1"; }
follows() { shows "$1" '"state": "standby-hot"' && shows "$1" '"protects": true'; }
of_peer() { l2tphactl $run/lac.ctl show l2tp "$1" --json 2>/dev/null; }
has_calls() { [ "$(of_peer sessions | grep -o '"established"' | wc -l)" = $calls ]; }
data_in() { of_peer counters | sed -n 's/.*"data_in": \([0-9]*\).*/\1/p'; }
flows() { has_calls && [ "$(data_in)" -gt $((before + calls)) ]; }

furnish
add_machine a 1
add_machine b 2
add_machine lac 3
add_this
(umask 077 && echo "key 1 $(od -An -vtx1 -N32 /dev/urandom | tr -d ' \n')" >$run/key)
start_etcd
start_lns a 1 2
start_lns b 2 1
start_keepalived a 150
start_keepalived b 100
await 20 "a serves, by a lease of etcd" serves a
await 20 "b follows, and may take over" follows b
on lac l2tpha-lac --connect 10.98.0.10 --hello-interval 3 --retries 7 --tunnels 2 --sessions $((calls / 2)) \
    --data-rate 20 --no-failover-capability --report json --control $run/lac.ctl >$run/lac.log 2>&1 &
await 20 "$calls calls of a peer without RFC 4951 are up" has_calls
ip -n switch link set to-a nomaster
say "a is cut off"
await 8 "a is silent, by itself" is_silent a
await 8 "b serves" serves b
before=$(data_in)
await 5 "all $calls calls are there, and data flows" flows
ip -n switch link set to-a master bridge
say "a is back"
await 20 "a follows, and may take over" follows a
before=$(data_in)
await 5 "all $calls calls are there, and data flows" flows
l2tphactl $run/lac.ctl shutdown >/dev/null
wait $! || { say "calls were lost:" && tail -n 1 $run/lac.log && exit 1; }
say "the peer's report: $(tail -n 1 $run/lac.log)"
