/* SPDX-License-Identifier: MIT */
#include "stored.h"
#include "app.h"
#include "stored_etcd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef EXAMPLES_REDIS
#include <l2tpha/redis.h>
#endif

#ifdef EXAMPLES_REDIS
#define SECRET_MAX 512

/* The password, and in a second line the user, if it is not the server's default. */
struct secret {
    char text[SECRET_MAX + 1];
    const char *password, *user;
};

static const char *parse_secret(struct secret *secret)
{
    char *end = strchr(secret->text, '\n');
    secret->password = secret->text;
    if (end != NULL)
        *end++ = '\0';
    if (end != NULL && *end != '\0' && *end != '\n') {
        secret->user = end;
        end[strcspn(end, "\n")] = '\0';
    }
    return secret->password[0] != '\0' ? NULL : "there is no password in it";
}

static const char *read_secret(const char *path, struct secret *secret)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return strerror(errno);
    const char *why = NULL;
    if (fstat(file, &status) != 0 || (status.st_mode & 077) != 0)
        why = "others may read it: mode 0600 is needed";
    ssize_t len = why == NULL ? read(file, secret->text, SECRET_MAX) : 0;
    close(file);
    if (len < 0)
        why = strerror(errno);
    return why != NULL ? why : parse_secret(secret);
}

static const char *make_redis(struct app *app)
{
    const struct options *options = app->options;
    struct secret secret = {0};
    struct l2tpha_redis_options redis = {.size = sizeof(redis),
                                         .exact = options->store_exact,
                                         .alone = options->store_replicas == 0};
    if (options->store_replicas != REPLICAS_UNSET)
        redis.replicas = options->store_replicas;
    if (options->store_secret[0] != '\0') {
        const char *why = read_secret(options->store_secret, &secret);
        if (why != NULL)
            return app_blame(app, "store-secret", options->store_secret, why);
        redis.user = secret.user;
        redis.password = secret.password;
    }
    int error = l2tpha_redis_store_new(app, options->store, &redis, &app->store);
    explicit_bzero(&secret, sizeof(secret));
    return error == L2TPHA_OK ? NULL : l2tpha_strerror(error);
}
#else
static const char *make_redis(struct app *app)
{
    return app_blame(app, "store", app->options->store, "built without libl2tpha-redis");
}
#endif

const char *stored_make(struct app *app)
{
    static const char file[] = "file:";
    const char *store = app->options->store;
    if (store[0] == '\0')
        return NULL;
    if (strncmp(store, STORED_ETCD, strlen(STORED_ETCD)) == 0) {
        const char *why = stored_etcd(app, app->options, &app->store);
        return why != NULL ? app_blame(app, "store", store, why) : NULL;
    }
    if (strncmp(store, file, strlen(file)) != 0)
        return make_redis(app);
    int error = l2tpha_file_store_new(app, store + strlen(file), &app->store);
    return error == L2TPHA_OK ? NULL : l2tpha_strerror(error);
}
