/* SPDX-License-Identifier: MIT */
#include "operation.h"

#include <string.h>

static const struct {
    const char *path;
    size_t puts;
} steps[] = {[STEP_READ] = {"/v3/kv/txn", 0},         [STEP_FENCE] = {"/v3/kv/txn", FENCE_PUTS},
             [STEP_REVOKE] = {"/v3/lease/revoke", 0}, [STEP_GRANT] = {"/v3/lease/grant", 0},
             [STEP_TAKE] = {"/v3/kv/txn", TAKE_PUTS}, [STEP_CHANGE] = {"/v3/kv/txn", CHANGE_PUTS},
             [STEP_KEEP] = {"/v3/lease/keepalive", 0}};

/* --- requests --- */

static char *body_of(struct etcd *etcd, const struct operation *operation)
{
    const struct keys *keys = &etcd->keys;

    switch (operation->step) {
    case STEP_READ:
        return body_read(etcd, keys);
    case STEP_FENCE:
        return body_fence(etcd, keys, etcd->open_epoch);
    case STEP_GRANT:
        return body_grant(etcd, operation->ttl_s);
    case STEP_TAKE:
        return body_take(etcd, keys, &operation->claim, operation->text, operation->revision,
                         etcd->epoch_revision, operation->lease);
    case STEP_CHANGE:
        return body_change(etcd, keys, operation->claim.epoch, operation->text,
                           operation->revision);
    case STEP_REVOKE:
        return body_lease(etcd, operation->kind == LEAVE ? operation->lease : etcd->open_lease);
    case STEP_KEEP:
        return body_lease(etcd, operation->lease);
    }
    return NULL;
}

static int ask(struct etcd *etcd, struct operation *operation, uint64_t now)
{
    operation->tries++;
    return http_post(etcd->http, operation->which, operation->member, steps[operation->step].path,
                     operation->body, now + REQUEST_US, now);
}

static int begin_step(struct etcd *etcd, struct operation *operation, enum step step, uint64_t now)
{
    operation->step = step;
    operation->tries = 0;
    operation->maybe = false;
    operation->member = etcd->member;
    talloc_free(operation->body);
    operation->body = body_of(etcd, operation);
    return operation->body ? ask(etcd, operation, now) : L2TPHA_ERR_NOMEM;
}

/* --- ends --- */

static void end(struct operation *operation, int status)
{
    static const int kinds[] = {[LOOK] = L2TPHA_AUTHORITY_LOOKED,
                                [TAKE] = L2TPHA_AUTHORITY_TOOK,
                                [CHANGE] = L2TPHA_AUTHORITY_CHANGED,
                                [RENEW] = L2TPHA_AUTHORITY_RENEWED,
                                [LEAVE] = L2TPHA_AUTHORITY_LEFT};

    operation->event.kind = kinds[operation->kind];
    operation->event.status = status;
    operation->ended = true;
}

/* Nobody knows. */
static void end_open(struct etcd *etcd, struct operation *operation, int status)
{
    if (operation->maybe && operation->step == STEP_TAKE) {
        etcd->open_lease = operation->lease;
        etcd->open_ttl_s = operation->ttl_s;
    }
    if (operation->maybe && operation->step == STEP_CHANGE)
        etcd->open_epoch = operation->claim.epoch;
    end(operation, operation->maybe && status == L2TPHA_ERR_HOST ? L2TPHA_ERR_TIMEOUT : status);
}

static void go_on(struct etcd *etcd, struct operation *operation, enum step step, uint64_t now)
{
    int error = begin_step(etcd, operation, step, now);

    if (error)
        end_open(etcd, operation, error);
}

/* The next member, if there is one and time for it. */
static void fail_try(struct etcd *etcd, struct operation *operation, int status, bool maybe,
                     uint64_t now)
{
    operation->maybe = operation->maybe || maybe;
    if (etcd->member == operation->member)
        etcd->member = (etcd->member + 1) % etcd->place.count;
    operation->member = (operation->member + 1) % etcd->place.count;
    if (operation->tries >= etcd->place.count || now >= operation->until)
        end_open(etcd, operation, status);
    else if (ask(etcd, operation, now) != L2TPHA_OK)
        end_open(etcd, operation, L2TPHA_ERR_NOMEM);
}

/* --- what transactions say --- */

static void take_snapshot(struct etcd *etcd, struct operation *operation,
                          const struct snapshot *snapshot)
{
    etcd->epoch_revision = snapshot->epoch_revision;
    etcd->newest_epoch = snapshot->claim.epoch;
    strcpy(etcd->newest_owner, snapshot->claim.owner);
    operation->event.claim = snapshot->claim;
}

static void looked(struct etcd *etcd, struct operation *operation, const struct snapshot *snapshot,
                   uint64_t now)
{
    if (operation->step == STEP_FENCE)
        etcd->open_epoch = 0;
    if (etcd->open_lease && snapshot->lease != etcd->open_lease) {
        go_on(etcd, operation, STEP_REVOKE, now);
        return;
    }
    if (etcd->open_lease) { /* the take has come to pass */
        etcd->lease = etcd->open_lease;
        etcd->ttl_s = etcd->open_ttl_s;
        etcd->open_lease = 0;
    }
    end(operation, L2TPHA_OK);
}

/* What was to be put is there, by this operation, since nothing else makes it. */
static bool is_put(const struct operation *operation, const struct snapshot *snapshot)
{
    return snapshot->claim.revision > operation->revision &&
           claim_same(&snapshot->claim, &operation->claim);
}

static void took(struct etcd *etcd, struct operation *operation, const struct snapshot *snapshot)
{
    if (is_put(operation, snapshot) && snapshot->lease == operation->lease) {
        etcd->lease = operation->lease;
        etcd->ttl_s = operation->ttl_s;
        etcd->open_lease = etcd->open_epoch = 0;
        end(operation, L2TPHA_OK);
    } else if (is_put(operation, snapshot)) {
        end(operation, L2TPHA_ERR_TIMEOUT); /* an earlier try, and its lease has ended */
    } else if (snapshot->claim.leased) {
        end_open(etcd, operation, L2TPHA_ERR_EXISTS);
    } else {
        end(operation, L2TPHA_ERR_FENCED);
    }
}

static void changed(struct etcd *etcd, struct operation *operation, const struct snapshot *snapshot)
{
    bool put = is_put(operation, snapshot);

    if (put)
        etcd->open_epoch = 0;
    end(operation, put ? L2TPHA_OK : L2TPHA_ERR_FENCED);
}

/* A member that answers a renewal may have been the leader once, and not know that it is no more:
 * it has woken up, say. So the lease counts as renewed when it is there in a read that a majority
 * stands behind, and no other leader has been at work in between. */
static void renewed(struct etcd *etcd, struct operation *operation, const struct snapshot *snapshot,
                    uint64_t now)
{
    const struct lease *kept = &operation->kept;

    if (operation->lease != etcd->lease) { /* of the one taken meanwhile nothing is known */
        end(operation, L2TPHA_ERR_TIMEOUT);
    } else if (snapshot->lease != operation->lease) {
        etcd->lease = 0;
        end(operation, L2TPHA_ERR_NOT_FOUND);
    } else if (kept->header.term == snapshot->header.term && kept->ttl_s >= operation->ttl_s) {
        end(operation, L2TPHA_OK);
    } else if (operation->rounds++ == 0 && now < operation->until) {
        go_on(etcd, operation, STEP_KEEP, now);
    } else {
        end(operation, L2TPHA_ERR_TIMEOUT);
    }
}

/* Members of two clusters in one list would be two authorities. */
static bool is_of_cluster(struct etcd *etcd, const struct header *header)
{
    if (!etcd->cluster)
        etcd->cluster = header->cluster;
    return header->cluster == etcd->cluster;
}

static int take_transaction(struct etcd *etcd, struct operation *operation,
                            const struct outcome *outcome, uint64_t now)
{
    struct snapshot snapshot;
    bool succeeded = false;
    int error = answer_snapshot(outcome->answer, outcome->len, &etcd->keys,
                                steps[operation->step].puts, &snapshot, &succeeded);

    if (!error && !is_of_cluster(etcd, &snapshot.header))
        error = L2TPHA_ERR_RECORD;
    if (!error && succeeded && (operation->kind == TAKE || operation->kind == CHANGE) &&
        !is_put(operation, &snapshot))
        error = L2TPHA_ERR_RECORD;
    if (error)
        return error;
    take_snapshot(etcd, operation, &snapshot);
    if (operation->kind == LOOK)
        looked(etcd, operation, &snapshot, now);
    else if (operation->kind == RENEW)
        renewed(etcd, operation, &snapshot, now);
    else if (operation->kind == TAKE)
        took(etcd, operation, &snapshot);
    else
        changed(etcd, operation, &snapshot);
    return L2TPHA_OK;
}

/* --- what is said of leases --- */

static int take_grant(struct etcd *etcd, struct operation *operation, const struct outcome *outcome,
                      uint64_t now)
{
    struct lease lease;
    int error = answer_granted(outcome->answer, outcome->len, &lease);

    if (error || !is_of_cluster(etcd, &lease.header) || lease.ttl_s < operation->ttl_s)
        return L2TPHA_ERR_RECORD;
    operation->lease = lease.id;
    go_on(etcd, operation, STEP_TAKE, now);
    return L2TPHA_OK;
}

static int take_renewal(struct etcd *etcd, struct operation *operation,
                        const struct outcome *outcome, uint64_t now)
{
    int error = answer_renewed(outcome->answer, outcome->len, &operation->kept);

    if (error || !is_of_cluster(etcd, &operation->kept.header) ||
        operation->kept.id != operation->lease)
        return L2TPHA_ERR_RECORD;
    go_on(etcd, operation, STEP_READ, now);
    return L2TPHA_OK;
}

/* It has ended, or had before. */
static void revoked(struct etcd *etcd, struct operation *operation, uint64_t now)
{
    uint64_t lease = operation->kind == LEAVE ? operation->lease : etcd->open_lease;

    if (etcd->open_lease == lease)
        etcd->open_lease = 0;
    if (etcd->lease == lease)
        etcd->lease = 0;
    if (operation->kind == LEAVE)
        end(operation, L2TPHA_OK);
    else
        go_on(etcd, operation, operation->kind == LOOK ? STEP_READ : STEP_GRANT, now);
}

static int take_end(struct etcd *etcd, struct operation *operation, const struct outcome *outcome,
                    uint64_t now)
{
    struct header header;
    int error = answer_revoked(outcome->answer, outcome->len, &header);

    if (error || !is_of_cluster(etcd, &header))
        return L2TPHA_ERR_RECORD;
    revoked(etcd, operation, now);
    return L2TPHA_OK;
}

/* --- turns --- */

/* RECORD: it makes no sense. */
static int take_answer(struct etcd *etcd, struct operation *operation,
                       const struct outcome *outcome, uint64_t now)
{
    switch (operation->step) {
    case STEP_GRANT:
        return take_grant(etcd, operation, outcome, now);
    case STEP_KEEP:
        return take_renewal(etcd, operation, outcome, now);
    case STEP_REVOKE:
        return take_end(etcd, operation, outcome, now);
    default:
        return take_transaction(etcd, operation, outcome, now);
    }
}

static void take_fault(struct etcd *etcd, struct operation *operation,
                       const struct outcome *outcome, uint64_t now)
{
    struct fault fault = answer_fault(outcome->answer, outcome->len);

    if (operation->step == STEP_REVOKE && fault.status == L2TPHA_ERR_NOT_FOUND)
        revoked(etcd, operation, now);
    else if (!fault.final)
        fail_try(etcd, operation, fault.status, true, now);
    else if (fault.refused && operation->maybe)
        end_open(etcd, operation, L2TPHA_ERR_TIMEOUT);
    else {
        operation->maybe = !fault.refused;
        end_open(etcd, operation, fault.status);
    }
}

bool operation_turn(struct etcd *etcd, struct operation *operation, uint64_t now)
{
    struct outcome outcome;

    if (!http_outcome(etcd->http, operation->which, &outcome))
        return false;
    if (outcome.status) {
        fail_try(etcd, operation, outcome.status, outcome.status == L2TPHA_ERR_TIMEOUT, now);
    } else if (outcome.code != 200) {
        take_fault(etcd, operation, &outcome, now);
    } else {
        int error = take_answer(etcd, operation, &outcome, now);
        if (error)
            fail_try(etcd, operation, error, true, now);
    }
    return true;
}

int operation_begin(struct etcd *etcd, struct operation *operation, enum kind kind, uint64_t now)
{
    enum step step = STEP_READ;

    if (kind == LOOK && etcd->open_epoch)
        step = STEP_FENCE;
    else if (kind == LEAVE || (kind == TAKE && etcd->open_lease))
        step = STEP_REVOKE;
    else if (kind == TAKE)
        step = STEP_GRANT;
    else if (kind == CHANGE)
        step = STEP_CHANGE;
    else if (kind == RENEW)
        step = STEP_KEEP;
    operation->kind = kind;
    operation->ended = false;
    operation->rounds = 0;
    operation->until = now + etcd->place.count * REQUEST_US;
    operation->event = (struct l2tpha_authority_event){0};
    int error = begin_step(etcd, operation, step, now);
    if (error)
        operation->kind = NOTHING;
    return error;
}
