/* SPDX-License-Identifier: MIT */
/* In place of error_text.c in a library without L2TPHA_OBSERVE: an error's name has to do. */
#include <l2tpha/error.h>

const char *l2tpha_strerror(int error)
{
    return l2tpha_error_name(error);
}
