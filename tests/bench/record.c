/* SPDX-License-Identifier: MIT */
#include "bench/record.h"

#include "bench/pair.h"

#include <stdlib.h>

#define ROUNDS 25
#define COUNT 20000
#define PART 1024 /* records of a part */
#define SPACE (1u << 20)

/* Keeps the optimiser from dropping what is measured. */
static volatile uint64_t sink;

static const struct l2tpha_session_record session = {.size = sizeof(session),
                                                     .tunnel_id = 4711,
                                                     .local_id = 33333,
                                                     .remote_id = 44444,
                                                     .state = L2TPHA_SESSION_ESTABLISHED,
                                                     .side = L2TPHA_LNS,
                                                     .call = L2TPHA_CALL_INCOMING,
                                                     .serial = 123456,
                                                     .framing = 1,
                                                     .bearer = 1,
                                                     .tx_speed = 100000000,
                                                     .rx_speed = 100000000};

static double lower(double a, double b)
{
    return a < b ? a : b;
}

static void one_by_one(const struct l2tpha_serializer *serializer, uint8_t *room,
                       struct record_cost *cost)
{
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_SESSION, .of.session = session}, back;
    const struct l2tpha_checkpoint_header header = {.version = L2TPHA_CHECKPOINT_VERSION};
    uint8_t buffer[512];
    struct l2tpha_writing writing = {buffer, NULL, buffer + sizeof(buffer), 0};
    struct l2tpha_reading from_start = {.room = room}, reading;
    struct l2tpha_checkpoint_header read;

    uint64_t from = clock_ns();
    for (uint32_t i = 0; i < COUNT; i++) {
        record.of.session.local_id = 1 + (i & 0x7fff);
        writing.start = writing.end;
        check(serializer->put_record(&record, &writing), "encode");
        sink += writing.start[0];
    }
    cost->encode_ns = lower(cost->encode_ns, (double)(clock_ns() - from) / COUNT);
    cost->bytes = (double)(writing.end - writing.start);
    writing.records = 1;
    check(serializer->put_header(&header, &writing), "header");
    check(serializer->get_header(writing.start, (size_t)(writing.end - writing.start), &read,
                                 &from_start),
          "header");
    from = clock_ns();
    for (uint32_t i = 0; i < COUNT; i++) {
        reading = from_start;
        check(serializer->get_record(&reading, &back), "decode");
        sink += back.of.session.local_id;
    }
    cost->decode_ns = lower(cost->decode_ns, (double)(clock_ns() - from) / COUNT);
}

/* As a standby reads it: twice, to look and to apply. Here once. */
static void whole(const struct l2tpha_serializer *serializer, uint8_t *space, uint8_t *room,
                  struct record_cost *cost)
{
    const struct l2tpha_checkpoint_header header = {.version = L2TPHA_CHECKPOINT_VERSION,
                                                    .kind = L2TPHA_CHECKPOINT_BULK_PART};
    struct l2tpha_writing writing = {space, space + SPACE, space + SPACE, 0};
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_SESSION, .of.session = session};
    struct l2tpha_reading reading = {.room = room};
    struct l2tpha_checkpoint_header back;

    for (; writing.records < PART; writing.records++) {
        record.of.session.local_id = 1 + writing.records;
        check(serializer->put_record(&record, &writing), "encode");
    }
    check(serializer->put_header(&header, &writing), "encode");
    uint64_t from = clock_ns();
    check(serializer->get_header(writing.start, (size_t)(writing.end - writing.start), &back,
                                 &reading),
          "header");
    int error;
    while (!(error = serializer->get_record(&reading, &record)))
        sink += record.of.session.local_id;
    check(error == L2TPHA_ERR_NOT_FOUND ? L2TPHA_OK : error, "decode");
    cost->part_ns = lower(cost->part_ns, (double)(clock_ns() - from) / PART);
}

struct record_cost record_cost(const struct l2tpha_serializer *serializer)
{
    struct record_cost cost = {1e30, 1e30, 1e30, 0};
    uint8_t *room = malloc(serializer->room + 1), *space = malloc(SPACE);

    check(room && space ? L2TPHA_OK : L2TPHA_ERR_NOMEM, "memory");
    for (int round = 0; round < ROUNDS; round++) {
        one_by_one(serializer, room, &cost);
        whole(serializer, space, room, &cost);
    }
    free(space);
    free(room);
    return cost;
}
