/* SPDX-License-Identifier: MIT */
/* Any datagram: decode, unhide with a secret, check, read everything; what was accepted is built
 * again and must decode to the same AVPs. */
#include "crypto/crypto.h"
#include <l2tpha/builder.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static const uint8_t secret[] = "correct horse";
static volatile unsigned sink; /* reading must not be optimised away */
static uint8_t scratch[L2TPHA_DATAGRAM_MAX], rebuilt[L2TPHA_DATAGRAM_MAX];

/* Sum of all octets in view, so that each of them is really read. */
static unsigned read_value(const struct l2tpha_avp *avp)
{
    unsigned sum = 0;

    for (uint16_t i = 0; i < avp->len; i++)
        sum += avp->value[i];
    return sum;
}

static unsigned read_all(const struct l2tpha_message *message)
{
    unsigned sum = 0;

    for (uint16_t i = 0; i < message->avp_count; i++)
        sum += read_value(&message->avps[i]);
    for (uint16_t type = 0; type < L2TPHA_AVP_TYPES; type++) {
        struct l2tpha_avp_cursor cursor = {0};
        while (l2tpha_message_each(message, type, &cursor))
            sum += read_value(&cursor.avp);
    }
    return sum;
}

static void tell_fault(const struct l2tpha_decode_fault *fault)
{
    char text[40];

    REQUIRE(fault->error < 0 && fault->why);
    REQUIRE(l2tpha_fault_general_error(fault) <= 8);
    REQUIRE(l2tpha_fault_text(fault, text, sizeof(text)) == strlen(text));
}

static void read_header(const uint8_t *data, size_t size)
{
    struct l2tpha_header header, again;
    size_t len;

    if (l2tpha_header_decode(data, size, &header))
        return;
    REQUIRE(header.header_len <= header.length && header.length <= size);
    REQUIRE(l2tpha_header_encode(&header, rebuilt, sizeof(rebuilt), &len) == L2TPHA_OK);
    REQUIRE(len == header.header_len);
    REQUIRE(l2tpha_header_decode(rebuilt, header.length, &again) == L2TPHA_OK);
    REQUIRE(again.header_len == header.header_len && again.tunnel_id == header.tunnel_id);
}

/* Tunnel Recovery is taken from an SCCRP but never put there. */
static bool can_be_sent(const struct l2tpha_message *message, const struct l2tpha_avp *avp)
{
    const struct l2tpha_avp_info *info = l2tpha_avp_info_find(avp->vendor, avp->type);

    return !info || info->messages >> message->type & 1;
}

static size_t rebuild(const struct l2tpha_message *message)
{
    struct l2tpha_builder builder;
    size_t len;

    l2tpha_builder_begin(&builder, rebuilt, sizeof(rebuilt), message->type,
                         message->header.tunnel_id, message->header.session_id);
    for (uint16_t i = 1; i < message->avp_count; i++) {
        const struct l2tpha_avp *avp = &message->avps[i];
        if (!can_be_sent(message, avp))
            continue;
        if (avp->vendor)
            l2tpha_builder_put_raw(&builder, avp->mandatory, avp->vendor, avp->type, avp->value,
                                   avp->len);
        else
            l2tpha_builder_put_bytes(&builder, avp->type, avp->value, avp->len);
    }
    REQUIRE(l2tpha_builder_end(&builder, &len) == L2TPHA_OK);
    return len;
}

static void compare(const struct l2tpha_message *a, const struct l2tpha_message *b)
{
    REQUIRE(a->type == b->type && b->ignored == 0 && b->hidden == 0);
    for (uint16_t i = 0, k = 0; i < a->avp_count; i++) {
        if (!can_be_sent(a, &a->avps[i]))
            continue;
        REQUIRE(k < b->avp_count && a->avps[i].type == b->avps[k].type);
        REQUIRE(a->avps[i].len == b->avps[k].len);
        REQUIRE(a->avps[i].len == 0 ||
                memcmp(a->avps[i].value, b->avps[k].value, a->avps[i].len) == 0);
        k++;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct l2tpha_message message, again;
    struct l2tpha_hiding hiding = {tests_crypto(), secret, sizeof(secret) - 1};
    struct l2tpha_decode_fault fault;

    read_header(data, size);
    int error = l2tpha_message_decode(data, size, &message, &fault);
    sink = read_all(&message);
    if (!error) {
        error = l2tpha_message_unhide(&message, &hiding, scratch, message.body_len, &fault);
        sink = read_all(&message);
    }
    if (!error)
        error = l2tpha_message_check(&message, &fault);
    if (error) {
        tell_fault(&fault);
        return 0;
    }
    size_t len = rebuild(&message);
    REQUIRE(l2tpha_message_open(rebuilt, len, NULL, NULL, 0, &again, NULL) == L2TPHA_OK);
    compare(&message, &again);
    return 0;
}
