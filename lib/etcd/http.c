/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_MAX 64 /* sockets served in one turn; others in the next */
#define ROOM 16384    /* for an answer, at first */

struct http {
    const struct place *place;
    struct l2tpha_etcd_tls tls;
    bool secure;
    size_t answer_max;
    CURLM *multi;
    struct curl_slist *headers;
    struct curl_slist *resolved;
    struct request requests[REQUESTS_MAX];
    int epoll;
    uint64_t now;
    uint64_t timer_at;
};

/* --- what libcurl tells --- */

/* A socket that cannot be watched makes its request late. */
static int on_socket(CURL *easy, curl_socket_t socket, int what, void *user, void *known)
{
    struct http *http = user;
    struct epoll_event event = {.data.fd = socket};

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(http->epoll, EPOLL_CTL_DEL, socket, NULL);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
                   (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
    (void)epoll_ctl(http->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
    curl_multi_assign(http->multi, socket, http);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *user)
{
    struct http *http = user;

    (void)multi;
    http->timer_at = timeout_ms < 0 ? L2TPHA_NEVER : http->now + (uint64_t)timeout_ms * 1000;
    return 0;
}

static bool make_room(struct request *request, size_t len)
{
    size_t room = request->room ? request->room : ROOM, most = request->http->answer_max;

    request->too_long = len > most - request->len;
    if (request->too_long)
        return false;
    while (room < request->len + len)
        room *= 2;
    if (room == request->room)
        return true;
    char *grown = talloc_realloc(request->http, request->answer, char, room);
    if (!grown)
        return false;
    request->answer = grown;
    request->room = room;
    return true;
}

/* More than the limit is an error of the transfer. */
static size_t on_data(char *data, size_t size, size_t count, void *user)
{
    struct request *request = user;

    if (!make_room(request, size * count))
        return 0;
    memcpy(request->answer + request->len, data, size * count);
    request->len += size * count;
    return size * count;
}

static size_t on_header(char *data, size_t size, size_t count, void *user)
{
    struct request *request = user;

    (void)data;
    request->headers_len += size * count;
    return request->headers_len <= HEADERS_MAX ? size * count : 0;
}

/* --- requests --- */

static void end_request(struct request *request, CURLcode code)
{
    curl_off_t began = 0;

    curl_easy_getinfo(request->easy, CURLINFO_PRETRANSFER_TIME_T, &began);
    curl_multi_remove_handle(request->http->multi, request->easy);
    request->sent = began > 0;
    request->code = code;
    request->under_way = false;
    request->ended = true;
}

static void collect(struct http *http)
{
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(http->multi, &left))) {
        struct request *request;
        CURLcode code = message->data.result; /* the message goes with its handle */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&request);
        end_request(request, code);
    }
}

bool http_outcome(struct http *http, uint32_t which, struct outcome *outcome)
{
    struct request *request = &http->requests[which];

    if (!request->ended)
        return false;
    request->ended = false;
    *outcome = (struct outcome){
        .answer = request->answer, .len = request->len, .too_long = request->too_long};
    if (request->code != CURLE_OK)
        outcome->status = request->sent ? L2TPHA_ERR_TIMEOUT : L2TPHA_ERR_HOST;
    curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &outcome->code);
    return true;
}

int http_post(struct http *http, uint32_t which, uint32_t member, const char *path,
              const char *body, uint64_t until, uint64_t now)
{
    struct request *request = &http->requests[which];
    const struct member *to = &http->place->members[member];
    char url[HOST_TEXT_MAX + 64];

    http->now = now;
    snprintf(url, sizeof(url), "%s://%s:%s%s", http->secure ? "https" : "http", to->host, to->port,
             path);
    request->len = request->headers_len = 0;
    request->too_long = false;
    request->until = until;
    if (curl_easy_setopt(request->easy, CURLOPT_URL, url) != CURLE_OK ||
        curl_easy_setopt(request->easy, CURLOPT_POSTFIELDS, body) != CURLE_OK ||
        curl_multi_add_handle(http->multi, request->easy) != CURLM_OK)
        return L2TPHA_ERR_NOMEM;
    request->under_way = true;
    return L2TPHA_OK;
}

/* --- turns --- */

/* One at a time: a socket may be closed while another one is served. */
static void serve_sockets(struct http *http)
{
    struct epoll_event event;
    int running;

    for (int i = 0; i < EVENTS_MAX && epoll_wait(http->epoll, &event, 1, 0) == 1; i++) {
        int bits = (event.events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                   (event.events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (event.events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(http->multi, event.data.fd, bits, &running);
    }
}

void http_turn(struct http *http, uint64_t now)
{
    int running;

    http->now = now;
    if (now >= http->timer_at) {
        http->timer_at = L2TPHA_NEVER;
        curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    serve_sockets(http);
    collect(http);
    for (uint32_t i = 0; i < REQUESTS_MAX; i++)
        if (http->requests[i].under_way && now >= http->requests[i].until)
            end_request(&http->requests[i], CURLE_OPERATION_TIMEDOUT);
}

int http_fd(const struct http *http)
{
    return http->epoll;
}

uint64_t http_deadline(const struct http *http)
{
    uint64_t deadline = http->timer_at;

    for (uint32_t i = 0; i < REQUESTS_MAX; i++)
        if (http->requests[i].under_way && http->requests[i].until < deadline)
            deadline = http->requests[i].until;
    return deadline;
}

/* --- life --- */

/* NULL is the option's default. */
static bool set_text(CURL *easy, CURLoption option, const char *text)
{
    return !text || curl_easy_setopt(easy, option, text) == CURLE_OK;
}

/* No proxy of the environment, no redirect, no signal: libcurl 7.87 and later raise no SIGPIPE,
 * with TLS either. */
static bool prepare(struct http *http, struct request *request)
{
    CURL *easy = request->easy = curl_easy_init();

    request->http = http;
    return easy && curl_easy_setopt(easy, CURLOPT_PRIVATE, request) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, http->secure ? "https" : "http") ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_RESOLVE, http->resolved) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, request) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, request) == CURLE_OK &&
           set_text(easy, CURLOPT_CAINFO, http->tls.ca) &&
           set_text(easy, CURLOPT_SSLCERT, http->tls.certificate) &&
           set_text(easy, CURLOPT_SSLKEY, http->tls.key);
}

static bool add_text(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);

    *list = longer ? longer : *list;
    return longer;
}

static bool add_lists(struct http *http)
{
    bool added = add_text(&http->headers, "Content-Type: application/json") &&
                 add_text(&http->headers, "Expect:");

    for (uint32_t i = 0; i < http->place->count; i++)
        if (http->place->members[i].resolved[0] != '\0')
            added = added && add_text(&http->resolved, http->place->members[i].resolved);
    return added;
}

static bool open_all(struct http *http)
{
    http->epoll = epoll_create1(EPOLL_CLOEXEC);
    http->multi = curl_multi_init();
    if (http->epoll < 0 || !http->multi || !add_lists(http) ||
        curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket) != CURLM_OK ||
        curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http) != CURLM_OK ||
        curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer) != CURLM_OK ||
        curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http) != CURLM_OK)
        return false;
    for (uint32_t i = 0; i < REQUESTS_MAX; i++)
        if (!prepare(http, &http->requests[i]))
            return false;
    return true;
}

void http_free(struct http *http)
{
    for (uint32_t i = 0; i < REQUESTS_MAX; i++) {
        if (http->requests[i].under_way)
            curl_multi_remove_handle(http->multi, http->requests[i].easy);
        curl_easy_cleanup(http->requests[i].easy);
    }
    curl_multi_cleanup(http->multi);
    curl_slist_free_all(http->headers);
    curl_slist_free_all(http->resolved);
    if (http->epoll >= 0)
        close(http->epoll);
    talloc_free(http);
    curl_global_cleanup();
}

static bool copy_text(TALLOC_CTX *parent, const char *text, const char **copy)
{
    *copy = text ? talloc_strdup(parent, text) : NULL;
    return !text || *copy;
}

int http_new(TALLOC_CTX *parent, const struct place *place, const struct l2tpha_etcd_tls *tls,
             size_t answer_max, struct http **made)
{
    struct http *http = talloc_zero(parent, struct http);

    if (!http)
        return L2TPHA_ERR_NOMEM;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        talloc_free(http);
        return L2TPHA_ERR_HOST;
    }
    http->epoll = -1;
    http->place = place;
    http->timer_at = L2TPHA_NEVER;
    http->secure = tls;
    http->answer_max = answer_max;
    bool copied = !tls || (copy_text(http, tls->ca, &http->tls.ca) &&
                           copy_text(http, tls->certificate, &http->tls.certificate) &&
                           copy_text(http, tls->key, &http->tls.key));
    if (!copied || !open_all(http)) {
        http_free(http);
        return copied ? L2TPHA_ERR_HOST : L2TPHA_ERR_NOMEM;
    }
    *made = http;
    return L2TPHA_OK;
}
