/* SPDX-License-Identifier: MIT */
#include "stored_etcd.h"
#ifdef EXAMPLES_ETCD
#include <l2tpha/etcd.h>
#endif

#include <string.h>

#ifdef EXAMPLES_ETCD
static const char *given(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

const char *stored_etcd(TALLOC_CTX *parent, const struct options *options,
                        struct l2tpha_store **store)
{
    const struct l2tpha_etcd_tls tls = {.size = sizeof(tls),
                                        .ca = given(options->store_ca),
                                        .certificate = given(options->store_cert),
                                        .key = given(options->store_cert_key)};
    const struct l2tpha_etcd_store_options etcd = {
        .size = sizeof(etcd),
        .tls = tls.ca != NULL || tls.certificate != NULL ? &tls : NULL,
        .history_s = options->store_history_s,
        .keeps_history = options->store_history_s == 0};
    int error = l2tpha_etcd_store_new(parent, options->store + strlen(STORED_ETCD), &etcd, store);
    if (error == L2TPHA_ERR_NOT_FOUND)
        return "the name of a member is unknown";
    return error == L2TPHA_OK ? NULL : l2tpha_strerror(error);
}
#else
const char *stored_etcd(TALLOC_CTX *parent, const struct options *options,
                        struct l2tpha_store **store)
{
    (void)parent;
    (void)options;
    (void)store;
    return "built without libl2tpha-etcd";
}
#endif
