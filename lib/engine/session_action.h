/* SPDX-License-Identifier: MIT */
/* What the rows of the session machines do; fsm_action. */
#ifndef ENGINE_SESSION_ACTION_H
#define ENGINE_SESSION_ACTION_H

#include "control/session.h"

int send_request(void *object, void *argument);
int send_reply(void *object, void *argument);
int send_connect(void *object, void *argument);
int take_reply(void *object, void *argument);
int take_connect(void *object, void *argument);
int send_cdn(void *object, void *argument);
int send_cdn_failed(void *object, void *argument);
int take_link_info(void *object, void *argument);
int tell_errors(void *object, void *argument);

#endif
