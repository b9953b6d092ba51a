/* SPDX-License-Identifier: MIT */
#include "oom/world.h"

#include "oom/alloc.h"

#include <string.h>

#define BATCH 32
#define PIECE 700        /* bytes that the stream between the links carries at a time */
#define STEPS_MAX 200000 /* of one settling: it must come to an end */

static const struct l2tpha_address lac_address = {.len = 1, .bytes = {1}};
static const struct l2tpha_address lns_address = {.len = 1, .bytes = {2}};

/* --- what nodes ask --- */

static int cheap_random(void *user, uint8_t *dst, size_t len)
{
    struct world *world = user;

    for (size_t i = 0; i < len; i++) {
        world->seed = world->seed * 6364136223846793005u + 1442695040888963407u;
        dst[i] = (uint8_t)(world->seed >> 56);
    }
    return 0;
}

static int tell_secret(void *user, const struct l2tpha_peer *peer, uint8_t *dst, size_t *len)
{
    const struct world *world = user;

    (void)peer;
    *len = world->secret ? 6 : 0;
    memcpy(dst, "sesame", *len);
    return 0;
}

static void admit_all(void *user, struct l2tpha_tunnel *tunnel,
                      const struct l2tpha_message *request, struct l2tpha_verdict *verdict)
{
    (void)user;
    (void)tunnel;
    (void)request;
    (void)verdict;
}

/* Any function of all the bytes will do in place of a digest. */
static int mix(void *user, const struct l2tpha_bytes *parts, size_t count,
               uint8_t digest[L2TPHA_MD5_SIZE])
{
    uint64_t sum = 1469598103934665603u;

    (void)user;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < parts[i].len; k++)
            sum = (sum ^ parts[i].data[k]) * 1099511628211u;
    for (size_t i = 0; i < L2TPHA_MD5_SIZE; i++, sum *= 1099511628211u)
        digest[i] = (uint8_t)(sum >> 56);
    return 0;
}

static bool equal(void *user, const uint8_t *a, const uint8_t *b, size_t len)
{
    (void)user;
    return memcmp(a, b, len) == 0;
}

static void wipe(void *user, uint8_t *data, size_t len)
{
    (void)user;
    memset(data, 0, len);
}

static const struct l2tpha_crypto crypto = {
    .size = sizeof(crypto), .name = "mix", .md5 = mix, .equal = equal, .wipe = wipe};

/* --- opening --- */

int world_node(struct world *world, const char *name, bool standby, struct l2tpha_node **node)
{
    struct l2tpha_config config;
    const struct l2tpha_host host = {.size = sizeof(host),
                                     .user = world,
                                     .random = cheap_random,
                                     .secret = tell_secret,
                                     .admit_session = admit_all};

    l2tpha_config_init(&config);
    config.name = name;
    config.vendor_name = "vendor of no great renown";
    config.bearer_caps = 3;
    config.crypto = &crypto;
    config.hide_avps = world->secret;
    config.failover = L2TPHA_FAILOVER_SILENT;
    config.standby = standby;
    config.takeover_batch = 1; /* some tunnels are restored by a timer, or as they are spoken to */
    config.commit = world->commit;
    config.attach = world->attached && strcmp(name, "lns") == 0;
    int error = l2tpha_node_new(world->root, &config, &host, world->now, node);
    if (!error && config.attach)
        attached_begin(world, *node);
    return error;
}

static void must(int error)
{
    EXPECT(error == 0, "%s with memory left", l2tpha_strerror(error));
}

void world_open(struct world *world)
{
    world->root = talloc_new(NULL);
    world->now = SECOND;
    world->seed = 42;
    must(world_node(world, "lac", false, &world->lac));
    must(world_node(world, "lns", false, &world->lns));
}

void world_close(struct world *world)
{
    attached_end(world->lns);
    attached_end(world->standby);
    talloc_free(world->root);
}

void world_add_standby(struct world *world)
{
    must(world_node(world, "lns", true, &world->standby));
}

static void close_stream(struct world *world)
{
    l2tpha_link_free(world->up, world->now);
    l2tpha_link_free(world->down, world->now);
    world->up = world->down = NULL;
}

void world_connect(struct world *world)
{
    if (!world->linked) {
        world_note(world, l2tpha_checkpoint_bulk(world->lns, world->now));
        return;
    }
    close_stream(world);
    int error = l2tpha_link_new(world->lns, NULL, world->now, &world->up);
    if (!error)
        error = l2tpha_link_new(world->standby, NULL, world->now, &world->down);
    if (error)
        close_stream(world);
    world_note(world, error);
}

void world_double_lac(struct world *world)
{
    must(world_node(world, "lac", true, &world->double_lac));
    must(l2tpha_checkpoint_bulk(world->lac, world->now));
}

static void replace(struct world *world, struct l2tpha_node **node, struct l2tpha_node **standby)
{
    dry_refill(world);
    alloc_pause();
    attached_end(*node);
    talloc_free(*node);
    alloc_resume();
    *node = *standby;
    *standby = NULL;
    world_note(world, l2tpha_takeover_as(*node, 2, world->trust ? world->trust : L2TPHA_TRUST_EXACT,
                                         world->now));
    attached_restore(world, *node);
}

void world_take_over(struct world *world)
{
    if (world->up)
        close_stream(world);
    replace(world, &world->lns, &world->standby);
}

void world_lose_lac(struct world *world)
{
    replace(world, &world->lac, &world->double_lac);
}

/* --- noting --- */

void world_note(struct world *world, int error)
{
    if (error == 0)
        return;
    EXPECT(strcmp(l2tpha_error_name(error), "?") != 0, "%d has no name", error);
    world->named++;
}

struct snapshot world_look(struct world *world, const struct l2tpha_node *node)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    struct snapshot look = {.messages = l2tpha_counters(node)->messages_out};

    dry_begin(world);
    alloc_pause();
    l2tpha_redundancy_get(node, &info);
    if (!world->large)
        look.digest = l2tpha_checkpoint_digest(node);
    alloc_resume();
    look.tunnels = info.tunnels;
    look.sessions = info.sessions;
    return look;
}

int world_check_call(struct world *world, const struct l2tpha_node *node,
                     const struct snapshot *before, int error, const char *what)
{
    world_note(world, error);
    if (!error)
        return 0;
    struct snapshot after = world_look(world, node);
    EXPECT(after.tunnels == before->tunnels && after.sessions == before->sessions &&
               after.digest == before->digest,
           "%s failed (%s) and yet changed something", what, l2tpha_strerror(error));
    EXPECT(after.messages == before->messages, "%s failed (%s) and yet sent something", what,
           l2tpha_strerror(error));
    return error;
}

enum l2tpha_role world_role(const struct l2tpha_node *node)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    l2tpha_redundancy_get(node, &info);
    EXPECT(info.reason && info.reason[0], "role without a reason");
    return info.role;
}

uint64_t world_counted(const struct l2tpha_node *node)
{
    const struct l2tpha_counters *counters = l2tpha_counters(node);

    return counters->limit_reached + counters->queue_full + counters->events_lost +
           counters->checkpoint_timeouts + counters->checkpoints_refused;
}

/* --- handing over --- */

/* The checkpoint of a poll. False: the node went on alone, and its other outputs are void. */
static bool ship(struct world *world, const struct l2tpha_node *from,
                 const struct l2tpha_output *output, uint64_t *number, int *status)
{
    struct l2tpha_node *standby = from == world->lac ? world->double_lac : world->standby;

    if (!world->linked || from == world->lac) {
        *number = output->position;
        *status =
            standby ? l2tpha_checkpoint_apply(standby, output->data, output->len, world->now, NULL)
                    : 0;
        world_note(world, *status);
        return true;
    }
    if (!world->up)
        return true;
    int error =
        l2tpha_link_send(world->up, output->position, output->data, output->len, world->now);
    world_note(world, error);
    if (error)
        close_stream(world);
    return !error;
}

static void deliver(struct world *world, struct l2tpha_node *from,
                    const struct l2tpha_output *output)
{
    struct l2tpha_node *to = from == world->lac ? world->lns : world->lac;
    const struct l2tpha_path path = {.remote = from == world->lac ? lac_address : lns_address};
    int error = attached_feed(world, to, &path, output->data, output->len);

    /* What a lossy network does to a node is no failure of it, nor is what it does not keep before
     * a tunnel is established; what memory was missing for is counted. */
    if (error != L2TPHA_ERR_DUPLICATE && error != L2TPHA_ERR_NOT_OURS &&
        error != L2TPHA_ERR_OUT_OF_WINDOW)
        world_note(world, error);
}

/* A role that says that somebody is unprotected, unless that is what it should be. */
static bool is_loss(const struct l2tpha_event *event)
{
    return event->role == L2TPHA_ROLE_OUT_OF_SYNC ||
           (event->role == L2TPHA_ROLE_ACTIVE_SOLO && strncmp(event->text, "took over", 9) != 0);
}

static void take_event(struct world *world, const struct l2tpha_event *event)
{
    bool ended =
        event->kind == L2TPHA_EVENT_TUNNEL_DOWN || event->kind == L2TPHA_EVENT_SESSION_DOWN;

    if (ended && (event->status || event->error))
        world->named++;
    if (event->kind == L2TPHA_EVENT_ROLE_CHANGED)
        world->named += is_loss(event);
    if (event->kind == L2TPHA_EVENT_SESSION_CALL && world->answers + 2 <= 64) {
        world->answer[world->answers++] = event->tunnel_id;
        world->answer[world->answers++] = event->session_id;
    }
}

static void hear_event(struct world *world, struct l2tpha_node *node,
                       const struct l2tpha_event *event)
{
    attached_told(node, event);
    take_event(world, event);
}

static void answer_calls(struct world *world, struct l2tpha_node *node)
{
    for (size_t i = 0; i < world->answers; i += 2) {
        struct l2tpha_session *session =
            l2tpha_session_find(node, world->answer[i], world->answer[i + 1]);
        struct snapshot before = world_look(world, node);
        if (session)
            world_check_call(world, node, &before, attached_session_answered(world, session),
                             "answered");
    }
    world->answers = 0;
}

/* Whether anything came out. */
static bool drain(struct world *world, struct l2tpha_node *node)
{
    struct l2tpha_output outputs[BATCH];
    uint64_t number = 0;
    int status = 0;
    size_t count = l2tpha_poll(node, outputs, BATCH, world->now);

    for (size_t i = 0; i < count; i++) {
        const struct l2tpha_output *output = &outputs[world->reorder ? count - 1 - i : i];
        if (output->kind == L2TPHA_OUTPUT_DATAGRAM)
            deliver(world, node, output);
        else if (output->kind == L2TPHA_OUTPUT_EVENT)
            hear_event(world, node, output->event);
        else if (!ship(world, node, output, &number, &status))
            break;
    }
    if (number)
        world_note(world, l2tpha_checkpoint_done(node, number, status, world->now));
    answer_calls(world, node);
    return count > 0;
}

/* A piece from one end of the stream to the other. Whether there was any. */
static bool carry(struct world *world, struct l2tpha_link *from, struct l2tpha_link *to)
{
    const uint8_t *data;
    size_t len = from ? l2tpha_link_poll(from, &data, world->now) : 0;

    if (len == 0 || !to)
        return false;
    len = len < PIECE ? len : PIECE;
    int error = l2tpha_link_feed(to, data, len, world->now);
    l2tpha_link_sent(from, len);
    world_note(world, error);
    if (!error)
        return true;
    /* The last words of the end that failed. */
    if ((len = l2tpha_link_poll(to, &data, world->now)) > 0)
        world_note(world, l2tpha_link_feed(from, data, len, world->now));
    close_stream(world);
    return true;
}

bool world_turn(struct world *world)
{
    dry_begin(world);
    bool any = drain(world, world->lac);
    any |= drain(world, world->lns);
    any |= world->standby && drain(world, world->standby);
    any |= world->double_lac && drain(world, world->double_lac);
    any |= carry(world, world->up, world->down);
    any |= carry(world, world->down, world->up);
    return any;
}

void world_settle(struct world *world)
{
    for (unsigned steps = 0; world_turn(world); steps++)
        EXPECT(steps < STEPS_MAX, "nodes do not come to rest");
}

/* --- time --- */

static uint64_t next_deadline(const struct world *world)
{
    const uint64_t deadlines[] = {
        l2tpha_deadline(world->lac),
        attached_deadline(world->lns),
        world->up ? l2tpha_link_deadline(world->up) : L2TPHA_NEVER,
        world->down ? l2tpha_link_deadline(world->down) : L2TPHA_NEVER,
    };
    uint64_t first = L2TPHA_NEVER;

    for (size_t i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++)
        first = deadlines[i] < first ? deadlines[i] : first;
    return first;
}

static void expire(struct world *world)
{
    world_note(world, l2tpha_expire(world->lac, world->now));
    world_note(world, attached_expire(world, world->lns));
    int error = world->up ? l2tpha_link_expire(world->up, world->now) : 0;
    if (!error && world->down)
        error = l2tpha_link_expire(world->down, world->now);
    world_note(world, error);
    if (error)
        close_stream(world);
    world_settle(world);
}

void world_pass(struct world *world, uint64_t us)
{
    uint64_t end = world->now + us, next;
    unsigned still = 0;

    world_settle(world);
    while ((next = next_deadline(world)) <= end) {
        still = next > world->now ? 0 : still + 1;
        EXPECT(still < 1000, "time stands still");
        world->now = next > world->now ? next : world->now;
        expire(world);
    }
    world->now = end;
    expire(world);
}
