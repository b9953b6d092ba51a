/* SPDX-License-Identifier: MIT */
/* Requests over HTTP/1.1: libcurl's sockets and timer behind one descriptor and one deadline. */
#ifndef ETCD_HTTP_H
#define ETCD_HTTP_H

#include "place.h"

#include <curl/curl.h>

#define REQUESTS_MAX 2
#define HEADERS_MAX 16384

struct http;

struct request {
    struct http *http;
    CURL *easy;
    bool under_way;
    bool ended;
    bool sent; /* of it a part, perhaps */
    CURLcode code;
    uint64_t until;
    char *answer;
    size_t len, room;
    bool too_long;
    size_t headers_len;
};

/* What came of a request. */
struct outcome {
    int status; /* 0: there is a whole answer. HOST: it was not sent. TIMEOUT: maybe it was */
    long code;  /* of HTTP */
    bool too_long;
    const char *answer;
    size_t len;
};

/* The place is the caller's, and lasts. answer_max: octets of an answer. HOST, NOMEM. */
int http_new(TALLOC_CTX *parent, const struct place *place, const struct l2tpha_etcd_tls *tls,
             size_t answer_max, struct http **http);
void http_free(struct http *http);

/* Ask a member, by POST; body is the caller's, and lasts until there is an outcome. until: then it
 * is late. */
int http_post(struct http *http, uint32_t which, uint32_t member, const char *path,
              const char *body, uint64_t until, uint64_t now);
/* What has come is read before anything counts as late. */
void http_turn(struct http *http, uint64_t now);
/* Once for each request; valid until the next one. */
bool http_outcome(struct http *http, uint32_t which, struct outcome *outcome);

int http_fd(const struct http *http);
uint64_t http_deadline(const struct http *http);

#endif
