/* SPDX-License-Identifier: MIT */
#include "stored_sealed.h"
#ifdef EXAMPLES_SEAL
#include "key_file.h"

#include <l2tpha/sealed_store.h>

#include <string.h>
#include <sys/random.h>

static int draw(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    return getrandom(dst, len, 0) == (ssize_t)len ? 0 : L2TPHA_ERR_HOST;
}

static const char *read_keys(TALLOC_CTX *parent, const char *path, struct l2tpha_seal_keys **keys)
{
    struct key_file file;
    struct l2tpha_seal_fault fault = {0};
    const char *why = key_file_read(&file, path);
    if (why != NULL)
        return talloc_strdup(parent, why);
    int error = l2tpha_seal_keys_new(parent, l2tpha_crypto_nettle(), file.text, strlen(file.text),
                                     &fault, keys);
    key_file_wipe(&file);
    if (fault.line > 0)
        return talloc_asprintf(parent, "line %u: %s", fault.line, fault.why);
    return error == L2TPHA_OK ? NULL : fault.why != NULL ? fault.why : l2tpha_strerror(error);
}

const char *stored_sealed(TALLOC_CTX *parent, const struct options *options,
                          struct l2tpha_store **store)
{
    struct l2tpha_seal_keys *keys;
    const char *why = read_keys(parent, options->store_key, &keys);
    if (why != NULL)
        return why;
    const struct l2tpha_sealed_store_options sealed = {.size = sizeof(sealed),
                                                       .crypto = l2tpha_crypto_nettle(),
                                                       .keys = keys,
                                                       .random = draw,
                                                       .takes_plain = options->store_plain};
    int error = l2tpha_sealed_store_new(parent, *store, &sealed, store);
    return error == L2TPHA_OK ? NULL : l2tpha_strerror(error);
}
#else
const char *stored_sealed(TALLOC_CTX *parent, const struct options *options,
                          struct l2tpha_store **store)
{
    (void)parent;
    (void)options;
    (void)store;
    return "sealing is left out of this build";
}
#endif
