/* SPDX-License-Identifier: MIT */
/* l2tphactl: send one command to a control socket and print the answer, as a table or as JSON. */
#include "common/help.h"
#include "common/options.h"
#include "common/table.h"
#include "pair/socket.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define USAGE 2
#define SILENCE_MS 3000  /* a process that says nothing for so long hangs */
#define OUTCOME_MS 70000 /* one that lives may take so long for what was asked */
#define RETRY_MS 50
#define LINE_MAX_LEN 256
#define PROBE "show version\n"

#define CATEGORIES "cf|detail|error|event|fsm|resync|rf|all"

/* Commands, word by word: | separates choices, # is a number, ... ends what may be left out. */
static const char *const commands[][8] = {
    {"show", "version|debugging"},
    {"show", "l2tp"},
    {"show", "l2tp", "tunnels|sessions|counters"},
    {"show", "l2tp", "destination", "profile"},
    {"show", "l2tp|vpdn", "redundancy"},
    {"show", "l2tp|vpdn", "redundancy", "detail|all"},
    {"show", "l2tp|vpdn", "redundancy", "id", "#"},
    {"show", "l2tp|vpdn", "redundancy", "id", "#", "#"},
    {"show", "l2tp|vpdn", "redundancy", "detail", "id", "#"},
    {"clear", "l2tp|vpdn", "redundancy", "counters"},
    {"switchover"},
    {"takeover"},
    {"standby"},
    {"fence"},
    {"shutdown"},
    {"reload-keys"},
    {"upgrade", "check|commit"},
    {"debug", CATEGORIES, "on|off"},
    {"debug", "l2tp|vpdn", "redundancy", CATEGORIES},
    {"undebug", CATEGORIES},
    {"undebug", "l2tp|vpdn", "redundancy", CATEGORIES},
    {"set", "failover-resync",
     "disable|failover-protocol|silent-failover|failover-protocol-fallback-to-silent-failover"},
    {"set", "sso", "on|off"},
    {"set", "resync", "#"},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static bool matches(const char *pattern, const char *word)
{
    size_t len = strlen(word);
    if (strcmp(pattern, "#") == 0)
        return len > 0 && len < 11 && strspn(word, "0123456789") == len;
    while (len > 0) {
        size_t next = strcspn(pattern, "|");
        if (next == len && memcmp(pattern, word, len) == 0)
            return true;
        if (pattern[next] == '\0')
            break;
        pattern += next + 1;
    }
    return false;
}

static bool is_command(char **words, int count)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        int at = 0;
        while (at < count && commands[i][at] != NULL && matches(commands[i][at], words[at]))
            at++;
        if (at == count && commands[i][at] == NULL)
            return true;
    }
    return false;
}

static int complain(int status, const char *about, const char *why)
{
    fprintf(stderr, "l2tphactl: %s: %s\n", about, why);
    return status;
}

static int complain_of_command(char **words, int count)
{
    fputs("l2tphactl: unknown command '", stderr);
    for (int i = 0; i < count; i++)
        fprintf(stderr, "%s%s", i > 0 ? " " : "", words[i]);
    fputs("'. Try --help.\n", stderr);
    return USAGE;
}

/* Why nobody has answered at that path. */
static const char *blame(const char *path, int error)
{
    struct stat found;
    if (error == EAGAIN)
        return "nobody accepts: the process hangs, or is stopped";
    if (error != ECONNREFUSED)
        return strerror(error);
    if (stat(path, &found) == 0 && !S_ISSOCK(found.st_mode))
        return "that is no socket";
    return "nobody listens there: the process has ended";
}

/* The command as a line. It is one of ours, and short. */
static void make_line(char line[LINE_MAX_LEN], char **words, int count, bool stale)
{
    size_t len = 0;
    for (int i = 0; i < count; i++)
        len += (size_t)snprintf(line + len, LINE_MAX_LEN - len, "%s%s", words[i],
                                i + 1 < count ? " " : "");
    snprintf(line + len, LINE_MAX_LEN - len, "%s\n", stale ? " --stale" : "");
}

static bool wait_ms(int fd, short events, int ms)
{
    struct pollfd ready = {.fd = fd, .events = events};
    return poll(&ready, 1, ms) > 0;
}

/* Connect and send the line. -1 with errno set: EAGAIN when nobody accepts. */
static int ask(const struct endpoint *endpoint, const char *line)
{
    int fd = -1;
    for (int waited = 0; waited < SILENCE_MS; waited += RETRY_MS) {
        fd = socket_connect(endpoint);
        if (fd >= 0 || errno != EAGAIN) /* the queue of those who wait is full */
            break;
        (void)poll(NULL, 0, RETRY_MS);
    }
    if (fd < 0 || send(fd, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line))
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* Whether it answers anything at all. */
static bool is_alive(const struct endpoint *endpoint)
{
    int fd = ask(endpoint, PROBE);
    bool alive = fd >= 0 && wait_ms(fd, POLLIN, SILENCE_MS);
    if (fd >= 0)
        close(fd);
    return alive;
}

/* Read up to the end of the line. NULL, or why it does not come. */
static const char *read_line(int fd, const struct endpoint *endpoint, FILE *answer)
{
    char chunk[65536];
    for (int waited = 0;;) {
        if (!wait_ms(fd, POLLIN, SILENCE_MS)) {
            waited += SILENCE_MS;
            if (waited >= OUTCOME_MS)
                return "no answer in time";
            if (!is_alive(endpoint))
                return "no answer: the process hangs, or is stopped";
            continue;
        }
        ssize_t got = recv(fd, chunk, sizeof(chunk), 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got < 0)
            return strerror(errno);
        if (got == 0)
            return "closed without a whole answer: the process has ended, or is out of descriptors";
        if (fwrite(chunk, 1, (size_t)got, answer) != (size_t)got)
            return "out of memory";
        if (chunk[got - 1] == '\n')
            return NULL;
    }
}

static void print_result(const json_t *result, bool json)
{
    if (!json) {
        table_print(result, stdout);
        return;
    }
    json_dumpf(result, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY);
    putchar('\n');
}

/* An answer that could not be ended has both. A check whose answer is no has failed. */
static int print_answer(const char *text, bool json)
{
    json_t *answer = json_loads(text, 0, NULL);
    const char *error = json_string_value(json_object_get(answer, "error"));
    const json_t *result = json_object_get(answer, "result");
    bool is_no = json_is_false(json_object_get(result, "ready"));
    int status = is_no ? EXIT_FAILURE : EXIT_SUCCESS;
    if (result != NULL)
        print_result(result, json);
    if (error != NULL || result == NULL)
        status = complain(EXIT_FAILURE, result != NULL ? "incomplete" : "refused",
                          error != NULL ? error : "the answer is no JSON");
    if (fflush(stdout) != 0)
        status = complain(EXIT_FAILURE, "output", strerror(errno));
    json_decref(answer);
    return status;
}

static int talk(const struct endpoint *endpoint, const struct options *options)
{
    char line[LINE_MAX_LEN], *text = NULL;
    size_t len = 0;
    make_line(line, options->words + 1, options->word_count - 1, options->take_stale);
    int fd = ask(endpoint, line);
    if (fd < 0)
        return complain(EXIT_FAILURE, options->words[0], blame(options->words[0], errno));
    FILE *answer = open_memstream(&text, &len);
    const char *why = read_line(fd, endpoint, answer);
    fclose(answer);
    close(fd);
    int status = why != NULL ? complain(EXIT_FAILURE, options->words[0], why)
                             : print_answer(text, options->json);
    free(text);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    struct endpoint endpoint;
    int status = options_start(PROGRAM_CTL, argc, argv, &options);
    if (status >= 0)
        return status;
    if (options.word_count < 2) {
        fprintf(stderr, "l2tphactl: a path and a command are required\n");
        help_print(PROGRAM_CTL, stderr);
        return USAGE;
    }
    if (!is_command(options.words + 1, options.word_count - 1))
        return complain_of_command(options.words + 1, options.word_count - 1);
    if (options.take_stale && strcmp(options.words[1], "takeover") != 0)
        return complain(USAGE, options.words[1], "--stale goes with takeover");
    const char *why = endpoint_unix(options.words[0], &endpoint);
    if (why != NULL)
        return complain(USAGE, options.words[0], why);
    return talk(&endpoint, &options);
}
