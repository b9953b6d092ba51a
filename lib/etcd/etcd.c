/* SPDX-License-Identifier: MIT */
#include "operation.h"

#include <string.h>

#define CLAIM 0 /* operations, and their requests */
#define LEASE 1
#define TURNS_MAX 16 /* steps in one go; the others in the next */

static struct operation *unused(struct etcd *etcd, uint32_t which)
{
    struct operation *operation = &etcd->operations[which];

    return operation->kind == NOTHING ? operation : NULL;
}

static int look(void *user, uint64_t now)
{
    struct etcd *etcd = user;
    struct operation *operation = unused(etcd, CLAIM);

    return operation ? operation_begin(etcd, operation, LOOK, now) : L2TPHA_ERR_STATE;
}

/* The claim to be put, and the revision of the one that it is put in place of. */
static int begin_put(struct etcd *etcd, struct operation *operation, enum kind kind,
                     const struct l2tpha_claim *claim, uint64_t revision, uint64_t now)
{
    char *text;
    int error = claim_text(etcd, claim, &text);

    if (error)
        return error;
    talloc_free(operation->text);
    operation->text = text;
    operation->claim = *claim;
    operation->revision = revision;
    return operation_begin(etcd, operation, kind, now);
}

/* The owner of a claim may take it once more. */
static bool is_new(const struct etcd *etcd, const struct l2tpha_claim *claim)
{
    return claim->epoch > etcd->newest_epoch ||
           (claim->epoch == etcd->newest_epoch && strcmp(claim->owner, etcd->newest_owner) == 0);
}

static int take(void *user, const struct l2tpha_claim *claim, uint64_t revision, uint32_t ttl_ms,
                uint64_t now)
{
    struct etcd *etcd = user;
    struct operation *operation = unused(etcd, CLAIM);

    if (!operation)
        return L2TPHA_ERR_STATE;
    if (ttl_ms == 0)
        return L2TPHA_ERR_INVALID;
    if (!is_new(etcd, claim))
        return L2TPHA_ERR_STALE_EPOCH;
    operation->ttl_s = ttl_ms / 1000 + (ttl_ms % 1000 > 0);
    return begin_put(etcd, operation, TAKE, claim, revision, now);
}

static int change(void *user, const struct l2tpha_claim *claim, uint64_t revision, uint64_t now)
{
    struct etcd *etcd = user;
    struct operation *operation = unused(etcd, CLAIM);

    return operation ? begin_put(etcd, operation, CHANGE, claim, revision, now) : L2TPHA_ERR_STATE;
}

static int renew(void *user, uint64_t now)
{
    struct etcd *etcd = user;
    struct operation *operation = unused(etcd, LEASE);

    if (!operation)
        return L2TPHA_ERR_STATE;
    if (!etcd->lease)
        return L2TPHA_ERR_NOT_FOUND;
    operation->lease = etcd->lease;
    operation->ttl_s = etcd->ttl_s;
    return operation_begin(etcd, operation, RENEW, now);
}

static int leave(void *user, uint64_t now)
{
    struct etcd *etcd = user;
    struct operation *operation = unused(etcd, LEASE);

    if (!operation)
        return L2TPHA_ERR_STATE;
    operation->lease = etcd->lease ? etcd->lease : etcd->open_lease;
    if (!operation->lease)
        return L2TPHA_ERR_NOT_FOUND;
    return operation_begin(etcd, operation, LEAVE, now);
}

static bool next_event(void *user, struct l2tpha_authority_event *event, uint64_t now)
{
    struct etcd *etcd = user;
    bool led_on = true;

    for (int i = 0; i < TURNS_MAX && led_on; i++) {
        http_turn(etcd->http, now);
        led_on = false;
        for (uint32_t which = 0; which < REQUESTS_MAX; which++)
            led_on = operation_turn(etcd, &etcd->operations[which], now) || led_on;
    }
    for (uint32_t which = 0; which < REQUESTS_MAX; which++) {
        struct operation *operation = &etcd->operations[which];
        if (operation->kind == NOTHING || !operation->ended)
            continue;
        operation->kind = NOTHING;
        *event = operation->event;
        return true;
    }
    return false;
}

static int descriptor(void *user)
{
    const struct etcd *etcd = user;

    return http_fd(etcd->http);
}

static uint64_t deadline(void *user)
{
    const struct etcd *etcd = user;

    for (uint32_t which = 0; which < REQUESTS_MAX; which++)
        if (etcd->operations[which].kind != NOTHING && etcd->operations[which].ended)
            return 0;
    return http_deadline(etcd->http);
}

static void free_all(void *user)
{
    struct etcd *etcd = user;

    http_free(etcd->http);
    talloc_free(etcd);
}

int l2tpha_etcd_authority_new(TALLOC_CTX *parent, const char *place,
                              const struct l2tpha_etcd_tls *tls,
                              struct l2tpha_authority **authority)
{
    if (!place || (tls && tls->size != sizeof(*tls)))
        return L2TPHA_ERR_INVALID;
    struct etcd *etcd = talloc_zero(parent, struct etcd);
    if (!etcd)
        return L2TPHA_ERR_NOMEM;
    int error = place_read(place, &etcd->place);
    if (!error)
        error = http_new(etcd, &etcd->place, tls, ANSWER_MAX, &etcd->http);
    if (error) {
        talloc_free(etcd);
        return error;
    }
    keys_of(etcd->place.group, &etcd->keys);
    for (uint32_t which = 0; which < REQUESTS_MAX; which++)
        etcd->operations[which].which = which;
    etcd->authority = (struct l2tpha_authority){.size = sizeof(etcd->authority),
                                                .name = "etcd",
                                                .user = etcd,
                                                .look = look,
                                                .take = take,
                                                .change = change,
                                                .renew = renew,
                                                .leave = leave,
                                                .event = next_event,
                                                .fd = descriptor,
                                                .deadline = deadline,
                                                .free = free_all};
    *authority = &etcd->authority;
    return L2TPHA_OK;
}
