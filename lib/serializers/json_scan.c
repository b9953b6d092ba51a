/* SPDX-License-Identifier: MIT */
/* A look at a text before it is parsed: where it ends, and that nothing is in it that could make
 * the parser take much memory or stack. What is well formed the parser knows. */
#include "json_scan.h"

size_t json_scan_space(const uint8_t *data, size_t len)
{
    size_t at = 0;

    while (at < len &&
           (data[at] == ' ' || data[at] == '\t' || data[at] == '\r' || data[at] == '\n'))
        at++;
    return at;
}

/* Behind the string that begins here; len = it has no end. */
static size_t past_string(const uint8_t *data, size_t len, size_t at)
{
    for (at++; at < len; at++) {
        if (data[at] == '\\')
            at++;
        else if (data[at] == '"')
            return at + 1;
    }
    return len;
}

static bool is_plain(uint8_t octet)
{
    return (octet >= '0' && octet <= '9') || octet == ':' || octet == ',';
}

size_t json_scan(const uint8_t *data, size_t len, unsigned depth)
{
    unsigned open = 0;

    for (size_t at = 0; at < len;) {
        at += json_scan_space(data + at, len - at);
        if (at == len)
            return 0;
        uint8_t octet = data[at];
        if (octet == '"' && open > 0) {
            at = past_string(data, len, at);
            continue;
        }
        if (octet == '[' && open > 0)
            return at;
        at++;
        if (octet == '}') {
            if (open == 0)
                return 0;
            if (--open == 0)
                return at;
        } else if (octet == '{' ? ++open > depth : open == 0 || !is_plain(octet)) {
            return 0;
        }
    }
    return 0;
}
