/* SPDX-License-Identifier: MIT */
/* Records that fit what is there, and records that do not. */
#define IN_FLIGHT 1000
#include "unit/replicated.h"

#include <l2tpha/policy.h>

#define TUNNEL(id, next, oldest)                                                                   \
    {                                                                                              \
        .kind = L2TPHA_RECORD_TUNNEL, .of.tunnel = {                                               \
            .local_id = (id),                                                                      \
            .state = L2TPHA_TUNNEL_ESTABLISHED,                                                    \
            .ns = (next),                                                                          \
            .acked = (oldest)                                                                      \
        }                                                                                          \
    }
#define RECOVERY(id, where, old)                                                                   \
    {                                                                                              \
        .kind = L2TPHA_RECORD_TUNNEL, .of.tunnel = {                                               \
            .local_id = (id),                                                                      \
            .state = L2TPHA_TUNNEL_##where,                                                        \
            .recovers = (old)                                                                      \
        }                                                                                          \
    }
#define IN(id, where) RECOVERY(id, where, 0)
#define IDS(id, remote)                                                                            \
    {                                                                                              \
        .kind = L2TPHA_RECORD_TUNNEL, .of.tunnel = {                                               \
            .local_id = (id),                                                                      \
            .remote_id = (remote),                                                                 \
            .state = L2TPHA_TUNNEL_ESTABLISHED                                                     \
        }                                                                                          \
    }
#define CALL(tunnel, id, remote, end, kind_of_call, where)                                         \
    {                                                                                              \
        .kind = L2TPHA_RECORD_SESSION, .of.session = {                                             \
            .tunnel_id = (tunnel),                                                                 \
            .local_id = (id),                                                                      \
            .remote_id = (remote),                                                                 \
            .state = L2TPHA_SESSION_##where,                                                       \
            .side = L2TPHA_##end,                                                                  \
            .call = L2TPHA_CALL_##kind_of_call                                                     \
        }                                                                                          \
    }
#define SESSION(tunnel, id, remote) CALL(tunnel, id, remote, LAC, INCOMING, WAIT_REPLY)
#define RESET(id)                                                                                  \
    {                                                                                              \
        .kind = L2TPHA_RECORD_TUNNEL, .of.tunnel = {                                               \
            .local_id = (id),                                                                      \
            .state = L2TPHA_TUNNEL_ESTABLISHED,                                                    \
            .resets = 2                                                                            \
        }                                                                                          \
    }
#define OVER(id) IN(id, STOPPED)
#define SEQUENCE(id, next, oldest)                                                                 \
    {                                                                                              \
        .kind = L2TPHA_RECORD_SEQUENCE, .of.sequence = {                                           \
            .tunnel_id = (id),                                                                     \
            .ns = (next),                                                                          \
            .acked = (oldest)                                                                      \
        }                                                                                          \
    }
#define MESSAGE(id, number)                                                                        \
    {                                                                                              \
        .kind = L2TPHA_RECORD_MESSAGE, .of.message = {                                             \
            .tunnel_id = (id),                                                                     \
            .ns = (number),                                                                        \
            .bytes = {(const uint8_t[12]){[9] = (number)}, 12}                                     \
        }                                                                                          \
    }
#define GONE(tunnel, session)                                                                      \
    {                                                                                              \
        .kind = L2TPHA_RECORD_GONE, .of.gone = {.tunnel_id = (tunnel), .session_id = (session) }   \
    }

#define NODE(place)                                                                                \
    {                                                                                              \
        .kind = L2TPHA_RECORD_NODE, .of.node = {.tunnel_key = {1}, .tunnel_place = (place) }       \
    }

/* The table has tunnel 1 with [0, 2) queued and session 5 (remote 6), which is half set up; tunnel
 * 2 with session 5, which is up and has no remote id; and tunnel 7, which is over. */
static const struct {
    int error;
    struct l2tpha_record records[4];
} cases[] = {
    {0, {SEQUENCE(1, 2, 0)}},
    {0, {SEQUENCE(1, 3, 1), MESSAGE(1, 2)}},
    {0, {SEQUENCE(1, 3, 3), MESSAGE(1, 2)}},
    {0, {GONE(9, 0), GONE(9, 9), GONE(1, 9)}},
    {0, {GONE(1, 0), GONE(1, 0), TUNNEL(1, 0, 0), SESSION(1, 6, 6)}},
    {0, {GONE(1, 5), SESSION(1, 8, 6), SESSION(1, 9, 7)}},
    {0, {TUNNEL(1, 1, 0), MESSAGE(1, 0), SESSION(1, 5, 6)}},
    {0, {SESSION(2, 8, 6)}},
    {0, {NODE(0)}},
    {0, {GONE(2, 0), NODE(65534), TUNNEL(3, 0, 0)}},
    {0, {SEQUENCE(1, 3, 0), MESSAGE(1, 2), NODE(7), SESSION(1, 8, 9)}},
    {0, {OVER(1), OVER(2), OVER(3), OVER(7)}},
    {0, {RESET(1), SESSION(1, 8, 6)}}, /* 5 has not lived through it */
    {0, {GONE(7, 0), TUNNEL(7, 0, 0), SESSION(7, 1, 0)}},
    {L2TPHA_ERR_RECORD, {OVER(1), SESSION(1, 8, 9)}},
    {L2TPHA_ERR_RECORD, {OVER(3), SESSION(3, 1, 0)}},
    {L2TPHA_ERR_RECORD, {SESSION(7, 1, 0)}},
    {L2TPHA_ERR_RECORD, {TUNNEL(7, 0, 0)}}, /* nothing comes back */
    {L2TPHA_ERR_RECORD, {RESET(2), SESSION(1, 8, 6)}},
    {L2TPHA_ERR_RECORD, {SEQUENCE(3, 0, 0)}},
    {L2TPHA_ERR_RECORD, {SEQUENCE(1, 1, 0)}},                /* ns backwards */
    {L2TPHA_ERR_RECORD, {SEQUENCE(1, 2, 65535)}},            /* acked backwards */
    {L2TPHA_ERR_RECORD, {SEQUENCE(1, 2, 3)}},                /* acked beyond ns */
    {L2TPHA_ERR_RECORD, {SEQUENCE(1, 3, 0)}},                /* message missing */
    {L2TPHA_ERR_RECORD, {SEQUENCE(1, 4, 0), MESSAGE(1, 2)}}, /* the last one missing */
    {L2TPHA_ERR_RECORD, {SEQUENCE(1, 3, 0), MESSAGE(1, 3)}}, /* another one */
    {L2TPHA_ERR_RECORD, {SEQUENCE(1, 3, 0), MESSAGE(2, 2)}}, /* another tunnel's */
    {L2TPHA_ERR_RECORD, {SEQUENCE(1, 2, 0), MESSAGE(1, 2)}}, /* one too many */
    {L2TPHA_ERR_RECORD, {SEQUENCE(1, 3, 0), SESSION(1, 8, 9), MESSAGE(1, 2)}},
    {L2TPHA_ERR_RECORD, {MESSAGE(1, 2)}},
    {L2TPHA_ERR_RECORD, {SEQUENCE(1, 2, 0), SEQUENCE(1, 2, 0)}},
    {L2TPHA_ERR_RECORD, {GONE(1, 0), SEQUENCE(1, 2, 0)}},
    {L2TPHA_ERR_RECORD, {TUNNEL(1, 0, 0), GONE(1, 0)}},
    {L2TPHA_ERR_RECORD, {TUNNEL(3, 1, 0)}},
    {L2TPHA_ERR_RECORD, {TUNNEL(3, 0, 1)}},
    {L2TPHA_ERR_RECORD, {TUNNEL(3, 0, 0), TUNNEL(3, 0, 0)}},
    {L2TPHA_ERR_RECORD, {SESSION(3, 1, 0)}},
    {L2TPHA_ERR_RECORD, {SESSION(3, 1, 0), TUNNEL(3, 0, 0)}},
    {L2TPHA_ERR_RECORD, {GONE(1, 0), SESSION(1, 5, 6)}},
    {L2TPHA_ERR_RECORD, {SESSION(1, 8, 6)}}, /* 5 has it */
    {L2TPHA_ERR_RECORD, {SESSION(2, 8, 9), SESSION(2, 9, 9)}},
    {L2TPHA_ERR_RECORD, {SESSION(2, 8, 0), SESSION(2, 8, 0)}},
    /* states of sessions: their machine's */
    {0, {CALL(1, 8, 9, LAC, INCOMING, WAIT_TUNNEL), CALL(1, 9, 0, LNS, OUTGOING, WAIT_TUNNEL)}},
    {0, {CALL(1, 8, 9, LNS, INCOMING, WAIT_CONNECT), CALL(1, 9, 0, LNS, OUTGOING, WAIT_CONNECT)}},
    {0, {CALL(1, 8, 9, LAC, OUTGOING, WAIT_CS_ANSWER), CALL(1, 9, 0, LNS, OUTGOING, WAIT_REPLY)}},
    {0, {CALL(1, 8, 9, LAC, OUTGOING, ESTABLISHED)}},
    {L2TPHA_ERR_RECORD, {CALL(1, 8, 9, LAC, INCOMING, IDLE)}},
    {L2TPHA_ERR_RECORD, {CALL(1, 8, 9, LAC, INCOMING, WAIT_CONNECT)}},
    {L2TPHA_ERR_RECORD, {CALL(1, 8, 9, LAC, INCOMING, WAIT_CS_ANSWER)}},
    {L2TPHA_ERR_RECORD, {CALL(1, 8, 9, LNS, INCOMING, WAIT_TUNNEL)}},
    {L2TPHA_ERR_RECORD, {CALL(1, 8, 9, LNS, INCOMING, WAIT_REPLY)}},
    {L2TPHA_ERR_RECORD, {CALL(1, 8, 9, LNS, INCOMING, WAIT_CS_ANSWER)}},
    {L2TPHA_ERR_RECORD, {CALL(1, 8, 9, LAC, OUTGOING, WAIT_TUNNEL)}},
    {L2TPHA_ERR_RECORD, {CALL(1, 8, 9, LAC, OUTGOING, WAIT_REPLY)}},
    {L2TPHA_ERR_RECORD, {CALL(1, 8, 9, LAC, OUTGOING, WAIT_CONNECT)}},
    {L2TPHA_ERR_RECORD, {CALL(1, 8, 9, LNS, OUTGOING, WAIT_CS_ANSWER)}},
    /* ... their tunnel's */
    {0, {IN(3, WAIT_CTL_REPLY), CALL(3, 8, 0, LAC, INCOMING, WAIT_TUNNEL)}},
    {0, {IN(3, WAIT_CTL_CONN), CALL(3, 8, 0, LNS, OUTGOING, WAIT_TUNNEL)}},
    {0, {SEQUENCE(1, 2, 0), CALL(1, 8, 9, LAC, INCOMING, ESTABLISHED)}},
    {L2TPHA_ERR_RECORD, {IN(3, WAIT_CTL_REPLY), CALL(3, 8, 9, LAC, INCOMING, WAIT_REPLY)}},
    {L2TPHA_ERR_RECORD, {IN(3, WAIT_CTL_CONN), CALL(3, 8, 9, LAC, INCOMING, ESTABLISHED)}},
    {L2TPHA_ERR_RECORD, {IN(3, STOPPING), CALL(3, 8, 0, LAC, INCOMING, WAIT_TUNNEL)}},
    {L2TPHA_ERR_RECORD, {IN(3, STOPPED), CALL(3, 8, 9, LNS, INCOMING, WAIT_CONNECT)}},
    {L2TPHA_ERR_RECORD, {IN(2, STOPPED), CALL(2, 5, 9, LNS, INCOMING, ESTABLISHED)}},
    {L2TPHA_ERR_RECORD, {IN(3, STOPPED), CALL(3, 8, 9, LNS, INCOMING, ESTABLISHED)}},
    {L2TPHA_ERR_RECORD, {RECOVERY(3, ESTABLISHED, 1), CALL(3, 8, 9, LAC, INCOMING, WAIT_TUNNEL)}},
    /* states of tunnels */
    {0, {IN(2, STOPPING)}},
    {0, {GONE(2, 0), IN(2, WAIT_CTL_CONN)}},
    {L2TPHA_ERR_RECORD, {IN(3, IDLE)}},
    {L2TPHA_ERR_RECORD, {IN(2, WAIT_CTL_REPLY)}},
    {L2TPHA_ERR_RECORD, {IN(2, WAIT_CTL_CONN)}},
    /* ids of 16 bits */
    {0, {IDS(65535, 65535), SESSION(65535, 65535, 65535)}},
    {L2TPHA_ERR_RECORD, {IDS(65536, 1)}},
    {L2TPHA_ERR_RECORD, {IDS(3, 65536)}},
    {L2TPHA_ERR_RECORD, {SESSION(1, 65536, 9)}},
    {L2TPHA_ERR_RECORD, {SESSION(1, 8, 65536)}},
    /* what is recovered: in any order, of any age */
    {0, {RECOVERY(3, WAIT_CTL_CONN, 1)}},
    {0, {RECOVERY(3, WAIT_CTL_REPLY, 1), RECOVERY(4, ESTABLISHED, 2)}},
    {0, {RECOVERY(3, ESTABLISHED, 4), TUNNEL(4, 0, 0)}},
    {0, {TUNNEL(4, 0, 0), RECOVERY(3, ESTABLISHED, 4)}},
    {0, {IN(2, STOPPED), RECOVERY(3, ESTABLISHED, 2)}},
    {0, {RECOVERY(3, STOPPING, 1), RECOVERY(4, STOPPED, 1), RECOVERY(5, WAIT_CTL_REPLY, 1)}},
    {0, {RECOVERY(3, STOPPING, 77), RECOVERY(4, STOPPED, 3), RECOVERY(5, STOPPED, 5)}},
    {0, {GONE(2, 0), RECOVERY(3, STOPPED, 2)}},
    {L2TPHA_ERR_RECORD, {RECOVERY(3, ESTABLISHED, 77)}},
    {L2TPHA_ERR_RECORD, {RECOVERY(3, WAIT_CTL_CONN, 3)}},
    {L2TPHA_ERR_RECORD, {GONE(2, 0), RECOVERY(3, ESTABLISHED, 2)}},
    {L2TPHA_ERR_RECORD, {RECOVERY(3, ESTABLISHED, 1), RECOVERY(4, WAIT_CTL_CONN, 3)}},
    {L2TPHA_ERR_RECORD, {RECOVERY(4, WAIT_CTL_CONN, 3), RECOVERY(3, STOPPED, 1)}},
    {L2TPHA_ERR_RECORD, {RECOVERY(3, WAIT_CTL_CONN, 4), RECOVERY(4, WAIT_CTL_CONN, 3)}},
    {L2TPHA_ERR_RECORD, {RECOVERY(3, WAIT_CTL_CONN, 1), RECOVERY(4, WAIT_CTL_REPLY, 1)}},
    {L2TPHA_ERR_RECORD, {RECOVERY(3, WAIT_CTL_CONN, 4), IN(4, WAIT_CTL_CONN)}},
    {L2TPHA_ERR_RECORD, {RECOVERY(2, ESTABLISHED, 1)}},
    {L2TPHA_ERR_RECORD, {NODE(1), NODE(1)}},
    {L2TPHA_ERR_RECORD, {NODE(1), GONE(2, 0)}},
    {L2TPHA_ERR_RECORD, {SEQUENCE(1, 3, 0), NODE(1), MESSAGE(1, 2)}},
};

START_TEST(records_must_fit)
{
    struct l2tpha_checkpoint_header header = {
        .version = 1, .epoch = 1, .kind = L2TPHA_CHECKPOINT_INCREMENT};
    size_t count = 0;
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    replicas_message(pair, tunnel, 12);
    replicas_message(pair, tunnel, 12);
    assert_ok(table_session_set_remote(replicas_session(pair, tunnel, 5), 6));
    replicas_session(pair, replicas_tunnel(pair, 2), 5);
    replicas_tunnel(pair, 7)->record.state = L2TPHA_TUNNEL_STOPPED;
    replicas_sync(pair);
    while (count < 4 && cases[_i].records[count].kind)
        count++;
    header.number = replica_last(pair->replica) + 1;
    uint64_t before = replicas_digest(pair->standby);
    assert_error(replicas_feed_made(pair, &header, cases[_i].records, count), cases[_i].error);
    replicas_assert_sound(pair->standby);
    ck_assert_uint_eq(replica_last(pair->replica), header.number - (cases[_i].error != 0));
    if (cases[_i].error) {
        ck_assert_int_eq(replica_state(pair->replica), REPLICA_OUT_OF_SYNC);
        ck_assert_uint_eq(replicas_digest(pair->standby), before);
    } else {
        ck_assert_int_eq(replica_state(pair->replica), REPLICA_HOT);
    }
}
END_TEST

/* Tunnel 2 recovers tunnel 1, by an increment or by a copy. What comes next: */
static const struct {
    int error;
    struct l2tpha_record records[3];
} second[] = {
    {0, {RECOVERY(2, ESTABLISHED, 1)}},
    {0, {RECOVERY(3, WAIT_CTL_CONN, 1), RECOVERY(2, STOPPED, 1)}},
    {0, {GONE(2, 0), RECOVERY(3, WAIT_CTL_CONN, 1)}},
    {0, {GONE(2, 0), RECOVERY(2, WAIT_CTL_CONN, 1)}},
    {0, {GONE(1, 0), GONE(2, 0)}},
    {0, {GONE(1, 0), RECOVERY(2, STOPPING, 1)}},
    {0, {GONE(1, 0), GONE(2, 0), TUNNEL(2, 0, 0)}},
    {L2TPHA_ERR_RECORD, {GONE(1, 0)}},
    {L2TPHA_ERR_RECORD, {GONE(1, 0), RECOVERY(2, ESTABLISHED, 1)}},
    {L2TPHA_ERR_RECORD, {GONE(1, 0), IN(1, WAIT_CTL_CONN)}},
    {L2TPHA_ERR_RECORD, {RECOVERY(3, WAIT_CTL_CONN, 1)}},
    {L2TPHA_ERR_RECORD, {RECOVERY(3, WAIT_CTL_CONN, 2)}},
    {L2TPHA_ERR_RECORD, {RECOVERY(2, ESTABLISHED, 3), TUNNEL(3, 0, 0)}},
    {L2TPHA_ERR_RECORD, {IN(2, ESTABLISHED)}},
};
#define SECOND (sizeof(second) / sizeof(second[0]))

START_TEST(recovery_goes_on)
{
    static const struct l2tpha_record recovery = RECOVERY(2, WAIT_CTL_CONN, 1);
    struct l2tpha_checkpoint_header header = {
        .version = 1, .epoch = 1, .kind = L2TPHA_CHECKPOINT_INCREMENT};
    unsigned which = (unsigned)_i % SECOND;
    bool copied = (unsigned)_i >= SECOND;
    size_t count = 0;

    replicas_tunnel(pair, 1);
    if (copied) {
        struct tunnel_entry *second_one = replicas_tunnel(pair, 2);
        second_one->record.state = L2TPHA_TUNNEL_WAIT_CTL_CONN;
        second_one->record.recovers = 1;
    }
    replicas_sync(pair);
    header.number = replica_last(pair->replica) + 1;
    if (!copied) {
        assert_ok(replicas_feed_made(pair, &header, &recovery, 1));
        header.number++;
    }
    while (count < 3 && second[which].records[count].kind)
        count++;
    assert_error(replicas_feed_made(pair, &header, second[which].records, count),
                 second[which].error);
    replicas_assert_sound(pair->standby);
}
END_TEST

/* Parts come in any order, so a copy is looked at when it is complete. */
static const struct {
    int error;
    struct l2tpha_record records[2];
} copies[] = {
    {0, {RECOVERY(2, ESTABLISHED, 1), TUNNEL(1, 0, 0)}},
    {0, {TUNNEL(1, 0, 0), RECOVERY(2, ESTABLISHED, 1)}},
    {0, {RECOVERY(2, STOPPED, 9)}},
    {L2TPHA_ERR_RECORD, {RECOVERY(2, ESTABLISHED, 9)}}, /* 9 is from before the copy */
    {L2TPHA_ERR_RECORD, {RECOVERY(2, ESTABLISHED, 2)}},
    {L2TPHA_ERR_RECORD, {RECOVERY(2, ESTABLISHED, 1), IN(1, WAIT_CTL_CONN)}},
    {L2TPHA_ERR_RECORD, {RECOVERY(2, ESTABLISHED, 1), RECOVERY(1, ESTABLISHED, 2)}},
};

static int copy_of(const struct l2tpha_record *records, size_t count)
{
    struct l2tpha_checkpoint_header header = {.version = 1,
                                              .epoch = 1,
                                              .number = 1,
                                              .kind = L2TPHA_CHECKPOINT_BULK_BEGIN,
                                              .generation = 1};

    assert_ok(replicas_feed_made(pair, &header, NULL, 0));
    for (size_t i = 0; i < count; i++) {
        header.number++;
        header.kind = L2TPHA_CHECKPOINT_INCREMENT;
        assert_ok(replicas_feed_made(pair, &header, &records[i], 1));
    }
    header.part = 1;
    header.kind = L2TPHA_CHECKPOINT_BULK_END;
    return replicas_feed_made(pair, &header, NULL, 0);
}

START_TEST(copy_is_complete)
{
    size_t count = copies[_i].records[1].kind ? 2 : 1;

    replicas_tunnel(pair, 9);
    replicas_sync(pair);
    assert_error(copy_of(copies[_i].records, count), copies[_i].error);
    ck_assert_int_eq(replica_state(pair->replica),
                     copies[_i].error ? REPLICA_OUT_OF_SYNC : REPLICA_HOT);
    replicas_assert_sound(pair->standby);
    assert_ok(copy_of(copies[0].records, 2)); /* the next one mends it */
    ck_assert_uint_eq(table_tunnel_count(pair->standby), 2);
}
END_TEST

/* One tunnel, recovered twice: by two that the copy has. */
START_TEST(copy_with_rivals)
{
    static const struct l2tpha_record rivals[] = {TUNNEL(1, 0, 0), RECOVERY(2, ESTABLISHED, 1),
                                                  RECOVERY(3, WAIT_CTL_CONN, 1)};

    assert_error(copy_of(rivals, 3), L2TPHA_ERR_RECORD);
    ck_assert_ptr_nonnull(strstr(pair->line, "copy refused"));
}
END_TEST

/* A message whose bytes carry another Ns than its record. */
START_TEST(message_with_another_ns)
{
    struct l2tpha_checkpoint_header header = {
        .version = 1, .epoch = 1, .kind = L2TPHA_CHECKPOINT_INCREMENT};
    struct l2tpha_record records[] = {SEQUENCE(1, 1, 0), MESSAGE(1, 0)};
    static const uint8_t other[12] = {[9] = 1};
    replicas_tunnel(pair, 1);
    replicas_sync(pair);
    header.number = replica_last(pair->replica) + 1;
    records[1].of.message.bytes.data = other;
    assert_error(replicas_feed_made(pair, &header, records, 2), L2TPHA_ERR_RECORD);
}
END_TEST

/* The first fault is named in the log. */
START_TEST(faults_have_names)
{
    struct l2tpha_checkpoint_header header = {
        .version = 1, .epoch = 1, .kind = L2TPHA_CHECKPOINT_INCREMENT};
    static const struct l2tpha_record twice[] = {NODE(1), NODE(2)};
    /* an increment of epoch 1, its number to be filled in, with a Node whose place is 65535 */
    uint8_t beyond[] = {0x08, 1, 0x10, 1, 0x18, 0, 0x7a, 6, 0x32, 4, 0x10, 0xff, 0xff, 0x03};

    replicas_sync(pair);
    header.number = replica_last(pair->replica) + 1;
    assert_error(replicas_feed_made(pair, &header, twice, 2), L2TPHA_ERR_RECORD);
    ck_assert_ptr_nonnull(strstr(pair->line, "checkpoint refused"));
    ck_assert(!node_is_set(table_node(pair->standby)));
    replicas_sync(pair);
    beyond[5] = (uint8_t)(replica_last(pair->replica) + 1);
    assert_error(replicas_feed(pair, beyond, sizeof(beyond)), L2TPHA_ERR_RECORD);
    replicas_sync(pair);
    beyond[5] = (uint8_t)(replica_last(pair->replica) + 1);
    beyond[11] = 0xfe; /* 65534 */
    assert_ok(replicas_feed(pair, beyond, sizeof(beyond)));
}
END_TEST

/* What a peer's setting cannot be, a record cannot have. */
START_TEST(a_lease_beyond_the_setting)
{
    /* an increment of epoch 1, its number to be filled in, with Tunnel 9, established, of
     * resync_packets 255 */
    uint8_t blob[] = {0x08, 1,    0x10, 1,    0x18, 0,    0x7a, 10,   0x0a,
                      8,    0x08, 9,    0x18, 3,    0xe8, 0x01, 0xff, 1};

    replicas_sync(pair);
    blob[5] = (uint8_t)(replica_last(pair->replica) + 1);
    assert_ok(replicas_feed(pair, blob, sizeof(blob)));
    ck_assert_uint_eq(table_tunnel_find(pair->standby, 9)->record.resync_packets,
                      L2TPHA_RESYNC_PACKETS_MAX);
    blob[5]++;
    blob[16] = 0x80; /* 256 */
    blob[17] = 2;
    assert_error(replicas_feed(pair, blob, sizeof(blob)), L2TPHA_ERR_RECORD);
}
END_TEST

Suite *suite_verify(void)
{
    Suite *suite = suite_create("verify");
    TCase *tcase = tcase_create("verify");
    tcase_add_checked_fixture(tcase, setup, teardown);
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, records_must_fit, 0, sizeof(cases) / sizeof(cases[0]));
    tcase_add_loop_test(tcase, recovery_goes_on, 0, 2 * SECOND);
    tcase_add_loop_test(tcase, copy_is_complete, 0, sizeof(copies) / sizeof(copies[0]));
    tcase_add_test(tcase, copy_with_rivals);
    tcase_add_test(tcase, message_with_another_ns);
    tcase_add_test(tcase, faults_have_names);
    tcase_add_test(tcase, a_lease_beyond_the_setting);
    return suite;
}
