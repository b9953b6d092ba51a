/* SPDX-License-Identifier: MIT */
/* In place of result_text.c in a library without L2TPHA_OBSERVE: whoever writes of a code has it.
 */
#include <l2tpha/message.h>

const char *l2tpha_result_text(uint16_t type, uint16_t result)
{
    (void)type, (void)result;
    return "code";
}

const char *l2tpha_general_error_text(uint16_t error)
{
    (void)error;
    return "code";
}

const char *l2tpha_ppp_cause_text(uint16_t code)
{
    (void)code;
    return "code";
}
