/* SPDX-License-Identifier: MIT */
#include "crypto/crypto.h"

const struct l2tpha_crypto *tests_crypto(void)
{
    return l2tpha_crypto_nettle();
}
