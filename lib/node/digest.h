/* SPDX-License-Identifier: MIT */
/* Digests of what active and standby hold, for a link. */
#ifndef NODE_DIGEST_H
#define NODE_DIGEST_H

struct digest_ops;

/* Of a struct port; NULL in a library without L2TPHA_DIGESTS. */
const struct digest_ops *node_digests(void);

#endif
