/* SPDX-License-Identifier: MIT */
/** @file
 *  The release: of these headers, and of the library that a program runs with. The build takes its
 *  version from here. */
#ifndef L2TPHA_VERSION_H
#define L2TPHA_VERSION_H

#include <l2tpha/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Release of the headers. */
#define L2TPHA_VERSION_MAJOR 0
#define L2TPHA_VERSION_MINOR 2 /**< see L2TPHA_VERSION_MAJOR */
#define L2TPHA_VERSION_PATCH 0 /**< see L2TPHA_VERSION_MAJOR */

/** The same as a text. */
#define L2TPHA_VERSION "0.2.0"

/** The same as a number that grows with each release, two decimal digits for the minor one and two
 *  for the patch: 10203 is 1.2.3. */
#define L2TPHA_VERSION_NUMBER                                                                      \
    (L2TPHA_VERSION_MAJOR * 10000 + L2TPHA_VERSION_MINOR * 100 + L2TPHA_VERSION_PATCH)

/** Release of the library that is linked, such as "0.2.0". Static. */
L2TPHA_API const char *l2tpha_version(void);

/** The same as L2TPHA_VERSION_NUMBER of that release. */
L2TPHA_API uint32_t l2tpha_version_number(void);

#ifdef __cplusplus
}
#endif
#endif
