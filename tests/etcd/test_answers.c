/* SPDX-License-Identifier: MIT */
/* Answers of the JSON gateway: what is one, and what is none. */
#include "etcd/answer.h"
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define HEADER "\"header\":{\"cluster_id\":\"18446744073709551615\",\"raft_term\":\"7\"}"
#define NOTHING_THERE "{\"response_range\":{}}"
#define EPOCH                                                                                      \
    "{\"response_range\":{\"kvs\":[{\"key\":\"bDJ0cGhhL2cvZXBvY2g=\",\"mod_revision\":\"5\","      \
    "\"value\":\"MDAwMDAwMDAwMDAwMDEwMA==\"}]}}"
/* {"epoch":"0000000000000100","in_sync":["a"],"owner":"a"} */
#define CLAIM_VALUE "eyJlcG9jaCI6IjAwMDAwMDAwMDAwMDAxMDAiLCJpbl9zeW5jIjpbImEiXSwib3duZXIiOiJhIn0="
#define CLAIM_OF(value)                                                                            \
    "{\"response_range\":{\"kvs\":[{\"key\":\"bDJ0cGhhL2cvY2xhaW0=\",\"mod_revision\":"            \
    "\"18446744073709551615\",\"value\":\"" value "\"}]}}"
#define ALIVE                                                                                      \
    "{\"response_range\":{\"kvs\":[{\"key\":\"bDJ0cGhhL2cvYWxpdmU=\",\"mod_revision\":\"5\","      \
    "\"lease\":\"9\",\"value\":\"YQ==\"}],\"count\":\"1\"}}"
#define OF(a, b, c) "{" HEADER ",\"responses\":[" a "," b "," c "]}"

static struct keys keys;
static struct snapshot snapshot;
static bool succeeded;

static int read_text(const char *text, size_t puts)
{
    keys_of("g", &keys);
    return answer_snapshot(text, strlen(text), &keys, puts, &snapshot, &succeeded);
}

START_TEST(what_is_one)
{
    assert_ok(read_text(OF(NOTHING_THERE, NOTHING_THERE, NOTHING_THERE), 3));
    ck_assert(!succeeded && !snapshot.claim.leased && !snapshot.claim.epoch);
    ck_assert_uint_eq(snapshot.header.term, 7);
    ck_assert_uint_eq(snapshot.header.cluster, UINT64_MAX);
    assert_ok(read_text(OF(EPOCH, CLAIM_OF(CLAIM_VALUE), ALIVE), 0));
    ck_assert_uint_eq(snapshot.epoch_revision, 5);
    ck_assert_uint_eq(snapshot.claim.revision, UINT64_MAX);
    ck_assert_uint_eq(snapshot.claim.epoch, 256);
    ck_assert_uint_eq(snapshot.lease, 9);
    ck_assert(snapshot.claim.leased);
    ck_assert_str_eq(snapshot.claim.owner, "a");
    assert_ok(read_text("{" HEADER ",\"succeeded\":true,\"later\":[],\"responses\":["
                        "{\"response_put\":{}}," EPOCH "," NOTHING_THERE "," NOTHING_THERE "]}",
                        1));
    ck_assert(succeeded);
    ck_assert_uint_eq(snapshot.claim.epoch, 256);
    ck_assert_uint_eq(snapshot.claim.count, 0);
}
END_TEST

static const char *const wrong[] = {
    "",
    "{",
    "[]",
    "{}",
    "null",
    "7",
    "{\"responses\":[" NOTHING_THERE "," NOTHING_THERE "," NOTHING_THERE "]}",
    "{\"header\":{},\"responses\":[" NOTHING_THERE "," NOTHING_THERE "," NOTHING_THERE "]}",
    "{\"header\":{\"raft_term\":7},\"responses\":[" NOTHING_THERE "," NOTHING_THERE
    "," NOTHING_THERE "]}",
    "{" HEADER "}",
    "{" HEADER ",\"responses\":{}}",
    "{" HEADER ",\"responses\":[" NOTHING_THERE "," NOTHING_THERE "]}",
    "{" HEADER ",\"succeeded\":\"true\",\"responses\":[" NOTHING_THERE "," NOTHING_THERE
    "," NOTHING_THERE "]}",
    "{" HEADER ",\"succeeded\":true,\"responses\":[" NOTHING_THERE "," NOTHING_THERE
    "," NOTHING_THERE "," NOTHING_THERE "]}",
    "{" HEADER "," HEADER ",\"responses\":[" NOTHING_THERE "," NOTHING_THERE "," NOTHING_THERE "]}",
    OF("{}", NOTHING_THERE, NOTHING_THERE),
    OF("{\"response_range\":[]}", NOTHING_THERE, NOTHING_THERE),
    OF("{\"response_range\":{\"kvs\":{}}}", NOTHING_THERE, NOTHING_THERE),
    OF("{\"response_range\":{\"kvs\":[{}]}}", NOTHING_THERE, NOTHING_THERE),
    OF("{\"response_range\":{\"kvs\":[7]}}", NOTHING_THERE, NOTHING_THERE),
    OF("{\"response_range\":{\"kvs\":[{\"key\":\"bDJ0cGhhL2cvZXBvY2g=\",\"value\":"
       "\"MDAwMDAwMDAwMDAwMDEwMA==\"}]}}",
       NOTHING_THERE, NOTHING_THERE),
    OF("{\"response_range\":{\"kvs\":[{\"key\":\"bDJ0cGhhL2cvZXBvY2g=\",\"mod_revision\":"
       "\"18446744073709551616\",\"value\":\"MDAwMDAwMDAwMDAwMDEwMA==\"}]}}",
       NOTHING_THERE, NOTHING_THERE),
    OF("{\"response_range\":{\"kvs\":[{\"key\":\"bDJ0cGhhL2cvZXBvY2g=\",\"mod_revision\":\"-1\","
       "\"value\":\"MDAwMDAwMDAwMDAwMDEwMA==\"}]}}",
       NOTHING_THERE, NOTHING_THERE),
    OF("{\"response_range\":{\"kvs\":[{\"key\":\"bDJ0cGhhL2cvZXBvY2g=\",\"mod_revision\":5.0,"
       "\"value\":\"MDAwMDAwMDAwMDAwMDEwMA==\"}]}}",
       NOTHING_THERE, NOTHING_THERE),
    OF("{\"response_range\":{\"kvs\":[{\"key\":\"bDJ0cGhhL2cvZXBvY2g=\",\"mod_revision\":\"5\"}]}}",
       NOTHING_THERE, NOTHING_THERE),
    OF(CLAIM_OF(CLAIM_VALUE), EPOCH, ALIVE),         /* the keys of others */
    OF(NOTHING_THERE, CLAIM_OF(CLAIM_VALUE), ALIVE), /* a claim without an epoch */
    OF(EPOCH, CLAIM_OF(""), NOTHING_THERE),          /* no value */
    OF(EPOCH, CLAIM_OF("!!!!"), NOTHING_THERE),      /* no base64 */
    OF(EPOCH, CLAIM_OF("e30="), NOTHING_THERE),      /* {} */
    OF(EPOCH,
       CLAIM_OF("eyJlcG9jaCI6IjAwMDAwMDAwMDAwMDAyMDAiLCJpbl9zeW5jIjpbImEiXSwib3duZXIiOiJhIn"
                "0="),
       NOTHING_THERE), /* of epoch 512 */
};

START_TEST(what_is_none)
{
    assert_error(read_text(wrong[_i], 1), L2TPHA_ERR_RECORD);
}
END_TEST

START_TEST(leases)
{
    static const char granted[] = "{" HEADER ",\"ID\":\"9\",\"TTL\":\"5\"}";
    static const char renewed[] = "{\"result\":{" HEADER ",\"ID\":\"9\"}}\n";
    struct lease lease;
    struct header header;

    assert_ok(answer_granted(granted, strlen(granted), &lease));
    ck_assert(lease.id == 9 && lease.ttl_s == 5 && lease.header.term == 7);
    assert_ok(answer_renewed(renewed, strlen(renewed), &lease));
    ck_assert(lease.id == 9 && lease.ttl_s == 0);
    assert_ok(answer_revoked(granted, strlen(granted), &header));
    assert_error(answer_renewed(granted, strlen(granted), &lease), L2TPHA_ERR_RECORD);
    for (size_t len = 0; len < strlen(granted); len++) {
        assert_error(answer_granted(granted, len, &lease), L2TPHA_ERR_RECORD);
        assert_error(answer_revoked(granted, len, &header), L2TPHA_ERR_RECORD);
    }
    assert_error(
        answer_granted("{" HEADER ",\"TTL\":\"5\"}", strlen("{" HEADER ",\"TTL\":\"5\"}"), &lease),
        L2TPHA_ERR_RECORD);
}
END_TEST

Suite *suite_answers(void);
Suite *suite_answers(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("answers", &tcase);

    tcase_add_test(tcase, what_is_one);
    tcase_add_loop_test(tcase, what_is_none, 0, (int)(sizeof(wrong) / sizeof(wrong[0])));
    tcase_add_test(tcase, leases);
    return suite;
}
