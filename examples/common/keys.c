/* SPDX-License-Identifier: MIT */
#include "keys.h"
#include "app.h"

#ifdef EXAMPLES_SEAL

#include <l2tpha/seal.h>

#include <string.h>

/* The pair says of a text only whether it can be taken. Notes its first key. */
static const char *check(struct app *app, const char *text)
{
    struct l2tpha_seal_fault fault = {0};
    struct l2tpha_seal_keys *keys;
    int error =
        l2tpha_seal_keys_new(app, l2tpha_crypto_nettle(), text, strlen(text), &fault, &keys);
    if (error == L2TPHA_OK)
        app->first_key = l2tpha_seal_keys_id(keys, 0);
    l2tpha_seal_keys_free(keys);
    if (fault.line > 0)
        return talloc_asprintf(app, "line %u: %s", fault.line, fault.why);
    return error == L2TPHA_OK ? NULL : fault.why != NULL ? fault.why : l2tpha_strerror(error);
}

static const char *read_file(struct key_file *file, const char *path)
{
    return key_file_read(file, path);
}

#else

static const char *check(struct app *app, const char *text)
{
    (void)app, (void)text;
    return NULL;
}

static const char *read_file(struct key_file *file, const char *path)
{
    (void)file, (void)path;
    return "sealing is left out of this build";
}

#endif

const char *keys_read(struct app *app, struct key_file *file, const char **keys)
{
    const char *path = app->options->ha_key;
    *keys = NULL;
    if (path[0] == '\0')
        return NULL;
    const char *why = read_file(file, path);
    if (why != NULL)
        return app_blame(app, "ha-key", path, why);
    *keys = file->text;
    return app_blame(app, "ha-key", path, check(app, file->text));
}

const char *keys_reload(TALLOC_CTX *parent, struct app *app)
{
    const char *path = app->options->ha_key;
    struct key_file file;
    if (path[0] == '\0')
        return "there is no --ha-key";
    const char *why = read_file(&file, path);
    if (why == NULL)
        why = l2tpha_pair_set_keys(app->pair, file.text);
    if (why == NULL)
        why = check(app, file.text);
    if (why != NULL)
        why = talloc_asprintf(parent, "--ha-key %s: %s", path, why);
    else
        log_say(&app->log, L2TPHA_LOG_RF, "--ha-key %s: the next stream has these keys", path);
    key_file_wipe(&file);
    return why;
}
