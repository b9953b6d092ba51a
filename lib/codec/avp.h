/* SPDX-License-Identifier: MIT */
/* One AVP on the wire, and the check of a value that decoder and builder share. */
#ifndef CODEC_AVP_H
#define CODEC_AVP_H

#include <l2tpha/avp.h>
#include <l2tpha/error.h>

#include "base/octets.h"

#define AVP_MANDATORY 0x8000
#define AVP_HIDDEN 0x4000
#define AVP_RESERVED 0x3c00
#define AVP_LENGTH 0x03ff

/* A walk over the AVPs of a body. */
struct avp_walk {
    const uint8_t *pos;
    const uint8_t *end;
    uint16_t reserved; /* reserved bits of the current AVP, which make it unrecognised */
    const char *why;   /* static text once the framing is broken */
    uint32_t value;    /* the length refused then */
};

static inline struct avp_walk avp_walk_over(const uint8_t *body, size_t len)
{
    return (struct avp_walk){.pos = body, .end = len ? body + len : body};
}

/* Step to the next AVP. False at the end, and with `why` set when the framing is broken: what
 * follows a wrong length cannot be found. */
bool avp_next(struct avp_walk *walk, struct l2tpha_avp *avp);

/* Whether a value in clear fits its registry row; L2TPHA_ERR_AVP_LENGTH or _AVP_VALUE if not. */
int avp_check_value(const struct l2tpha_avp_info *info, const uint8_t *value, size_t len);

#endif
