/* SPDX-License-Identifier: MIT */
/* What the rows of the tunnel machine do; fsm_action. */
#ifndef ENGINE_TUNNEL_ACTION_H
#define ENGINE_TUNNEL_ACTION_H

#include "control/tunnel.h"

int send_sccrq(void *object, void *argument);
int ask_again(void *object, void *argument);
int send_sccrp(void *object, void *argument);
int send_scccn(void *object, void *argument);
int send_stopccn(void *object, void *argument);
int stop_failed(void *object, void *argument);
int start_sessions(void *object, void *argument);

#endif
