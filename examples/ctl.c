/* SPDX-License-Identifier: MIT */
/* l2tphactl: send one command to a control socket and print the answer, as a table or as JSON. */
#include "common/options.h"
#include "common/stream.h"
#include "common/table.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define USAGE 2
#define ANSWER_MS 30000 /* a switchover may take its time */

/* Commands, word by word: | separates choices, # is a number, ... ends what may be left out. */
static const char *const commands[][8] = {
    {"show", "l2tp", "tunnels|sessions|counters"},
    {"show", "l2tp", "redundancy"},
    {"show", "l2tp", "redundancy", "detail|all"},
    {"show", "l2tp", "redundancy", "id", "#"},
    {"show", "l2tp", "redundancy", "id", "#", "#"},
    {"switchover"},
    {"takeover"},
    {"debug", "cf|detail|error|event|fsm|resync|rf|all", "on|off"},
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

static bool send_command(int fd, char **words, int count)
{
    char line[256] = "";
    size_t len = 0;
    for (int i = 0; i < count; i++)
        len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s", i > 0 ? " " : "", words[i]);
    line[len++] = '\n';
    return send(fd, line, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* Read up to the end of the line; NULL if it does not come. To be freed with free(). */
static char *read_answer(int fd)
{
    FILE *stream;
    char *answer = NULL, chunk[65536];
    size_t len = 0;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    stream = open_memstream(&answer, &len);
    while (poll(&ready, 1, ANSWER_MS) > 0) {
        ssize_t got = recv(fd, chunk, sizeof(chunk), 0);
        if (got <= 0)
            break;
        fwrite(chunk, 1, (size_t)got, stream);
        if (chunk[got - 1] == '\n') {
            fclose(stream);
            return answer;
        }
    }
    fclose(stream);
    free(answer);
    return NULL;
}

static int print_answer(const char *text, bool json)
{
    json_t *answer = json_loads(text, 0, NULL);
    const char *error = json_string_value(json_object_get(answer, "error"));
    const json_t *result = json_object_get(answer, "result");
    int status = EXIT_SUCCESS;
    if (error != NULL || result == NULL)
        status = complain(EXIT_FAILURE, "refused", error != NULL ? error : "no answer in JSON");
    else if (!json)
        table_print(result, stdout);
    else {
        json_dumpf(result, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY);
        putchar('\n');
    }
    json_decref(answer);
    return status;
}

static int talk(int fd, const struct options *options)
{
    if (!send_command(fd, options->words + 1, options->word_count - 1))
        return complain(EXIT_FAILURE, options->words[0], strerror(errno));
    char *answer = read_answer(fd);
    if (answer == NULL)
        return complain(EXIT_FAILURE, options->words[0], "no answer");
    int status = print_answer(answer, options->json);
    free(answer);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    struct endpoint endpoint;
    int status = options_start(PROGRAM_CTL, argc, argv, &options);
    if (status >= 0)
        return status;
    if (options.word_count == 2 && strcmp(options.words[1], "drain") == 0)
        return complain(USAGE, "drain", "not available in this release");
    if (options.word_count < 2 || !is_command(options.words + 1, options.word_count - 1)) {
        fprintf(stderr, "l2tphactl: %s\n",
                options.word_count < 2 ? "a path and a command are required" : "unknown command");
        options_help(PROGRAM_CTL, stderr);
        return USAGE;
    }
    const char *why = endpoint_unix(options.words[0], &endpoint);
    if (why != NULL)
        return complain(USAGE, options.words[0], why);
    int fd = stream_connect(&endpoint);
    if (fd < 0)
        return complain(EXIT_FAILURE, options.words[0], strerror(errno));
    status = talk(fd, &options);
    close(fd);
    return status;
}
