/* SPDX-License-Identifier: MIT */
#include "hook.h"
#include "app.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* What it is told about this node. NULL when memory is out. */
static char **make_environment(struct app *app)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    char control[ENDPOINT_TEXT_MAX];
    size_t count = 0;
    while (environ[count] != NULL)
        count++;
    char **list = talloc_zero_array(app, char *, count + 3);
    if (list == NULL)
        return NULL;
    l2tpha_redundancy_get(app->node, &info);
    memcpy(list, environ, count * sizeof(*list));
    list[count] =
        talloc_asprintf(list, "L2TPHA_CONTROL=%s", endpoint_text(&app->options->control, control));
    list[count + 1] = talloc_asprintf(list, "L2TPHA_ROLE=%s", l2tpha_role_name(info.role));
    return list;
}

void hook_run(struct app *app, const char *option, const char *command)
{
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    pid_t child;
    if (command[0] == '\0')
        return;
    char shell[] = "/bin/sh", flag[] = "-c";
    char *const words[] = {shell, flag, (char *)(uintptr_t)command, NULL};
    char **environment = make_environment(app);
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGXFSZ);
    signal(SIGCHLD, SIG_IGN); /* nobody waits */
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    int error = environment != NULL
                    ? posix_spawn(&child, shell, NULL, &attributes, words, environment)
                    : ENOMEM;
    posix_spawnattr_destroy(&attributes);
    talloc_free(environment);
    log_say(&app->log, error == 0 ? L2TPHA_LOG_RF : L2TPHA_LOG_ERROR, "--%s: %s", option,
            error == 0 ? "the command is run" : strerror(error));
}
