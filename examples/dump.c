/* SPDX-License-Identifier: MIT */
/* l2tpha-dump: look into a store, a dump, or what one side of a replication link has said. */
#include "dump/diff.h"
#include "dump/emit.h"
#include "dump/source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DIFFERS 1 /* ... or is not sound, or not all of it could be said */
#define TROUBLE 2

static int complain(const char *why)
{
    fprintf(stderr, "l2tpha-dump: %s\n", why);
    return TROUBLE;
}

static int complain_of_memory(void)
{
    return complain(l2tpha_strerror(L2TPHA_ERR_NOMEM));
}

/* --- states --- */

static bool take_item(void *user, const struct item *item)
{
    return state_take(user, item);
}

/* NULL: why has been said. */
static struct state *read_state(struct source *source, const struct options *options)
{
    struct state *state = state_new();
    if (state == NULL) {
        complain_of_memory();
        return NULL;
    }
    enum source_end end = source_read(source, options, take_item, state);
    if (end == SOURCE_READ && state_end(state))
        return state;
    if (end == SOURCE_FAILED)
        complain(source->why);
    else
        fprintf(stderr, "l2tpha-dump: %s: %s\n", source->name, state->why);
    state_free(state);
    return NULL;
}

static int print_state(struct emit *emit, struct source *source)
{
    struct state *state = read_state(source, emit->options);
    if (state == NULL)
        return TROUBLE;
    bool good = emit_state(emit, state);
    state_free(state);
    return good ? EXIT_SUCCESS : complain(emit->why);
}

/* --- what is printed --- */

static bool emit_one(void *user, const struct item *item)
{
    return emit_item(user, item);
}

static int print_items(struct emit *emit, struct source *source)
{
    switch (source_read(source, emit->options, emit_one, emit)) {
    case SOURCE_READ:
        return EXIT_SUCCESS;
    case SOURCE_STOPPED:
        fprintf(stderr, "l2tpha-dump: %s: %s\n", source->name, emit->why);
        return TROUBLE;
    default:
        return complain(source->why);
    }
}

static int print(const struct options *options)
{
    struct source source = {.name = options->words[0]};
    struct emit emit;
    if (!emit_begin(&emit, options, stdout))
        return complain(emit.why);
    int status = options->dump_state ? print_state(&emit, &source) : print_items(&emit, &source);
    if (!emit_end(&emit) && status == EXIT_SUCCESS)
        status = complain(emit.why);
    if (source.is_store && source.found.any)
        source_describe(&source, stderr);
    if (emit.strange == 0)
        return status;
    fprintf(stderr,
            "l2tpha-dump: %s: %" PRIu64 " records of kinds that this release does not know are "
            "left out\n",
            source.name, emit.strange);
    return status == EXIT_SUCCESS ? DIFFERS : status;
}

/* --- --diff --- */

static int compare(const struct options *options, struct filter *filter)
{
    struct source sources[2] = {{.name = options->words[0]}, {.name = options->dump_diff}};
    struct diff diff = {.filter = filter, .secrets = options->dump_secrets, .out = stdout};
    struct state *states[2] = {NULL, NULL};
    if (strcmp(sources[0].name, "-") == 0 && strcmp(sources[1].name, "-") == 0)
        return complain("--diff: there is one standard input");
    for (unsigned i = 0; i < 2 && (i == 0 || states[0] != NULL); i++) {
        states[i] = read_state(&sources[i], options);
        diff.states[i] = states[i];
        diff.names[i] = sources[i].name;
    }
    bool read = states[1] != NULL;
    if (read)
        diff_states(&diff);
    state_free(states[0]);
    state_free(states[1]);
    if (!read)
        return TROUBLE;
    if (fflush(stdout) != 0 || ferror(stdout))
        return complain("standard output: it could not be written");
    return diff.lines > 0 ? DIFFERS : EXIT_SUCCESS;
}

/* --- --verify --- */

static int report(const struct source *source, const struct state *state, const char *fault)
{
    const struct l2tpha_redundancy_info *info = &state->info;
    if (source->is_store && source->found.any)
        source_describe(source, stdout);
    printf("%s: %" PRIu64 " checkpoints, %" PRIu64 " octets\n",
           source->format != NULL ? source->format : "nothing", source->items, source->octets);
    if (info->size > 0)
        printf("epoch %" PRIu64 ", number %" PRIu64 ", %s, %" PRIu32 " tunnels, %" PRIu32
               " sessions\n",
               info->epoch, info->last_number, l2tpha_role_name(info->role), state->tunnel_count,
               state->session_count);
    if (fault == NULL)
        puts("sound");
    else
        printf("fault: %s\n", fault);
    if (fflush(stdout) != 0 || ferror(stdout))
        return complain("standard output: it could not be written");
    return fault == NULL ? EXIT_SUCCESS : DIFFERS;
}

/* What cannot be had at all is no fault of what is in it. */
static int verify(const struct options *options)
{
    struct source source = {.name = options->words[0]};
    struct state *state = state_new();
    if (state == NULL)
        return complain_of_memory();
    enum source_end end = source_read(&source, options, take_item, state);
    char why[sizeof(state->why)];
    snprintf(why, sizeof(why), "%s", state->why);
    bool ended = state_end(state); /* what there is up to the fault is told as well */
    const char *fault = end == SOURCE_FAILED    ? source.why
                        : end == SOURCE_STOPPED ? why
                        : ended                 ? NULL
                                                : state->why;
    int status = source.items == 0 && end == SOURCE_FAILED ? complain(source.why)
                                                           : report(&source, state, fault);
    state_free(state);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    struct filter filter = {0};
    int status = options_start(PROGRAM_DUMP, argc, argv, &options);
    if (status >= 0)
        return status;
    const char *why =
        options.dump_filter[0] != '\0' ? filter_parse(options.dump_filter, &filter) : NULL;
    if (why != NULL) {
        fprintf(stderr, "l2tpha-dump: --filter: '%s' %s. Try --help.\n", options.dump_filter, why);
        return TROUBLE;
    }
    if (options.dump_verify)
        return verify(&options);
    return options.dump_diff[0] != '\0' ? compare(&options, &filter) : print(&options);
}
