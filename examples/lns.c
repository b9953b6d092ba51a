/* SPDX-License-Identifier: MIT */
/* l2tpha-lns: an L2TP network server that accepts what comes and, with --echo, returns every data
 * frame. A second one with --role standby takes over when it dies. */
#include "common/app.h"

#include <stdlib.h>

static void echo(struct app *app, const struct l2tpha_frame *frame)
{
    if (app->options->echo)
        (void)app_send_data(app, frame->session, frame->payload, frame->len);
}

static const struct app_program program = {
    .program = PROGRAM_LNS,
    .frame = echo,
    .stop = app_leave,
};

int main(int argc, char **argv)
{
    return app_main(&program, argc, argv, NULL);
}
