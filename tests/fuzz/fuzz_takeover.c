/* SPDX-License-Identifier: MIT */
/* Increments into a standby with an empty copy, each the records alone behind their length in two
 * bytes; the first one of length 0 ends them. If none was refused they are taken over, and the rest
 * are datagrams, each behind a byte of seconds that pass before it and its length. Then the peers
 * are silent and timers run for some minutes. */
#include "base/cursor.h"
#include "crypto/crypto.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/failover.h>
#include <l2tpha/l2tpha.h>
#include <l2tpha/serializer.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADER_ROOM 64
#define SECOND UINT64_C(1000000)
#define REST (5 * 60 * SECOND)
#define TIMERS_MAX 100000 /* more in that time is a loop */

struct scene {
    TALLOC_CTX *root;
    struct l2tpha_node *node;
    uint64_t now;
    uint64_t number;
    uint8_t random;
    size_t read; /* something of every output, so that it is there */
};

static void must(bool so)
{
    if (!so)
        abort();
}

static int draw(void *user, uint8_t *data, size_t len)
{
    struct scene *scene = user;

    memset(data, ++scene->random, len);
    return 0;
}

/* Header and records, exactly as long as they are. */
static int apply(struct scene *scene, uint8_t kind, const uint8_t *records, size_t len)
{
    const struct l2tpha_checkpoint_header header = {.version = L2TPHA_CHECKPOINT_VERSION,
                                                    .epoch = 1,
                                                    .number =
                                                        kind ? scene->number : ++scene->number,
                                                    .kind = kind,
                                                    .generation = kind ? 1 : 0,
                                                    .part = kind == L2TPHA_CHECKPOINT_BULK_END};
    uint8_t room[HEADER_ROOM];
    struct l2tpha_writing writing = {room, room + sizeof(room), room + sizeof(room), 0};

    must(!l2tpha_serializer_proto()->put_header(&header, &writing));
    size_t header_len = (size_t)(writing.end - writing.start);
    uint8_t *whole = talloc_size(scene->root, header_len + len);
    must(whole != NULL);
    memcpy(whole, writing.start, header_len);
    if (len > 0)
        memcpy(whole + header_len, records, len);
    int error = l2tpha_checkpoint_apply(scene->node, whole, header_len + len, scene->now, NULL);
    talloc_free(whole);
    return error;
}

static void begin(struct scene *scene)
{
    const struct l2tpha_host host = {.size = sizeof(host), .user = scene, .random = draw};
    struct l2tpha_config config;

    l2tpha_config_init(&config);
    config.name = "standby";
    config.standby = true;
    config.crypto = tests_crypto();
    config.max_tunnels = 64;
    config.max_sessions = 256;
    config.bearer_caps = 3;
    must(!l2tpha_node_new(scene->root, &config, &host, scene->now, &scene->node));
    must(!apply(scene, L2TPHA_CHECKPOINT_BULK_BEGIN, NULL, 0));
    must(!apply(scene, L2TPHA_CHECKPOINT_BULK_END, NULL, 0));
}

static void drain(struct scene *scene)
{
    struct l2tpha_output output;

    while (l2tpha_poll(scene->node, &output, 1, scene->now)) {
        if (output.kind == L2TPHA_OUTPUT_DATAGRAM)
            scene->read += output.data[output.len - 1];
        else if (output.kind == L2TPHA_OUTPUT_EVENT)
            scene->read += strlen(output.event->text);
    }
}

static void pass(struct scene *scene, uint64_t time)
{
    uint64_t end = scene->now + time, due;
    unsigned timers = 0;

    while ((due = l2tpha_deadline(scene->node)) <= end) {
        must(timers++ < TIMERS_MAX);
        if (due > scene->now)
            scene->now = due;
        must(!l2tpha_expire(scene->node, scene->now));
        drain(scene);
    }
    scene->now = end;
}

/* From where the first tunnel's peer is. */
static void hear(struct scene *scene, const uint8_t *data, size_t len)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    const struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(scene->node, NULL);

    if (tunnel)
        l2tpha_tunnel_get(tunnel, &record);
    const struct l2tpha_path path = record.path;
    l2tpha_feed(scene->node, &path, data, len, scene->now);
    drain(scene);
}

static size_t length(struct reader *in)
{
    size_t len = read_u16(in);

    return len < reader_left(in) ? len : reader_left(in);
}

static void fill(struct scene *scene, struct reader *in)
{
    size_t len;

    while (reader_left(in) > 2 && (len = length(in)) > 0) {
        apply(scene, L2TPHA_CHECKPOINT_INCREMENT, read_bytes(in, len), len);
        drain(scene);
    }
}

static void live(struct scene *scene, struct reader *in)
{
    if (l2tpha_takeover(scene->node, UINT64_MAX, scene->now))
        return; /* something was refused, and is missing now */
    drain(scene);
    while (reader_left(in) > 3) {
        pass(scene, read_u8(in) * SECOND);
        size_t len = length(in);
        hear(scene, read_bytes(in, len), len);
    }
    pass(scene, REST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scene scene = {.root = talloc_named_const(NULL, 0, "scene"), .now = SECOND};
    struct reader in = reader_over(data, size);

    must(scene.root != NULL);
    begin(&scene);
    fill(&scene, &in);
    live(&scene, &in);
    l2tpha_node_free(scene.node);
    must(talloc_total_blocks(scene.root) == 1);
    talloc_free(scene.root);
    return 0;
}
