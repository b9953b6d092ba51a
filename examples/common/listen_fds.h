/* SPDX-License-Identifier: MIT */
/* Descriptors that a service manager hands to a program that it starts, as sd_listen_fds(3) has
 * it: from 3 on, so many as LISTEN_FDS says, named by LISTEN_FDNAMES, for the process LISTEN_PID.
 */
#ifndef EXAMPLES_LISTEN_FDS_H
#define EXAMPLES_LISTEN_FDS_H

#include <l2tpha/types.h>
#include <sys/types.h>

#define LISTEN_FDS_FIRST 3
#define LISTEN_FDS_MAX 64
#define LISTEN_FDS_NAME_MAX 255
#define LISTEN_FDS_WHY_MAX 160

struct listen_fds {
    unsigned count;
    const char *names; /* with colons between; borrowed */
};

/* What the environment says; NULL where it says nothing. self: this process. NULL, or what is
 * wrong: then there are none. */
const char *listen_fds_parse(const char *pid, const char *fds, const char *names, pid_t self,
                             struct listen_fds *found);

/* The name of the one at this index, from 0; "" = it has none. Returns dst. */
const char *listen_fds_name(const struct listen_fds *found, unsigned index,
                            char dst[LISTEN_FDS_NAME_MAX + 1]);

/* Whether a descriptor is the UDP socket that would have been opened for this address: NULL, or
 * what is wrong with it. */
const char *listen_fds_check(int fd, const struct l2tpha_address *wanted,
                             char why[LISTEN_FDS_WHY_MAX]);

#endif
