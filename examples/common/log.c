/* SPDX-License-Identifier: MIT */
#include "log.h"
#include "clock.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LOG_TEXT_MAX 1024
#define LOG_ALL 127u

static const struct {
    enum l2tpha_log_category category;
    const char *name;
} categories[] = {
    {L2TPHA_LOG_CF, "cf"},       {L2TPHA_LOG_DETAIL, "detail"}, {L2TPHA_LOG_ERROR, "error"},
    {L2TPHA_LOG_EVENT, "event"}, {L2TPHA_LOG_FSM, "fsm"},       {L2TPHA_LOG_RESYNC, "resync"},
    {L2TPHA_LOG_RF, "rf"},
};
#define CATEGORIES (sizeof(categories) / sizeof(categories[0]))

const char *clock_text(uint64_t wall_us, char dst[CLOCK_TEXT_MAX])
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t len = strftime(dst, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(dst + len, CLOCK_TEXT_MAX - len, ".%03uZ", (unsigned)(wall_us / 1000 % 1000));
    return dst;
}

const char *log_category_name(enum l2tpha_log_category category)
{
    for (size_t i = 0; i < CATEGORIES; i++)
        if (categories[i].category == category)
            return categories[i].name;
    return "?";
}

uint32_t log_category_find(const char *name, size_t len)
{
    for (size_t i = 0; i < CATEGORIES; i++)
        if (strlen(categories[i].name) == len && memcmp(categories[i].name, name, len) == 0)
            return categories[i].category;
    return len == 3 && memcmp(name, "all", 3) == 0 ? LOG_ALL : 0;
}

uint32_t log_categories_parse(const char *list)
{
    uint32_t mask = 0;
    for (;;) {
        size_t len = strcspn(list, ",");
        uint32_t found = log_category_find(list, len);
        if (found == 0)
            return 0;
        mask |= found;
        if (list[len] == '\0')
            return mask;
        list += len + 1;
    }
}

static void print_text(const char *time, const struct l2tpha_log_line *line)
{
    fprintf(stderr, "%s %s", time, log_category_name(line->category));
    if (line->tunnel_id != 0)
        fprintf(stderr, " tunnel %u", line->tunnel_id);
    if (line->session_id != 0)
        fprintf(stderr, " session %u", line->session_id);
    fprintf(stderr, ": %s\n", line->text);
}

static void print_json(const char *time, const struct l2tpha_log_line *line)
{
    json_t *object =
        json_pack("{s:s, s:s, s:I, s:I, s:s}", "time", time, "category",
                  log_category_name(line->category), "tunnel_id", (json_int_t)line->tunnel_id,
                  "session_id", (json_int_t)line->session_id, "text", line->text);
    if (object == NULL) /* text that is no UTF-8: better a line of text than none */ {
        print_text(time, line);
        return;
    }
    json_dumpf(object, stderr, JSON_COMPACT | JSON_PRESERVE_ORDER);
    fputc('\n', stderr);
    json_decref(object);
}

void log_put(const struct log *log, const struct l2tpha_log_line *line)
{
    char time[CLOCK_TEXT_MAX];
    clock_text(clock_wall(), time);
    if (log->json)
        print_json(time, line);
    else
        print_text(time, line);
}

static void say(const struct log *log, struct l2tpha_log_line line, const char *format,
                va_list arguments)
{
    char text[LOG_TEXT_MAX];
    vsnprintf(text, sizeof(text), format, arguments);
    line.text = text;
    log_put(log, &line);
}

void log_say(const struct log *log, enum l2tpha_log_category category, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(log, (struct l2tpha_log_line){.category = category}, format, arguments);
    va_end(arguments);
}

void log_about(const struct log *log, enum l2tpha_log_category category, uint32_t tunnel_id,
               uint32_t session_id, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(log,
        (struct l2tpha_log_line){
            .category = category, .tunnel_id = tunnel_id, .session_id = session_id},
        format, arguments);
    va_end(arguments);
}
