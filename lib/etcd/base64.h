/* SPDX-License-Identifier: MIT */
/* Base64 (RFC 4648 4): keys and values in JSON. */
#ifndef ETCD_BASE64_H
#define ETCD_BASE64_H

#include <l2tpha/types.h>

/* Octets of a text of so many, with its terminator. */
#define BASE64_SIZE(len) (((len) + 2) / 3 * 4 + 1)

/* dst has BASE64_SIZE(len) octets. */
void base64_encode(const char *data, size_t len, char *dst);

/* False: it is none, or longer than size. */
bool base64_decode(const char *text, size_t text_len, char *dst, size_t size, size_t *len);

#endif
