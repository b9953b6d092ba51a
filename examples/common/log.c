/* SPDX-License-Identifier: MIT */
#include "log.h"
#include "clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_TEXT_MAX 1024
#define LOG_ALL 127u
#define KEPT_BYTES (256 << 10) /* while nobody reads */
#define CLOSE_MS 500

static const struct {
    enum l2tpha_log_category category;
    const char *name;
    const char *level; /* as log collectors sort */
} categories[] = {
    {L2TPHA_LOG_CF, "cf", "debug"},       {L2TPHA_LOG_DETAIL, "detail", "debug"},
    {L2TPHA_LOG_ERROR, "error", "error"}, {L2TPHA_LOG_EVENT, "event", "info"},
    {L2TPHA_LOG_FSM, "fsm", "debug"},     {L2TPHA_LOG_RESYNC, "resync", "info"},
    {L2TPHA_LOG_RF, "rf", "info"},
};
#define CATEGORIES (sizeof(categories) / sizeof(categories[0]))

const char *clock_text(uint64_t wall_us, char dst[CLOCK_TEXT_MAX])
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t len = strftime(dst, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(dst + len, CLOCK_TEXT_MAX - len, ".%06uZ", (unsigned)(wall_us % 1000000));
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

static const char *level_of(enum l2tpha_log_category category)
{
    for (size_t i = 0; i < CATEGORIES; i++)
        if (categories[i].category == category)
            return categories[i].level;
    return "info";
}

/* ---- a line ---- */

static void add(struct writer *line, const char *format, ...) L2TPHA_PRINTF(2, 3);

static void add(struct writer *line, const char *format, ...)
{
    char text[LOG_TEXT_MAX + LOG_NAME_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    writer_raw(line, text);
}

static bool is_said(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* What begins a line begins all of them alike; who the peer is comes last. */
static void make_text(struct writer *line, const char *time, const struct log_entry *entry)
{
    add(line, "%s%s%s", time, time[0] != '\0' ? " " : "", log_category_name(entry->category));
    if (entry->tunnel_id != 0)
        add(line, " tunnel %u", entry->tunnel_id);
    if (entry->session_id != 0)
        add(line, " session %u", entry->session_id);
    add(line, ": %s", is_said(entry->event) ? entry->event : "");
    if (is_said(entry->text))
        add(line, "%s%s", is_said(entry->event) ? ": " : "", entry->text);
    if (is_said(entry->role))
        add(line, ", now %s", entry->role);
    if (entry->result != 0)
        add(line, ", result %u error %u", entry->result, entry->error);
    if (entry->by_peer)
        add(line, " (by the peer)");
    if (entry->peer != NULL)
        add(line, " [%s%s%s]", entry->peer->name, entry->peer->name[0] != '\0' ? " " : "",
            entry->peer->address);
}

static void make_json(struct writer *line, const char *time, const struct log_entry *entry)
{
    writer_open(line, '{');
    writer_put_text(line, "time", time);
    writer_put_text(line, "level", level_of(entry->category));
    writer_put_text(line, "category", log_category_name(entry->category));
    writer_put_number(line, "tunnel_id", entry->tunnel_id);
    writer_put_number(line, "session_id", entry->session_id);
    if (entry->peer != NULL) {
        writer_put_text(line, "peer_name", entry->peer->name);
        writer_put_text(line, "peer_address", entry->peer->address);
    }
    if (is_said(entry->event)) {
        writer_put_text(line, "event", entry->event);
        writer_put_bool(line, "by_peer", entry->by_peer);
    }
    if (is_said(entry->role))
        writer_put_text(line, "role", entry->role);
    if (entry->result != 0) {
        writer_put_number(line, "result", entry->result);
        writer_put_number(line, "error", entry->error);
    }
    if (entry->left_out != 0)
        writer_put_number(line, "left_out", entry->left_out);
    writer_put_text(line, "text", entry->text != NULL ? entry->text : "");
    writer_close(line, '}');
}

/* ---- the log ---- */

/* RFC 5424 6.2.1 */
static int severity_of(enum l2tpha_log_category category)
{
    const char *level = level_of(category);
    return strcmp(level, "error") == 0 ? 3 : strcmp(level, "info") == 0 ? 6 : 7;
}

#define FACILITY_DAEMON 3

/* What goes before a line there. */
static void make_head(const struct log *log, struct writer *line, enum l2tpha_log_category category)
{
    int severity = severity_of(category);
    if (log->place == LOG_TO_SYSLOG)
        add(line, "<%d>%s[%d]: ", FACILITY_DAEMON << 3 | severity, log->program, (int)getpid());
    if (log->place == LOG_TO_JOURNAL)
        add(line, "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=%s\nMESSAGE=", severity,
            FACILITY_DAEMON, log->program);
}

/* The journal and syslog know the time by themselves. */
static bool print(struct log *log, const struct log_entry *entry)
{
    char time[CLOCK_TEXT_MAX] = "";
    if (log->place == LOG_TO_STDERR || log->json)
        clock_text(clock_wall(), time);
    writer_clear(&log->line);
    make_head(log, &log->line, entry->category);
    if (log->json)
        make_json(&log->line, time, entry);
    else
        make_text(&log->line, time, entry);
    if (log->place != LOG_TO_SYSLOG)
        writer_raw(&log->line, "\n");
    return sink_put(log->sink, log->line.data, log->line.len);
}

uint64_t log_lost(const struct log *log)
{
    return log->sink != NULL ? sink_lost(log->sink) : 0;
}

/* Only where a line has just been taken: else this one would be lost as well. */
static void tell_lost(void *user)
{
    struct log *log = user;
    char text[64];
    uint64_t lost = log_lost(log) - log->lost_told;
    if (lost == 0 || sink_kept(log->sink) > 0 || sink_error(log->sink) != 0)
        return;
    snprintf(text, sizeof(text), "%" PRIu64 " lines of the log were lost", lost);
    (void)print(log, &(struct log_entry){.category = L2TPHA_LOG_ERROR, .text = text});
    log->lost_told = log_lost(log);
}

/* ---- lines that are left out ---- */

/* What a kind has in common: what its values stand for is not said. */
static void kind_text(const char *kind, char *dst, size_t size)
{
    size_t len = 0;
    while (*kind != '\0' && len + 4 < size) {
        if (*kind != '%' || kind[1] == '%') {
            dst[len++] = *kind;
            kind += *kind == '%' ? 2 : 1;
            continue;
        }
        kind += 1 + strspn(kind + 1, "0123456789.*lzh");
        kind += *kind != '\0';
        memcpy(dst + len, "...", 3);
        len += 3;
    }
    dst[len] = '\0';
}

static void tell_left_out(struct log *log, uint64_t now)
{
    struct log_left_out left_out;
    char kind[LOG_TEXT_MAX / 2], text[LOG_TEXT_MAX];
    while (log_limit_tell(log->limit, now, &left_out)) {
        kind_text(left_out.kind, kind, sizeof(kind));
        snprintf(text, sizeof(text), "%" PRIu64 " lines of this kind were left out: %s",
                 left_out.lines, kind);
        (void)print(log, &(struct log_entry){.category = left_out.category,
                                             .text = text,
                                             .left_out = left_out.lines});
    }
}

static void want_timer(struct log *log);

static void on_timer(struct tevent_context *ev, struct tevent_timer *timer, struct timeval at,
                     void *user)
{
    struct log *log = user;
    (void)ev, (void)timer, (void)at;
    log->timer = NULL; /* freed by tevent */
    tell_left_out(log, log->now());
    want_timer(log);
}

static void want_timer(struct log *log)
{
    uint64_t due = log_limit_deadline(log->limit), now = log->now();
    if (due == UINT64_MAX || log->timer != NULL || log->ev == NULL)
        return;
    uint64_t wait = due > now ? due - now : 0;
    log->timer = tevent_add_timer(
        log->ev, log->ev,
        tevent_timeval_current_ofs((uint32_t)(wait / 1000000), (uint32_t)(wait % 1000000)),
        on_timer, log);
}

static bool is_told(const struct log *log, uint32_t tunnel_id)
{
    return log->is_told == NULL || log->is_told(log->user, tunnel_id);
}

/* Whether this one is among those that are written. */
static bool may_write(struct log *log, const struct log_entry *entry)
{
    uint64_t now = log->now();
    tell_left_out(log, now);
    if (entry->kind == NULL)
        return true;
    uint32_t tunnel_id =
        entry->tunnel_id != 0 && is_told(log, entry->tunnel_id) ? entry->tunnel_id : 0;
    if (log_limit_take(log->limit, entry->category, entry->kind, tunnel_id, now))
        return true;
    want_timer(log);
    return false;
}

uint64_t log_left_out(const struct log *log)
{
    return log->limit != NULL ? log_limit_total(log->limit) : 0;
}

void log_write(struct log *log, const struct log_entry *entry)
{
    struct log_peer peer;
    struct log_entry whole = *entry;
    if (log->sink == NULL || !may_write(log, entry))
        return;
    if (whole.peer == NULL && whole.tunnel_id != 0 && log->find_peer != NULL &&
        log->find_peer(log->user, whole.tunnel_id, &peer))
        whole.peer = &peer;
    if (print(log, &whole))
        tell_lost(log);
}

void log_open(struct log *log, TALLOC_CTX *parent, bool json)
{
    log->json = json;
    log->sink = sink_share(parent, STDERR_FILENO, KEPT_BYTES);
    log->limit = log_limit_new(parent);
    log->now = clock_now;
    writer_start(&log->line, parent);
}

const char *log_send(struct log *log, TALLOC_CTX *parent, enum log_place place, const char *path,
                     const char *program)
{
    static const char *const usual[] = {
        [LOG_TO_JOURNAL] = "/run/systemd/journal/socket", [LOG_TO_SYSLOG] = "/dev/log"};
    struct sink *sink = sink_datagrams(parent, path != NULL ? path : usual[place]);
    if (sink == NULL)
        return strerror(errno);
    talloc_free(log->sink);
    log->sink = sink;
    log->place = place;
    log->program = program;
    return NULL;
}

void log_watch(struct log *log, struct tevent_context *ev)
{
    sink_watch(log->sink, ev, tell_lost, log);
    log->ev = ev;
    TALLOC_FREE(log->timer);
    want_timer(log);
}

void log_close(struct log *log)
{
    if (log->sink == NULL)
        return;
    tell_left_out(log, UINT64_MAX);
    sink_finish(log->sink, CLOSE_MS);
    tell_lost(log);
    TALLOC_FREE(log->sink);
    TALLOC_FREE(log->limit);
    writer_free(&log->line);
}

void log_put(struct log *log, const struct l2tpha_log_line *line)
{
    log_write(log, &(struct log_entry){.category = line->category,
                                       .kind = line->format,
                                       .tunnel_id = line->tunnel_id,
                                       .session_id = line->session_id,
                                       .text = line->text});
}

static void say(struct log *log, struct log_entry entry, const char *format, va_list arguments)
{
    char text[LOG_TEXT_MAX];
    vsnprintf(text, sizeof(text), format, arguments);
    entry.text = text;
    entry.kind = format;
    log_write(log, &entry);
}

void log_say(struct log *log, enum l2tpha_log_category category, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(log, (struct log_entry){.category = category}, format, arguments);
    va_end(arguments);
}

void log_about(struct log *log, enum l2tpha_log_category category, uint32_t tunnel_id,
               uint32_t session_id, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(log,
        (struct log_entry){.category = category, .tunnel_id = tunnel_id, .session_id = session_id},
        format, arguments);
    va_end(arguments);
}
