/* SPDX-License-Identifier: MIT */
#include "settings.h"
#include "log.h"

#include <l2tpha/failover.h>
#include <l2tpha/node.h>
#include <l2tpha/policy.h>
#include <string.h>

#define CATEGORIES "(cf, detail, error, event, fsm, resync, rf, all)"

void settings_start(struct settings *settings, const struct options *options)
{
    settings->debug = options->debug;
    settings->failover = (uint8_t)options->failover;
    settings->ha = !options->no_sso;
    settings->resync_packets = options->resync_packets;
}

void settings_put(const struct settings *settings, struct l2tpha_config *config)
{
    config->debug = settings->debug;
    config->failover = settings->failover;
    config->ha = settings->ha;
    config->resync_packets = settings->resync_packets;
}

static bool is(const char *word, const char *wanted)
{
    return strcmp(word, wanted) == 0;
}

/* -1 if it is neither on nor off. */
static int switch_of(const char *word)
{
    return is(word, "on") ? 1 : is(word, "off") ? 0 : -1;
}

/* The category that stands alone, or behind "l2tp redundancy", as routers have it. 0 = none. */
static uint32_t category_of(char **words, size_t count)
{
    if (count == 3 && (is(words[0], "l2tp") || is(words[0], "vpdn")) && is(words[1], "redundancy"))
        words += 2;
    else if (count != 1)
        return 0;
    return log_category_find(words[0], strlen(words[0]));
}

static const char *change(struct settings *settings, struct l2tpha_node *node, uint32_t categories,
                          bool on)
{
    settings->debug = on ? settings->debug | categories : settings->debug & ~categories;
    l2tpha_node_set_debug(node, settings->debug);
    return NULL;
}

static const char *perform_debug(struct settings *settings, struct l2tpha_node *node, char **words,
                                 size_t count)
{
    int on = count == 3 ? switch_of(words[2]) : -1;
    uint32_t categories = category_of(words + 1, on < 0 ? count - 1 : 1);
    if (categories == 0 || (on < 0 && count != 4))
        return "debug needs a category " CATEGORIES " and on or off, or {l2tp | vpdn} redundancy "
               "and a category";
    return change(settings, node, categories, on != 0);
}

static const char *perform_undebug(struct settings *settings, struct l2tpha_node *node,
                                   char **words, size_t count)
{
    uint32_t categories = category_of(words + 1, count - 1);
    return categories == 0 ? "undebug needs a category " CATEGORIES
                           : change(settings, node, categories, false);
}

static const char *set_method(struct settings *settings, struct l2tpha_node *node, const char *name)
{
    for (uint8_t method = 0; method <= L2TPHA_FAILOVER_FALLBACK; method++)
        if (is(name, l2tpha_failover_method_name(method))) {
            int error = l2tpha_node_set_failover(node, method);
            if (error == L2TPHA_OK)
                settings->failover = method;
            return error == L2TPHA_OK ? NULL : l2tpha_strerror(error);
        }
    return "set failover-resync takes disable, failover-protocol, silent-failover or "
           "failover-protocol-fallback-to-silent-failover";
}

static const char *set_ha(struct settings *settings, struct l2tpha_node *node, const char *word)
{
    if (switch_of(word) < 0)
        return "set sso takes on or off";
    int error = l2tpha_node_set_ha(node, switch_of(word) != 0);
    if (error == L2TPHA_OK)
        settings->ha = switch_of(word) != 0;
    return error == L2TPHA_OK ? NULL : l2tpha_strerror(error);
}

static const char *set_resync(struct settings *settings, struct l2tpha_node *node, const char *word)
{
    uint32_t packets = 0;
    for (; *word >= '0' && *word <= '9' && packets <= L2TPHA_RESYNC_PACKETS_MAX; word++)
        packets = packets * 10 + (uint32_t)(*word - '0');
    if (*word != '\0' || l2tpha_node_set_resync(node, packets) != L2TPHA_OK)
        return "set resync takes a number from 1 to 255";
    settings->resync_packets = packets;
    return NULL;
}

static const char *perform_set(struct settings *settings, struct l2tpha_node *node, char **words,
                               size_t count)
{
    static const struct {
        const char *word;
        const char *(*set)(struct settings *settings, struct l2tpha_node *node, const char *word);
    } all[] = {{"failover-resync", set_method}, {"sso", set_ha}, {"resync", set_resync}};
    for (size_t i = 0; count == 3 && i < sizeof(all) / sizeof(all[0]); i++)
        if (is(words[1], all[i].word))
            return all[i].set(settings, node, words[2]);
    return "set takes failover-resync METHOD, sso on|off, or resync N";
}

const char *settings_perform(struct settings *settings, struct l2tpha_node *node, char **words,
                             size_t count)
{
    if (is(words[0], "set"))
        return perform_set(settings, node, words, count);
    return is(words[0], "debug") ? perform_debug(settings, node, words, count)
                                 : perform_undebug(settings, node, words, count);
}

void settings_show_debugging(const struct settings *settings, struct writer *out)
{
    static const uint32_t last = L2TPHA_LOG_RF;
    writer_open(out, '[');
    for (uint32_t category = 1; category <= last; category <<= 1) {
        writer_open(out, '{');
        writer_put_text(out, "category", log_category_name((enum l2tpha_log_category)category));
        writer_put_bool(out, "on", settings->debug & category);
        writer_close(out, '}');
    }
    writer_close(out, ']');
}
