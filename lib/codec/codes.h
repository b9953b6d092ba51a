/* SPDX-License-Identifier: MIT */
/* Result and error codes of RFC 2661 4.4.2 that this end uses. The two messages have result codes
 * of their own, but for 1 and 2; the general error codes are common to both. */
#ifndef CODEC_CODES_H
#define CODEC_CODES_H

#define RESULT_GENERAL 2 /* of a StopCCN or CDN: the error code says what */

/* --- StopCCN --- */
#define RESULT_CLEAR 1        /* general request to clear */
#define RESULT_UNAUTHORIZED 4 /* the requester may not establish a control channel */
#define RESULT_VERSION 5      /* the error code is the highest version supported */
#define RESULT_SHUTDOWN 6     /* the requester is being shut down */
#define RESULT_STATE 7        /* finite state machine error */

/* --- CDN --- */
#define RESULT_TEMPORARY 4    /* no appropriate facilities, for a while */
#define RESULT_PERMANENT 5    /* ... for good */
#define RESULT_NOT_IN_TIME 10 /* not established within the time allotted */
#define RESULT_NO_FRAMING 11  /* connected, but no appropriate framing was detected */

/* --- general error codes --- */
#define ERROR_NO_CONNECTION 1 /* no control connection exists yet for this pair */
#define ERROR_VALUE 3         /* a field was out of range, or a reserved one not zero */
#define ERROR_RESOURCES 4     /* not enough of them now */
#define ERROR_SESSION_ID 5    /* the Session ID is invalid in this context */
#define ERROR_VENDOR 6        /* vendor-specific: what no other code says */
#define ERROR_UNKNOWN_AVP 8   /* unknown, with the M bit set */

#endif
