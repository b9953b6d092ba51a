/* SPDX-License-Identifier: MIT */
#include "leased.h"
#include "app.h"
#include "clock.h"
#include "writer.h"

#include <string.h>
#ifdef EXAMPLES_AUTHORITY
#include <l2tpha/etcd.h>
#endif

#ifdef EXAMPLES_AUTHORITY
static const char *given(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static const char *make_etcd(struct app *app, const char *place)
{
    const struct options *options = app->options;
    const struct l2tpha_etcd_tls tls = {.size = sizeof(tls),
                                        .ca = given(options->authority_ca),
                                        .certificate = given(options->authority_cert),
                                        .key = given(options->authority_key)};
    bool secure = tls.ca != NULL || tls.certificate != NULL;
    int error = l2tpha_etcd_authority_new(app, place, secure ? &tls : NULL, &app->authority);
    if (error == L2TPHA_OK)
        return NULL;
    return app_blame(app, "authority", options->authority,
                     error == L2TPHA_ERR_NOT_FOUND ? "a name that is unknown"
                                                   : l2tpha_strerror(error));
}

static void put_claim(const struct l2tpha_claim *claim, struct writer *out)
{
    writer_put_number(out, "epoch", claim->epoch);
    writer_put_text(out, "owner", claim->owner);
    writer_put_bool(out, "leased", claim->leased);
    writer_key(out, "in_sync");
    writer_open(out, '[');
    for (uint32_t i = 0; i < claim->count; i++)
        writer_text(out, claim->in_sync[i]);
    writer_close(out, ']');
}

static uint64_t remaining_ms(uint64_t until)
{
    uint64_t now = clock_now();
    return until > now ? (until - now) / 1000 : 0;
}

/* The claim is as it was seen last; epoch 0: it never was, or there is none. */
static void put_lease(const struct app *app, struct writer *out)
{
    struct l2tpha_lease_info info = {.size = sizeof(info)};
    struct l2tpha_pair_info pair = {.size = sizeof(pair)};
    if (!l2tpha_pair_lease(app->pair, &info))
        return;
    l2tpha_pair_get(app->pair, &pair);
    writer_put_text(out, "name", app->authority->name);
    writer_put_text(out, "state", l2tpha_lease_state_name(info.state));
    writer_put_text(out, "reason", info.reason);
    writer_put_number(out, "remaining_ms", remaining_ms(info.until));
    writer_put_bool(out, "looked", info.looked);
    put_claim(&info.claim, out);
    writer_put_bool(out, "protects", pair.protects);
    writer_put_number(out, "renewed", info.renewed);
    writer_put_number(out, "ended", info.ended);
    writer_put_number(out, "changes", info.changes);
    writer_put_number(out, "failures", info.failures);
    writer_put_text(out, "error", info.status != 0 ? l2tpha_strerror(info.status) : "");
}
#else
static const char *make_etcd(struct app *app, const char *place)
{
    (void)place;
    return app_blame(app, "authority", app->options->authority, "built without libl2tpha-etcd");
}

static void put_lease(const struct app *app, struct writer *out)
{
    (void)app, (void)out;
}
#endif

const char *leased_make(struct app *app)
{
    static const char etcd[] = "etcd://";
    const char *authority = app->options->authority;
    return authority[0] != '\0' ? make_etcd(app, authority + strlen(etcd)) : NULL;
}

void leased_put(const struct app *app, struct writer *out)
{
    writer_key(out, "authority");
    writer_open(out, '{');
    put_lease(app, out);
    writer_close(out, '}');
}
