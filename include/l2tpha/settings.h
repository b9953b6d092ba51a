/* SPDX-License-Identifier: MIT */
/** @file
 *  The settings of struct l2tpha_config as data: names, defaults, ranges, units and texts. The
 *  library takes its defaults and limits from here, and so may a host's options and its show. */
#ifndef L2TPHA_SETTINGS_H
#define L2TPHA_SETTINGS_H

#include <l2tpha/node.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Kinds of members. */
enum l2tpha_setting_kind {
    L2TPHA_SETTING_TEXT,  /**< const char *: min and max count its bytes, 0 = may be NULL */
    L2TPHA_SETTING_BOOL,  /**< bool */
    L2TPHA_SETTING_NUMBER /**< unsigned integer or enum of some width */
};

/** What numbers count. */
enum l2tpha_unit {
    L2TPHA_UNIT_NONE, /**< a plain number */
    L2TPHA_UNIT_MS,   /**< milliseconds */
    L2TPHA_UNIT_MESSAGES,
    L2TPHA_UNIT_TUNNELS,
    L2TPHA_UNIT_SESSIONS,
    L2TPHA_UNIT_EVENTS,
    L2TPHA_UNIT_CHECKPOINTS,
    L2TPHA_UNIT_BYTES,
    L2TPHA_UNIT_FRAMES
};

/** One setting. Everything is constant. */
struct l2tpha_setting {
    const char *name; /**< the member of struct l2tpha_config, and its name in a log; see also
                           l2tpha_setting_text() */
    uint32_t min;     /**< least value */
    uint32_t max;     /**< greatest value; UINT32_MAX = whatever the member can hold */
    uint32_t unset;   /**< one more value that is allowed, outside the range; equal to min where
                           there is none */
    uint32_t initial; /**< the default */
    uint16_t offset;  /**< of the member */
    uint8_t size : 4; /**< of the member, bytes */
    uint8_t kind : 4; /**< enum l2tpha_setting_kind: what kind of member it is */
    uint8_t unit;     /**< enum l2tpha_unit: what a number counts */
};

/** All of them, in the order of the struct.
 *  @param[out] count  how many. */
L2TPHA_API const struct l2tpha_setting *l2tpha_settings(size_t *count);

/** What it is, in a few words; "" in a build without texts. Static.
 *  @param setting  of l2tpha_settings() or l2tpha_setting_find(), not a copy with a name of its
 * own. */
L2TPHA_API const char *l2tpha_setting_text(const struct l2tpha_setting *setting);

/** The word for a unit, such as "ms"; "" for a plain number. Static. */
L2TPHA_API const char *l2tpha_unit_name(enum l2tpha_unit unit);

/** The setting of this name; NULL = there is none. */
L2TPHA_API const struct l2tpha_setting *l2tpha_setting_find(const char *name);

/** The value of a number or bool in a configuration; 0 of a text. */
L2TPHA_API uint64_t l2tpha_setting_get(const struct l2tpha_setting *setting,
                                       const struct l2tpha_config *config);

/** Set a number or bool.
 *  @retval L2TPHA_ERR_INVALID  out of its range, or a text. */
L2TPHA_API int l2tpha_setting_set(const struct l2tpha_setting *setting,
                                  struct l2tpha_config *config, uint64_t value);

#ifdef __cplusplus
}
#endif
#endif
