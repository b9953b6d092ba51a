/* SPDX-License-Identifier: MIT */
/* The crypto that tests give to nodes and peers: the adapter's, or where the library is built
 * without one, an MD5 of the tests. */
#ifndef TESTS_CRYPTO_H
#define TESTS_CRYPTO_H

#include <l2tpha/crypto.h>

const struct l2tpha_crypto *tests_crypto(void);

#endif
