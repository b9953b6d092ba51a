/* SPDX-License-Identifier: MIT */
#include "format.h"
#include "app.h"

#include <string.h>

#ifdef EXAMPLES_CBOR
#include <l2tpha/cbor.h>
#else
#define l2tpha_serializer_cbor NULL
#endif
#ifdef EXAMPLES_JSON
#include <l2tpha/json.h>
#else
#define l2tpha_serializer_json NULL
#endif

const char *format_find(struct app *app)
{
    /* in the order of the option's choices */
    static const struct l2tpha_serializer *(*const formats[])(void) = {
        l2tpha_serializer_proto, l2tpha_serializer_cbor, l2tpha_serializer_json};
    if (formats[app->options->serializer] == NULL)
        return "--serializer: this format is left out of the build";
    app->serializer = formats[app->options->serializer]();
    if (strcmp(app->serializer->name, "json") == 0)
        log_say(&app->log, L2TPHA_LOG_ERROR,
                "--serializer json is for people: checkpoints are four times as long as with "
                "proto, and slow to read");
    return NULL;
}
