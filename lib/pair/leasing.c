/* SPDX-License-Identifier: MIT */
#include "leasing.h"
#include "host.h"
#include "pair.h"

#include <stdio.h>
#include <string.h>

#define NAME_MAX_LEN 16
#define TTL_MS 5000

bool leasing_is_used(const struct l2tpha_pair *pair)
{
    return pair->options.authority != NULL;
}

static void write_name(uint32_t rank, char name[NAME_MAX_LEN])
{
    snprintf(name, NAME_MAX_LEN, "node-%u", rank);
}

static void take_line(void *user, const char *text)
{
    say(user, L2TPHA_LOG_RF, "%s", text);
}

/* What has come is looked at in leasing_service(). */
static void wake(void *user, uint32_t events)
{
    (void)user, (void)events;
}

static int make_lease(struct l2tpha_pair *pair)
{
    char name[NAME_MAX_LEN];
    uint32_t ttl_ms = pair->options.lease_ms != 0 ? pair->options.lease_ms : TTL_MS;
    write_name(config_of(pair)->rank, name);
    struct l2tpha_lease_options options = {.size = sizeof(options),
                                           .authority = pair->options.authority,
                                           .name = name,
                                           .ttl_ms = ttl_ms,
                                           .renew_ms = ttl_ms / 10 * 3,
                                           .user = pair,
                                           .log = take_line};
    int error = l2tpha_lease_new(pair, &options, &pair->lease);
    if (error != L2TPHA_OK)
        return error;
    pair->lease_watch =
        (struct watch){.fd = l2tpha_lease_fd(pair->lease), .handler = wake, .user = pair};
    bool watched =
        pair->lease_watch.fd < 0 || watch_for(&pair->watcher, &pair->lease_watch, EPOLLIN);
    return watched ? L2TPHA_OK : L2TPHA_ERR_HOST;
}

const char *leasing_begin(struct l2tpha_pair *pair)
{
    if (!leasing_is_used(pair))
        return NULL;
    if (config_of(pair)->rank == L2TPHA_RANK_NONE)
        return "a node with an authority has a rank";
    int error = pair->lease == NULL ? make_lease(pair) : L2TPHA_OK;
    if (error == L2TPHA_OK)
        error = l2tpha_lease_begin(pair->lease, pair->node, l2tpha_pair_now());
    if (error == L2TPHA_OK)
        return NULL;
    snprintf(pair->why, sizeof(pair->why), "lease: %s", l2tpha_strerror(error));
    return pair->why;
}

void leasing_end(struct l2tpha_pair *pair)
{
    if (pair->lease == NULL)
        return;
    uint64_t epoch = leasing_info(pair).claim.epoch;
    if (epoch > pair->made_with)
        pair->made_with = epoch;
    l2tpha_lease_end(pair->lease);
    memset(pair->ranks, 0, sizeof(pair->ranks));
}

void leasing_free(struct l2tpha_pair *pair)
{
    if (pair->lease == NULL)
        return;
    watch_stop(&pair->watcher, &pair->lease_watch);
    l2tpha_lease_free(pair->lease);
    pair->lease = NULL;
}

/* ---- each turn ---- */

static bool is_there(const struct l2tpha_pair *pair)
{
    return pair->lease != NULL && pair->node != NULL;
}

void leasing_check(struct l2tpha_pair *pair)
{
    if (is_there(pair))
        (void)l2tpha_lease_check(pair->lease, l2tpha_pair_now());
}

bool leasing_reads(const struct l2tpha_pair *pair)
{
    return !is_there(pair) || l2tpha_lease_reads(pair->lease);
}

void leasing_service(struct l2tpha_pair *pair)
{
    if (is_there(pair))
        (void)l2tpha_lease_service(pair->lease, l2tpha_pair_now());
}

bool leasing_event(struct l2tpha_pair *pair, struct l2tpha_lease_event *event)
{
    return is_there(pair) && l2tpha_lease_event(pair->lease, event);
}

uint64_t leasing_deadline(const struct l2tpha_pair *pair)
{
    return is_there(pair) ? l2tpha_lease_deadline(pair->lease) : L2TPHA_NEVER;
}

struct l2tpha_lease_info leasing_info(const struct l2tpha_pair *pair)
{
    struct l2tpha_lease_info info = {.size = sizeof(info), .reason = ""};
    if (pair->lease != NULL)
        l2tpha_lease_get(pair->lease, &info);
    return info;
}

bool leasing_has(const struct l2tpha_pair *pair, enum l2tpha_lease_state state)
{
    return is_there(pair) && leasing_info(pair).state == state;
}

bool leasing_includes(const struct l2tpha_pair *pair)
{
    char name[NAME_MAX_LEN];
    struct l2tpha_lease_info info = leasing_info(pair);
    bool found = false;
    write_name(config_of(pair)->rank, name);
    for (uint32_t i = 0; i < info.claim.count; i++)
        found |= strcmp(info.claim.in_sync[i], name) == 0;
    return found;
}

/* ---- wishes ---- */

void leasing_want(struct l2tpha_pair *pair, enum l2tpha_lease_want want)
{
    if (is_there(pair))
        l2tpha_lease_want(pair->lease, want, l2tpha_pair_now());
}

int leasing_leave(struct l2tpha_pair *pair)
{
    return is_there(pair) ? l2tpha_lease_leave(pair->lease, l2tpha_pair_now()) : L2TPHA_ERR_STATE;
}

int leasing_return(struct l2tpha_pair *pair)
{
    return is_there(pair) ? l2tpha_lease_return(pair->lease, l2tpha_pair_now()) : L2TPHA_ERR_STATE;
}

/* ---- standbys ---- */

int leasing_add(struct l2tpha_pair *pair, uint32_t rank, uint32_t consumer)
{
    char name[NAME_MAX_LEN];
    if (rank == L2TPHA_RANK_NONE || consumer == 0 || consumer > L2TPHA_CONSUMERS_MAX)
        return L2TPHA_ERR_INVALID;
    write_name(rank, name);
    int error = l2tpha_lease_add(pair->lease, name, consumer);
    if (error == L2TPHA_OK)
        pair->ranks[consumer] = rank + 1;
    return error;
}

void leasing_drop(struct l2tpha_pair *pair, uint32_t rank)
{
    char name[NAME_MAX_LEN];
    write_name(rank, name);
    if (is_there(pair)) /* one that is not known is gone already */
        (void)l2tpha_lease_drop(pair->lease, name, l2tpha_pair_now());
}

bool leasing_drop_consumer(struct l2tpha_pair *pair, uint32_t consumer)
{
    if (consumer > L2TPHA_CONSUMERS_MAX || pair->ranks[consumer] == 0)
        return false;
    leasing_drop(pair, pair->ranks[consumer] - 1);
    return true;
}

bool leasing_protects(const struct l2tpha_pair *pair, uint32_t rank)
{
    char name[NAME_MAX_LEN];
    if (!leasing_is_used(pair))
        return true;
    write_name(rank, name);
    return is_there(pair) && l2tpha_lease_protects(pair->lease, name);
}

bool l2tpha_pair_lease(const struct l2tpha_pair *pair, struct l2tpha_lease_info *info)
{
    if (pair->lease != NULL)
        l2tpha_lease_get(pair->lease, info);
    return pair->lease != NULL;
}
