/* SPDX-License-Identifier: MIT */
/* Both ends die within milliseconds, the second at any instant of what the first one's death has
 * set going. On a net without loss nothing may wait for a retransmission timer to be over. */
#include "fixture.h"
#include "sim/duo.h"

#define MOST (500 * MS)
#define STEPS 120

static struct duo duo;

static struct end_options end_of(unsigned place, uint8_t method, enum l2tpha_trust trust,
                                 enum l2tpha_commit commit)
{
    struct end_options options;

    duo_end_init(&options, place);
    options.config.failover = method;
    options.config.window = 16;
    options.config.commit = commit;
    options.config.commit_lag_ms = 50;
    options.config.resync_packets = 8;
    options.config.retransmit_ms = 1000;
    options.stream_delay = options.stream_jitter = 100;
    options.takeover_delay = 2 * MS;
    options.standby_delay = 3 * SECOND;
    options.trust = trust;
    return options;
}

static const struct {
    const char *name;
    uint8_t method;
    enum l2tpha_trust trust[2];
    enum l2tpha_commit commit;
} pairs[] = {
    {"exact, exact",
     L2TPHA_FAILOVER_FALLBACK,
     {L2TPHA_TRUST_EXACT, L2TPHA_TRUST_EXACT},
     L2TPHA_COMMIT_GATED},
    {"in doubt, in doubt",
     L2TPHA_FAILOVER_PROTOCOL,
     {L2TPHA_TRUST_UNCERTAIN, L2TPHA_TRUST_UNCERTAIN},
     L2TPHA_COMMIT_GATED},
    {"exact, in doubt",
     L2TPHA_FAILOVER_FALLBACK,
     {L2TPHA_TRUST_EXACT, L2TPHA_TRUST_UNCERTAIN},
     L2TPHA_COMMIT_GATED},
    {"in doubt, exact",
     L2TPHA_FAILOVER_FALLBACK,
     {L2TPHA_TRUST_UNCERTAIN, L2TPHA_TRUST_EXACT},
     L2TPHA_COMMIT_GATED},
    {"lagging, lagging",
     L2TPHA_FAILOVER_PROTOCOL,
     {L2TPHA_TRUST_EXACT, L2TPHA_TRUST_EXACT},
     L2TPHA_COMMIT_BOUNDED},
};
#define PAIRS (int)(sizeof(pairs) / sizeof(pairs[0]))

/* Calls half set up when an end died are judged by the world itself. */
START_TEST(both_ends_are_back_at_once)
{
    static const uint64_t aparts[] = {0, 1 * MS, 2 * MS, 2100, 2500, 3 * MS, 5 * MS};
    struct duo_instant instant = {.tunnels = 4, .calls = 2, .delay = 200};
    uint64_t took = 0;
    unsigned seen = 0;
    bool died = true;

    for (unsigned i = 0; i < 2; i++)
        instant.ends[i] = end_of(i, pairs[_i].method, pairs[_i].trust[i], pairs[_i].commit);
    for (size_t i = 0; i < sizeof(aparts) / sizeof(aparts[0]); i++) {
        instant.apart = aparts[i];
        died = true;
        for (instant.steps = 1; died && instant.steps <= STEPS; instant.steps++) {
            bool sound = duo_run_instant(&duo, &instant, false, &died, &took);
            ck_assert_msg(sound && (!died || took <= MOST),
                          "%s, %u us and %u steps apart: %s, %u ms", pairs[_i].name,
                          (unsigned)instant.apart, (unsigned)instant.steps, duo.world.why,
                          (unsigned)(took / MS));
            seen += died;
        }
    }
    ck_assert_uint_ge(seen, STEPS); /* the second death did come */
}
END_TEST

Suite *suite_instants(void)
{
    Suite *suite = suite_create("instants");
    TCase *tcase = tcase_create("instants");

    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, both_ends_are_back_at_once, 0, PAIRS);
    suite_add_tcase(suite, tcase);
    return suite;
}
