/* SPDX-License-Identifier: MIT */
/* A node with a tunnel to a peer that speaks to it message by message: for the suites about calls.
 */
#ifndef TESTS_UNIT_RAW_SESSION_H
#define TESTS_UNIT_RAW_SESSION_H

#include "fixture.h"
#include "sim/rawpeer.h"

static struct rawpeer peer;
static struct l2tpha_tunnel *tunnel;

static void can_call(struct l2tpha_config *config)
{
    config->bearer_caps = 1;
}

static void setup(void)
{
    fixture_setup();
    peer = (struct rawpeer){.may_call = true};
    raw_new(&peer, can_call);
    tunnel = raw_accept(&peer);
}

static void teardown(void)
{
    raw_free(&peer);
    fixture_teardown();
}

static const struct l2tpha_session_options incoming = {
    .size = sizeof(incoming), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 64000};
static const struct l2tpha_session_options outgoing = {.size = sizeof(outgoing),
                                                       .call = L2TPHA_CALL_OUTGOING,
                                                       .framing = 1,
                                                       .bearer = 1,
                                                       .maximum_bps = 64000,
                                                       .called = {(const uint8_t *)"42", 2}};

static uint8_t state_of(const struct l2tpha_session *session)
{
    struct l2tpha_session_record record;

    l2tpha_session_get(session, &record);
    return record.state;
}

#endif
