/* SPDX-License-Identifier: MIT */
/* A file that l2tpha-dump is given, whatever is in it. What it has read goes to CBOR, JSON and
 * proto and is the same when it has come around. What comes of it, if a standby takes it, is a
 * whole copy of which the same comes. */
#include "dump/diff.h"
#include "dump/emit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct text {
    char *data;
    size_t len;
};

static void must(bool so)
{
    if (!so)
        abort();
}

typedef bool (*take)(void *user, const struct item *item);

/* False: it cannot be read to its end. */
static bool give(struct text text, take fn, void *user)
{
    int fd = memfd_create("dump", 0);
    struct cut cut;
    struct item item;
    must(fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len &&
         lseek(fd, 0, SEEK_SET) == 0);
    int found = cut_begin(&cut, fd, CUT_ANY) ? 1 : -1;
    while (found > 0 && (found = cut_next(&cut, &item)) > 0)
        if (!fn(user, &item))
            found = -1;
    cut_end(&cut);
    close(fd);
    return found == 0;
}

static bool emit_one(void *user, const struct item *item)
{
    return emit_item(user, item);
}

static bool convert(struct text text, uint32_t to, bool secrets, struct text *made)
{
    struct options options = {.dump_to = to, .dump_secrets = secrets};
    struct emit emit;
    FILE *out = open_memstream(&made->data, &made->len);
    must(out != NULL && emit_begin(&emit, &options, out));
    bool good = give(text, emit_one, &emit);
    must(emit_end(&emit));
    fclose(out);
    return good;
}

/* Around once more nothing changes. */
static void go_around(struct text text)
{
    struct text cbor, first, json, again, last;
    bool good = convert(text, CUT_CBOR, true, &cbor) && cbor.len > 0;
    if (good) {
        must(convert(cbor, CUT_PROTO, true, &first));
        must(convert(first, CUT_JSON, true, &json));
        must(convert(json, CUT_CBOR, true, &again));
        must(convert(again, CUT_PROTO, true, &last));
        must(first.len == last.len && memcmp(first.data, last.data, first.len) == 0);
        free(first.data);
        free(json.data);
        free(again.data);
        free(last.data);
    }
    free(cbor.data);
}

static void hide(struct text text, uint32_t to)
{
    struct text hidden, again;
    if (convert(text, to, false, &hidden) && hidden.len > 0 && to != DUMP_TEXT) {
        must(!convert(hidden, CUT_PROTO, true, &again));
        free(again.data);
    }
    free(hidden.data);
}

static bool take_one(void *user, const struct item *item)
{
    return state_take(user, item);
}

static void compare(struct state *state, struct text copy)
{
    struct state *other = state_new();
    struct filter filter = {0};
    must(give(copy, take_one, other) && state_end(other));
    struct diff diff = {.states = {state, other}, .names = {"a", "b"}, .filter = &filter};
    diff.out = fopen("/dev/null", "w");
    must(diff.out != NULL);
    diff_states(&diff);
    must(diff.lines == 0);
    fclose(diff.out);
    state_free(other);
}

static void apply(struct text text)
{
    struct options options = {.dump_to = CUT_CBOR, .dump_secrets = true};
    struct state *state = state_new();
    struct emit emit;
    struct text copy;
    if (give(text, take_one, state) && state_end(state)) {
        FILE *out = open_memstream(&copy.data, &copy.len);
        must(out != NULL && emit_begin(&emit, &options, out));
        must(emit_state(&emit, state) && emit_end(&emit));
        fclose(out);
        compare(state, copy);
        free(copy.data);
    }
    state_free(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = {(char *)(uintptr_t)data, size};
    go_around(text);
    hide(text, DUMP_TEXT);
    hide(text, CUT_PROTO);
    hide(text, CUT_CBOR);
    hide(text, CUT_JSON);
    apply(text);
    return 0;
}
