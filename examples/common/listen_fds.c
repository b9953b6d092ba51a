/* SPDX-License-Identifier: MIT */
#include "listen_fds.h"
#include "pair/address.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Digits alone, up to max; false = it is none. */
static bool parse_number(const char *text, uint32_t max, uint32_t *number)
{
    uint64_t value = 0;
    const char *digit = text;
    for (; *digit >= '0' && *digit <= '9' && value <= max; digit++)
        value = value * 10 + (uint64_t)(*digit - '0');
    *number = (uint32_t)value;
    return digit != text && *digit == '\0' && value <= max;
}

const char *listen_fds_parse(const char *pid, const char *fds, const char *names, pid_t self,
                             struct listen_fds *found)
{
    uint32_t process, count;
    *found = (struct listen_fds){.names = names != NULL ? names : ""};
    if (pid == NULL || fds == NULL)
        return NULL;
    if (!parse_number(pid, INT32_MAX, &process) || process == 0)
        return "LISTEN_PID is no process id: no descriptor is taken";
    if (process != (uint32_t)self)
        return "LISTEN_PID is another process: no descriptor is taken";
    if (!parse_number(fds, LISTEN_FDS_MAX, &count))
        return "LISTEN_FDS is no number from 0 to 64: no descriptor is taken";
    found->count = count;
    return NULL;
}

const char *listen_fds_name(const struct listen_fds *found, unsigned index,
                            char dst[LISTEN_FDS_NAME_MAX + 1])
{
    const char *name = found->names;
    dst[0] = '\0';
    for (; index > 0; index--) {
        name += strcspn(name, ":");
        if (*name == '\0')
            return dst;
        name++;
    }
    size_t len = strcspn(name, ":");
    if (len <= LISTEN_FDS_NAME_MAX) {
        memcpy(dst, name, len);
        dst[len] = '\0';
    }
    return dst;
}

static int option_of(int fd, int name)
{
    int value = -1;
    socklen_t len = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 ? value : -1;
}

/* With port 0 any port is wanted. */
static bool is_bound_to(const struct l2tpha_address *bound, const struct l2tpha_address *wanted)
{
    uint16_t port = address_port(wanted);
    return address_same_host(bound, wanted) && (port == 0 || address_port(bound) == port);
}

const char *listen_fds_check(int fd, const struct l2tpha_address *wanted,
                             char why[LISTEN_FDS_WHY_MAX])
{
    char bound_text[ADDRESS_TEXT_MAX], wanted_text[ADDRESS_TEXT_MAX];
    struct sockaddr_storage socket = {0};
    socklen_t len = sizeof(socket), peer_len = sizeof(socket);
    struct l2tpha_address bound;
    if (fcntl(fd, F_GETFD) < 0)
        return "is not open";
    if (option_of(fd, SO_TYPE) < 0)
        return "is no socket";
    if (option_of(fd, SO_TYPE) != SOCK_DGRAM || option_of(fd, SO_PROTOCOL) != IPPROTO_UDP)
        return "is no UDP socket";
    if (getpeername(fd, (struct sockaddr *)&socket, &peer_len) == 0)
        return "is connected to one peer";
    if (getsockname(fd, (struct sockaddr *)&socket, &len) != 0)
        return strerror(errno);
    address_from_socket(&socket, &bound);
    if (address_port(&bound) != 0 && is_bound_to(&bound, wanted))
        return NULL;
    snprintf(why, LISTEN_FDS_WHY_MAX, "is bound to %s, and --listen says %s",
             address_text(&bound, bound_text), address_text(wanted, wanted_text));
    return why;
}
