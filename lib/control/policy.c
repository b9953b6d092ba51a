/* SPDX-License-Identifier: MIT */
/* Failover methods: their names, the levels that decide on one, and what AAA servers write. */
#include "base/cursor.h"

#include <l2tpha/failover.h>
#include <l2tpha/policy.h>
#include <string.h>

/* RFC 2865 5.26 */
#define VENDOR_SPECIFIC 26
#define VENDOR_JUNOSE 4874
#define VENDOR_RESYNC_METHOD 90
#define ATTRIBUTE_HEADER 2 /* type and length, which covers both */
#define INTEGER_LEN 4

static const struct {
    uint8_t method;
    const char *name;
} methods[] = {
    {L2TPHA_FAILOVER_DISABLE, "disable"},
    {L2TPHA_FAILOVER_PROTOCOL, "failover-protocol"},
    {L2TPHA_FAILOVER_SILENT, "silent-failover"},
    {L2TPHA_FAILOVER_FALLBACK, "failover-protocol-fallback-to-silent-failover"},
    {L2TPHA_FAILOVER_NOT_CONFIGURED, "not-configured"},
};

#define METHODS (sizeof(methods) / sizeof(methods[0]))

const char *l2tpha_failover_method_name(uint8_t method)
{
    for (size_t i = 0; i < METHODS; i++)
        if (methods[i].method == method)
            return methods[i].name;
    return "unknown";
}

int l2tpha_policy_method_parse(const char *name, uint8_t *method)
{
    if (!name || !method)
        return L2TPHA_ERR_INVALID;
    for (size_t i = 0; i < METHODS; i++)
        if (strcmp(methods[i].name, name) == 0) {
            *method = methods[i].method;
            return L2TPHA_OK;
        }
    return L2TPHA_ERR_INVALID;
}

void l2tpha_policy_init(struct l2tpha_policy *policy)
{
    *policy = (struct l2tpha_policy){
        .size = sizeof(*policy),
        .profile = L2TPHA_FAILOVER_NOT_CONFIGURED,
        .radius = L2TPHA_FAILOVER_NOT_CONFIGURED,
        .ha = true,
        .announce = true,
    };
}

uint8_t l2tpha_policy_method(uint8_t global, const struct l2tpha_policy *policy)
{
    if (policy && policy->radius != L2TPHA_FAILOVER_NOT_CONFIGURED)
        return policy->radius;
    if (policy && policy->profile != L2TPHA_FAILOVER_NOT_CONFIGURED)
        return policy->profile;
    return global;
}

/* --- RADIUS --- */

int l2tpha_policy_radius_value(uint32_t value, uint8_t *method)
{
    if (!method)
        return L2TPHA_ERR_INVALID;
    if (value > L2TPHA_FAILOVER_FALLBACK)
        return L2TPHA_ERR_AVP_VALUE;
    *method = (uint8_t)value;
    return L2TPHA_OK;
}

/* The attribute's header; the cursor then stands at the vendor's attributes. */
static int open_vendor(struct reader *in, size_t len)
{
    uint8_t type = read_u8(in), length = read_u8(in);

    if (in->error)
        return in->error;
    if (type != VENDOR_SPECIFIC)
        return L2TPHA_ERR_NOT_FOUND;
    if (length > len)
        return L2TPHA_ERR_TRUNCATED;
    if (length != len)
        return L2TPHA_ERR_LENGTH;
    uint32_t vendor = read_u32(in);
    if (in->error)
        return in->error;
    return vendor == VENDOR_JUNOSE ? L2TPHA_OK : L2TPHA_ERR_NOT_FOUND;
}

/* One attribute of the vendor's; those of another type are passed over. */
static int read_resync(struct reader *in, bool *found, uint32_t *value)
{
    uint8_t type = read_u8(in), length = read_u8(in);

    if (in->error || length < ATTRIBUTE_HEADER)
        return L2TPHA_ERR_MALFORMED;
    struct reader body = read_sub(in, length - ATTRIBUTE_HEADER);
    if (in->error)
        return L2TPHA_ERR_MALFORMED;
    if (type != VENDOR_RESYNC_METHOD)
        return L2TPHA_OK;
    if (*found)
        return L2TPHA_ERR_AVP_DUPLICATE;
    if (length != ATTRIBUTE_HEADER + INTEGER_LEN)
        return L2TPHA_ERR_AVP_LENGTH;
    *value = read_u32(&body);
    *found = true;
    return L2TPHA_OK;
}

int l2tpha_policy_radius_attribute(const uint8_t *data, size_t len, uint8_t *method)
{
    bool found = false;
    uint32_t value = 0;

    if ((!data && len) || !method)
        return L2TPHA_ERR_INVALID;
    struct reader in = reader_over(data, len);
    int error = open_vendor(&in, len);
    while (!error && reader_left(&in) > 0)
        error = read_resync(&in, &found, &value);
    if (error)
        return error;
    return found ? l2tpha_policy_radius_value(value, method) : L2TPHA_ERR_NOT_FOUND;
}

/* --- attribute-value pairs --- */

/* Attribute names are matched whatever their case. */
static bool is_word(const char *text, size_t len, const char *word)
{
    if (len != strlen(word))
        return false;
    for (size_t i = 0; i < len; i++) {
        char letter = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
        if (letter != word[i])
            return false;
    }
    return true;
}

static size_t find_separator(const char *text, size_t len)
{
    size_t at = 0;

    while (at < len && text[at] != '=' && text[at] != '*')
        at++;
    return at;
}

static bool is_resync(const char *name, size_t len)
{
    const char *colon = memchr(name, ':', len);

    if (colon) {
        if (!is_word(name, (size_t)(colon - name), "vpdn"))
            return false;
        len -= (size_t)(colon + 1 - name);
        name = colon + 1;
    }
    return is_word(name, len, "l2tp-tunnel-resync-packets") ||
           is_word(name, len, "l2tp-resync-packets");
}

int l2tpha_policy_resync_pair(const char *text, size_t len, uint32_t *packets)
{
    uint32_t value = 0;

    if (!text || !packets)
        return L2TPHA_ERR_INVALID;
    size_t at = find_separator(text, len);
    if (!is_resync(text, at))
        return L2TPHA_ERR_NOT_FOUND;
    if (len - at < 2)
        return L2TPHA_ERR_MALFORMED;
    while (++at < len) {
        if (text[at] < '0' || text[at] > '9')
            return L2TPHA_ERR_MALFORMED;
        if (value <= L2TPHA_RESYNC_PACKETS_MAX) /* the rest is looked at, too */
            value = value * 10 + (uint32_t)(text[at] - '0');
    }
    if (value == 0 || value > L2TPHA_RESYNC_PACKETS_MAX)
        return L2TPHA_ERR_AVP_VALUE;
    *packets = value;
    return L2TPHA_OK;
}
