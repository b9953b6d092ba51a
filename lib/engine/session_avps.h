/* SPDX-License-Identifier: MIT */
/* The host's attributes of a call, as AVPs. */
#ifndef ENGINE_SESSION_AVPS_H
#define ENGINE_SESSION_AVPS_H

#include "control/session.h"

void put_request_avps(struct l2tpha_builder *builder, const struct l2tpha_session *session,
                      const struct l2tpha_session_options *options);
void put_connect_avps(struct l2tpha_builder *builder, const struct l2tpha_session *session,
                      const struct l2tpha_session_options *options);
/* AVPs that were stored by store_avps(), through the builder again so that hiding applies. */
void put_stored_avps(struct l2tpha_builder *builder, const struct l2tpha_bytes *stored);
typedef void (*put_avps)(struct l2tpha_builder *builder, const struct l2tpha_session *session,
                         const struct l2tpha_session_options *options);
/* Keep the AVPs of a message to be sent later, in clear and replicated; place as in
 * table_session_set_bytes(). */
int store_avps(struct l2tpha_session *session, uint16_t type, size_t place, put_avps put,
               const struct l2tpha_session_options *options);

#endif
