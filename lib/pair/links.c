/* SPDX-License-Identifier: MIT */
#include "host.h"
#include "info.h"
#include "leasing.h"
#include "links_private.h"
#include "pair.h"
#include "refusal.h"
#include "stream.h"

#include <l2tpha/consumer.h>

#include <errno.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>

#define RETRY_US 200000
#define SOON_US 20000 /* a standby that has just lost its active, or begins */
#define SOON_TRIES 25
#define HERALD_US 500000 /* an active that looks for another one */
#define PENDING_MAX 32   /* streams without a hello */
#define CATCH_UP_READS 64

static bool is_next(const struct stream *stream)
{
    return stream->up && !stream->promoted;
}

static bool is_better(const struct stream *stream, const struct stream *than)
{
    bool in_sync = stream_is_in_sync(stream);
    if (in_sync != stream_is_in_sync(than))
        return in_sync;
    if (stream_is_waited_for(stream) != stream_is_waited_for(than))
        return stream_is_waited_for(stream);
    return stream_info(stream).peer_rank < stream_info(than).peer_rank;
}

/* Once a standby is handed over to, no other one stands for it. */
struct stream *links_current(const struct links *links)
{
    struct stream *best = NULL;
    for (struct stream *stream = links->streams; stream != NULL; stream = stream->next) {
        if (is_next(stream) && stream->heir)
            return stream;
        if (is_next(stream) && (best == NULL || is_better(stream, best)))
            best = stream;
    }
    return is_offered(links->pair) ? NULL : best;
}

static unsigned count_up(const struct links *links)
{
    unsigned count = 0;
    for (const struct stream *stream = links->streams; stream != NULL; stream = stream->next)
        count += is_next(stream);
    return count;
}

static bool is_connecting(const struct links *links)
{
    for (const struct stream *stream = links->streams; stream != NULL; stream = stream->next)
        if (stream->outgoing && !stream->promoted && !stream->up)
            return true;
    return false;
}

static void add(struct links *links, struct stream *stream)
{
    stream->next = links->streams;
    links->streams = stream;
}

/* An active asks those that it has no stream to. Over unix there is but one place, which it has. */
static bool wants_to_connect(const struct links *links)
{
    const struct l2tpha_pair *pair = links->pair;
    if (!links->connect || pair->others.count == 0 || is_connecting(links))
        return false;
    if (!is_standby(pair))
        return pair->connect.kind == ENDPOINT_TCP && count_up(links) < pair->others.count;
    return count_up(links) == 0;
}

static void plan_retry(struct links *links)
{
    uint64_t wait = links->tries < SOON_TRIES ? SOON_US : RETRY_US;
    if (!is_standby(links->pair))
        wait = HERALD_US;
    links->retry_at = wants_to_connect(links) ? l2tpha_pair_now() + wait : L2TPHA_NEVER;
}

static void stream_gone(struct links *links, struct stream *stream)
{
    struct stream **link = &links->streams;
    while (*link != stream)
        link = &(*link)->next;
    *link = stream->next;
    stream->next = links->ended;
    links->ended = stream;
    plan_retry(links);
}

void links_free_ended(struct links *links)
{
    struct stream *next;
    for (struct stream *stream = links->ended; stream != NULL; stream = next) {
        next = stream->next;
        stream_free(stream);
    }
    links->ended = NULL;
}

static void note_other(struct links *links, const struct stream *stream)
{
    struct l2tpha_link_info info = stream_info(stream);
    if (!info.met || info.peer_serves || stream->taken || stream->other == OTHERS_NONE)
        return;
    links->attempts[stream->other].met = (struct other_node){.holds = info.peer_last > 0,
                                                             .looks = info.peer_last == 0,
                                                             .rank = info.peer_rank,
                                                             .epoch = info.peer_epoch};
}

static void tell_differences(struct links *links, struct stream *stream)
{
    const struct l2tpha_pair_host *host = &links->pair->options.host;
    struct l2tpha_link_info info = stream_info(stream);
    if (stream->told_differs || !info.fingerprint_differs)
        return;
    stream->told_differs = true;
    if (host->differs != NULL)
        host->differs(host->user, info.peer_fingerprint);
    else
        say(links->pair, L2TPHA_LOG_ERROR, "the other node is configured otherwise");
}

/* A standby follows one; over unix an active has one. */
static void become_current(struct links *links, struct stream *stream)
{
    struct stream *next;
    stream->up = true;
    links->tries = 0;
    refusals_clear(&links->refusals);
    if (stream->other != OTHERS_NONE)
        links->attempts[stream->other].refusal = 0;
    say(links->pair, L2TPHA_LOG_RF, "%s connected", stream->serving ? "standby" : "to the active,");
    tell_differences(links, stream);
    if (stream->serving && !stream->local) {
        plan_retry(links); /* others may be missing still */
        return;
    }
    for (struct stream *other = links->streams; other != NULL; other = next) {
        next = other->next;
        if (other != stream && !other->promoted)
            stream_end(other, BYE_ALONE);
    }
}

static void stream_heard(struct links *links, struct stream *stream)
{
    if (stream->ended)
        return;
    note_other(links, stream);
    if (!stream->up && !stream->promoted && stream_info(stream).up)
        become_current(links, stream);
}

static const struct stream_events stream_events; /* below */

/* ---- listening ---- */

/* The other node says hello within a round trip; a crowd of those who say nothing must not keep it
 * out, so the longest there leaves. */
static void make_room(struct links *links)
{
    struct stream *oldest = NULL;
    unsigned count = 0;
    for (struct stream *stream = links->streams; stream != NULL; stream = stream->next) {
        if (stream->up || stream->outgoing)
            continue;
        count++;
        oldest = stream; /* new ones are put in front */
    }
    if (count < PENDING_MAX)
        return;
    links->refusals.count++;
    stream_end(oldest, BYE_ALONE);
}

/* Of two nodes it is the other one, wherever it comes from. */
static unsigned who_comes(const struct links *links, int fd)
{
    const struct others *others = &links->pair->others;
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    if (others->count == 1)
        return 0;
    if (links->pair->listen.kind != ENDPOINT_TCP ||
        getpeername(fd, (struct sockaddr *)&peer, &len) != 0)
        return OTHERS_NONE;
    return others_at(others, &peer);
}

/* For standbys: as many as there are other nodes, whoever they are. */
static unsigned places(const struct l2tpha_pair *pair)
{
    return pair->others.count > 1 ? pair->others.count : 1;
}

static void take_connection(void *user, int fd)
{
    struct links *links = user;
    const char *why = NULL;
    bool serves = !is_standby(links->pair);
    bool local = links->pair->listen.kind == ENDPOINT_UNIX;
    bool taken = count_up(links) >= (serves ? places(links->pair) : 1);
    if (local && taken) {
        close(fd);
        return;
    }
    make_room(links);
    struct stream *stream = stream_new(&stream_events, links, links->pair, fd, local);
    if (stream == NULL)
        return;
    stream->taken = stream->promoted = taken;
    stream_name(stream, who_comes(links, fd));
    add(links, stream);
    if (serves)
        why = stream_serve(stream);
    else
        stream_finish_connecting(stream); /* two that look for one another */
    if (why != NULL) {
        say(links->pair, L2TPHA_LOG_ERROR, "handing the socket over: %s", why);
        stream_end(stream, BYE_ALONE);
        return;
    }
    stream_flush(stream);
}

struct links *links_new(struct l2tpha_pair *pair)
{
    struct links *links = talloc_zero(pair, struct links);
    if (links == NULL)
        return NULL;
    links->pair = pair;
    listener_init(&links->listener, &pair->watcher, take_connection, links);
    links->retry_at = L2TPHA_NEVER;
    return links;
}

const char *links_listen(struct links *links)
{
    return listener_open(&links->listener, &links->pair->listen);
}

void links_keep_listening(struct links *links)
{
    const char *why = listener_keep(&links->listener, &links->pair->listen, l2tpha_pair_now());
    if (why != NULL)
        say(links->pair, L2TPHA_LOG_RF, "%s: %s; trying again",
            option_name(links->pair, "--ha-listen"), why);
}

void links_stop_listening(struct links *links)
{
    listener_close(&links->listener);
}

/* ---- connecting ---- */

static bool is_refusal(int error)
{
    return error == ECONNREFUSED || error == ENOENT;
}

void links_note_refusal(struct links *links, unsigned which, int error)
{
    struct attempt *attempt = &links->attempts[which];
    attempt->met.refused = is_refusal(error);
    if (!is_standby(links->pair)) /* it is well that nobody else serves */
        return;
    attempt->refusal = error;
    refusals_take_connect(&links->refusals, links->pair, which, error);
}

static void stream_unwelcome(struct links *links, const struct stream *stream, int error)
{
    refusals_take_stream(&links->refusals, stream, error);
    links->pair->refused |= error < 0 && stream->outgoing; /* it would be the same again */
}

static void stream_connected(struct links *links, const struct stream *stream)
{
    if (stream->other == OTHERS_NONE)
        return;
    links->attempts[stream->other].met.refused = false;
    links->attempts[stream->other].refusal = 0;
}

static void stream_refused(struct links *links, const struct stream *stream, int error)
{
    links_note_refusal(links, stream->other, error);
}

static const struct stream_events stream_events = {
    .connected = stream_connected,
    .refused = stream_refused,
    .unwelcome = stream_unwelcome,
    .gone = stream_gone,
    .heard = stream_heard,
};

/* In turn, those that there is a stream to left out. */
static unsigned next_other(struct links *links)
{
    unsigned count = links->pair->others.count, which = links->at % count;
    for (unsigned i = 0; i < count; i++, which = (which + 1) % count) {
        const struct stream *stream = links->streams;
        while (stream != NULL && !(is_next(stream) && stream->other == which))
            stream = stream->next;
        if (stream == NULL)
            break;
    }
    links->at = which + 1;
    return which;
}

void links_try_connect(struct links *links)
{
    links->retry_at = L2TPHA_NEVER;
    if (!wants_to_connect(links))
        return;
    unsigned which = next_other(links);
    const struct endpoint *endpoint = &links->pair->others.list[which].endpoint;
    links->tries++;
    int fd = socket_connect_from(endpoint, &links->pair->listen);
    if (fd < 0) {
        links_note_refusal(links, which, errno);
        plan_retry(links);
        return;
    }
    struct stream *stream =
        stream_new(&stream_events, links, links->pair, fd, endpoint->kind == ENDPOINT_UNIX);
    if (stream == NULL) {
        plan_retry(links);
        return;
    }
    stream->outgoing = true;
    stream->serving = !is_standby(links->pair);
    stream->connecting = !stream->local;
    stream->passing = stream->local;
    stream_name(stream, which);
    add(links, stream);
    if (stream->connecting)
        stream_watch(stream, EPOLLIN | EPOLLOUT);
    else
        stream_finish_connecting(stream);
}

void links_connect(struct links *links)
{
    links->connect = true;
    links_try_connect(links);
}

/* old_too: also those that only wait for a superseded active to read. */
static void end_all(struct links *links, bool old_too, char bye)
{
    struct stream *next;
    links->connect = false;
    links->retry_at = L2TPHA_NEVER;
    for (struct stream *stream = links->streams; stream != NULL; stream = next) {
        next = stream->next;
        stream_flush(stream);
        if (!stream->ended && (old_too || !stream->promoted))
            stream_end(stream, bye);
    }
}

void links_disconnect(struct links *links, bool leaving)
{
    end_all(links, leaving, leaving ? BYE_LEFT : BYE_ALONE);
}

void links_let_go(struct links *links)
{
    end_all(links, true, BYE_NONE);
}

void links_promoted(struct links *links)
{
    struct stream *next;
    for (struct stream *stream = links->streams; stream != NULL; stream = next) {
        next = stream->next;
        if (!stream->up) {
            stream_end(stream, BYE_ALONE);
            continue;
        }
        stream->promoted = true;
        stream->opened = l2tpha_pair_now();
        stream_flush(stream); /* the new epoch, before anything leaves for a peer */
    }
    links->connect = true;
    plan_retry(links);
}

void links_free(struct links *links)
{
    if (links == NULL)
        return;
    links_let_go(links);
    links_stop_listening(links);
    links_free_ended(links);
    talloc_free(links);
}

void links_pass(struct links *links, uint32_t tag)
{
    struct stream *next;
    for (struct stream *stream = links->streams; stream != NULL; stream = next) {
        next = stream->next;
        stream_pass(stream, tag);
    }
}

/* ---- replication ---- */

/* Whose stream is over: nothing waits for it. */
static void forget_consumer(struct links *links, uint32_t consumer, uint64_t now)
{
    if (leasing_drop_consumer(links->pair, consumer))
        return;
    int error = l2tpha_consumer_remove(links->pair->node, consumer, now);
    if (error != L2TPHA_OK)
        say(links->pair, L2TPHA_LOG_ERROR, "stopping the replication: %s", l2tpha_strerror(error));
}

void links_send(struct links *links, const struct l2tpha_output *output)
{
    uint64_t now = l2tpha_pair_now();
    struct stream *stream = links->streams;
    while (stream != NULL && stream_consumer(stream) != output->consumer)
        stream = stream->next;
    if (stream == NULL) {
        forget_consumer(links, output->consumer, now);
        return;
    }
    int error = l2tpha_link_send(stream->link, output->position, output->data, output->len, now);
    if (error != L2TPHA_OK)
        stream_failed(stream, error);
}

bool links_standby_is_in_sync(const struct links *links)
{
    const struct stream *stream = links_current(links);
    return stream != NULL && stream_is_in_sync(stream);
}

void links_tell_sync(struct links *links)
{
    struct stream *next;
    for (struct stream *stream = links->streams; stream != NULL; stream = next) {
        next = stream->next;
        stream_tell_sync(stream);
    }
}

void links_flush(struct links *links)
{
    struct stream *next;
    for (struct stream *stream = links->streams; stream != NULL; stream = next) {
        next = stream->next;
        stream_flush(stream);
    }
}

void links_catch_up(struct links *links)
{
    struct stream *next;
    if (links->pair->paused)
        return;
    for (struct stream *stream = links->streams; stream != NULL; stream = next) {
        next = stream->next;
        if (is_next(stream) && !stream->connecting && !stream->passing)
            stream_read(stream);
    }
}

struct l2tpha_link *links_current_link(const struct links *links)
{
    struct stream *stream = links_current(links);
    return stream != NULL ? stream->link : NULL;
}

bool links_info(const struct links *links, struct l2tpha_link_info *info)
{
    struct l2tpha_link *link = links_current_link(links);
    l2tpha_link_get(link, info); /* NULL: zeros */
    return link != NULL;
}

uint32_t links_key_id(const struct links *links)
{
    const struct stream *stream = links_current(links);
    return stream != NULL ? sealed_key_id(stream->seal) : 0;
}

bool links_are_up(const struct links *links)
{
    struct l2tpha_link_info link = {.size = sizeof(link)};
    return links_info(links, &link) && link.up;
}

bool links_are_unread(const struct links *links)
{
    const struct stream *stream = links_current(links);
    return stream != NULL && stream->unread;
}

bool links_is_ungated(const struct links *links)
{
    struct l2tpha_link_info info = {.size = sizeof(info)};
    return links_info(links, &info) && info.ungated;
}

bool links_is_exact(struct links *links)
{
    struct stream *stream = links_current(links);
    if (stream == NULL || !stream->local)
        return false;
    for (int i = 0; i < CATCH_UP_READS && !stream->ended; i++)
        stream_read(stream);
    char bye = stream->ended ? BYE_ALONE : stream_last_bye(stream);
    return bye == 0 || bye == BYE_SYNC;
}

/* Nobody is there who serves, if each of them says so. */
void links_look(struct links *links, struct other_node *all)
{
    unsigned refused = 0, looks = 0, count = links->pair->others.count;
    *all = (struct other_node){.rank = L2TPHA_RANK_NONE};
    for (unsigned i = 0; i < count; i++) {
        struct other_node *met = &links->attempts[i].met;
        refused += met->refused;
        looks += met->looks;
        all->holds |= met->holds;
        if (met->looks && met->rank < all->rank)
            all->rank = met->rank;
        if (met->epoch > all->epoch)
            all->epoch = met->epoch;
        *met = (struct other_node){0};
    }
    all->refused = refused == count;
    all->looks = looks > 0 && refused + looks == count;
}

uint64_t links_refusals(const struct links *links, const char **why)
{
    *why = links_current(links) == NULL ? links->refusals.last : NULL;
    return links->refusals.count;
}

bool links_was_refused(const struct links *links)
{
    unsigned count = links->pair->others.count, refused = 0;
    for (unsigned i = 0; i < count; i++)
        refused += is_refusal(links->attempts[i].refusal);
    return refused == count;
}

unsigned links_count(const struct links *links)
{
    return is_standby(links->pair) ? 0 : count_up(links);
}
