#!/bin/sh
# SPDX-License-Identifier: MIT
# What keepalived tells an endpoint: it serves where the address is.
#
#     l2tpha.sh CONTROL check                          whether the endpoint answers and, on the MASTER, serves
#     l2tpha.sh CONTROL notify INSTANCE NAME STATE     what this machine is now
#
# MASTER: takeover. A copy that lacks something is waited for as long as the other endpoint lives and
# fills it, at most PATIENCE seconds; one that may be stale is used all the same, since nobody else has
# the address: RFC 4951 settles what it can, and the rest is cleared.
# With --authority the lease decides: a node takes over by itself where the address is, a stale copy is an
# operator's to use, and a MASTER whose lease has ended gives the address up.
# All other states: standby. It hands over if the other endpoint is in sync, else it is silent and keeps
# what it has, until the other serves or this machine is MASTER again.
set -u
PATIENCE=30
control=$1
log() { logger -t l2tpha "$control: $*" 2>/dev/null || true; }
ctl() { timeout 10 l2tphactl "$control" "$@" 2>&1; }

# Serves, and may; or is about to, by a lease: it has what was served.
serves() {
    case $1 in
    *'"state": "lost"'*) return 1 ;;
    *'"role": "active"'* | *'"role": "standby"'*'"protects": true'*) return 0 ;;
    *) return 1 ;;
    esac
}

if [ "$2" = check ]; then
    # One that has died and was started again holds nothing: the other machine does, and is to serve.
    case $(cat "$control.wanted" 2>/dev/null) in
    MASTER*) serves "$(ctl show l2tp redundancy --json)" ;;
    *) ctl show version >/dev/null ;;
    esac
    exit
fi

state=$5
# Keepalived waits for no script: of several that run the last one counts, and one acts at a time.
echo "$state $$" >"$control.wanted"
has_authority() { ctl show l2tp redundancy --json | grep -q '"protects"'; }
is_wanted() { [ "$(cat "$control.wanted")" = "$state $$" ]; }
exec 9>"$control.notify"
flock 9

serve() {
    tries=0
    while is_wanted; do
        if said=$(ctl takeover); then
            log "$state: serves"
            return
        fi
        case $said in
        *'under way'*) ;; # hands over just now: see what comes of it
        *'no standby'*)
            case $(ctl show l2tp redundancy --json) in
            *'"fenced"'*) ctl standby >/dev/null ;;
            *) return ;; # serves already
            esac
            ;;
        *'takeover --stale'*) has_authority || tries=$PATIENCE ;;
        esac
        if [ "$tries" -ge "$PATIENCE" ] && ! has_authority && said=$(ctl takeover --stale); then
            log "$state: serves, from a copy that may be stale"
            return
        fi
        [ "$tries" -gt 0 ] || log "$state: $said; trying again"
        tries=$((tries + 1))
        sleep 1
    done
}

follow() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        is_wanted || return
        said=$(ctl standby) && return
        # Not there: it begins as a standby.
        ctl show version >/dev/null || return
        sleep 0.3
    done
    log "$state: $said; fenced"
    ctl fence >/dev/null
}

case $state in
MASTER) serve ;;
*) follow ;;
esac
