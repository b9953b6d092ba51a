/* SPDX-License-Identifier: MIT */
#include "scenario/rig_call.h"

const struct heard *message_ends_call(struct peer *peer, const struct row *row, uint16_t session)
{
    const struct heard *cdn = NULL;

    int error = say_valid_for(peer, row->type, session);
    ck_assert_int_eq(error, row->type == CDN ? L2TPHA_OK : L2TPHA_ERR_UNEXPECTED);
    if (row->cdn) {
        cdn = expect_cdn(peer, RESULT_GENERAL, ERROR_SESSION);
        ck_assert_uint_eq(heard_u16(cdn, 14), session);
        ck_assert_uint_eq(rig_counters()->unexpected_message, 1);
    } else {
        expect_zlb(peer);
    }
    ck_assert_uint_eq(session_state(peer, session), L2TPHA_SESSION_IDLE);
    return cdn;
}

uint16_t node_asks_with_tunnel(struct peer *peer, enum l2tpha_call call)
{
    struct l2tpha_session_options options = a_call(call);
    struct l2tpha_session *session;

    assert_ok(host_session_open(node_calls(peer, 1), &options, rig.now, &session));
    uint16_t id = (uint16_t)l2tpha_session_id(session);
    ck_assert_uint_eq(session_state(peer, id), L2TPHA_SESSION_WAIT_TUNNEL);
    expect_nothing();
    return id;
}

void peer_accepts_tunnel(struct peer *peer)
{
    struct says sccrp = valid(peer, SCCRP);

    add(&sccrp, AVP_U32(4, 3)); /* Bearer Capabilities */
    assert_ok(say(peer, &sccrp));
    expect(peer, SCCCN);
    assert_ok(peer_acks(peer));
}
