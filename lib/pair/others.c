/* SPDX-License-Identifier: MIT */
#include "others.h"

#include <string.h>

static const char *add_one(struct others *others, const char *text, bool far)
{
    struct other *other = &others->list[others->count];
    if (others->count == OTHERS_MAX)
        return "too many other nodes (5 at most)";
    const char *why = endpoint_parse(text, &other->endpoint);
    if (why != NULL)
        return why;
    if (others->count > 0 &&
        (other->endpoint.kind == ENDPOINT_UNIX || others->list[0].endpoint.kind == ENDPOINT_UNIX))
        return "there is one other node over unix:";
    if (other->endpoint.kind == ENDPOINT_UNIX && far)
        return "a node over unix: is not far";
    other->far = far;
    others->count++;
    return NULL;
}

/* A path may have a comma in it. */
const char *others_add(struct others *others, const char *text, bool far)
{
    char one[ENDPOINT_OPTION_MAX];
    const char *why;
    do {
        size_t len = strncmp(text, "unix:", 5) == 0 ? strlen(text) : strcspn(text, ",");
        if (len >= sizeof(one))
            return "too long";
        memcpy(one, text, len);
        one[len] = '\0';
        why = add_one(others, one, far);
        text += len;
    } while (why == NULL && *text++ == ',');
    return why;
}

bool others_are_beyond_loopback(const struct others *others)
{
    bool beyond = false;
    for (unsigned i = 0; i < others->count; i++)
        beyond |= endpoint_is_beyond_loopback(&others->list[i].endpoint);
    return beyond;
}

unsigned others_at(const struct others *others, const struct sockaddr_storage *socket)
{
    struct l2tpha_address here, there;
    unsigned i;
    address_from_socket(socket, &here);
    for (i = 0; i < others->count; i++) {
        address_from_socket(&others->list[i].endpoint.socket, &there);
        if (address_same_host(&here, &there))
            return i;
    }
    return OTHERS_NONE;
}
