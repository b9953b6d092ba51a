/* SPDX-License-Identifier: MIT */
/* What the sealed link costs on this machine: a handshake, and records of several lengths there and
 * back, for each suite and adapter. The best of several runs, in time of the processor. Build
 * without sanitizers. */
#include <l2tpha/seal.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 5
#define HANDSHAKES 200
#define BYTES (8u << 20)
#define KEYS "key 1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"

static const struct l2tpha_crypto *(*const adapters[])(void) = {
#ifdef BENCH_NETTLE
    l2tpha_crypto_nettle,
#endif
#ifdef BENCH_MBEDTLS
    l2tpha_crypto_mbedtls,
#endif
};
#define ADAPTERS (sizeof(adapters) / sizeof(adapters[0]))

static double clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void check(int error)
{
    if (error == L2TPHA_OK)
        return;
    fprintf(stderr, "%s\n", l2tpha_strerror(error));
    exit(EXIT_FAILURE);
}

static int draw(void *user, uint8_t *dst, size_t len)
{
    static uint8_t next;
    (void)user;
    for (size_t i = 0; i < len; i++)
        dst[i] = next++;
    return 0;
}

struct two {
    struct l2tpha_seal_keys *keys;
    struct l2tpha_seal *seal[2];
};

static void carry(struct two *two, int from)
{
    const uint8_t *data;
    struct l2tpha_bytes plain;
    size_t used, len = l2tpha_seal_poll(two->seal[from], &data);

    for (size_t at = 0; at < len; at += used)
        check(l2tpha_seal_feed(two->seal[1 - from], data + at, len - at, &used, &plain, 0));
    l2tpha_seal_sent(two->seal[from], len);
}

static void begin(struct two *two, const struct l2tpha_crypto *crypto)
{
    struct l2tpha_seal_options options = {
        .size = sizeof(options), .crypto = crypto, .keys = two->keys, .random = draw};

    check(l2tpha_seal_new(NULL, &options, 0, &two->seal[0]));
    options.accept = true;
    check(l2tpha_seal_new(NULL, &options, 0, &two->seal[1]));
    carry(two, 0);
    carry(two, 1);
    carry(two, 0);
}

static void end(struct two *two)
{
    l2tpha_seal_free(two->seal[0]);
    l2tpha_seal_free(two->seal[1]);
}

static void bench_handshake(struct two *two, const struct l2tpha_crypto *crypto, const char *suite)
{
    double best = 1e30;

    for (int round = 0; round < ROUNDS; round++) {
        double start = clock_us();
        for (int i = 0; i < HANDSHAKES; i++) {
            begin(two, crypto);
            end(two);
        }
        double each = (clock_us() - start) / HANDSHAKES;
        best = each < best ? each : best;
    }
    printf("%-8s %-7s handshake, both ends    %10.1f us\n", crypto->name, suite, best);
}

static void bench_records(struct two *two, const struct l2tpha_crypto *crypto, const char *suite,
                          size_t len)
{
    uint8_t *data = calloc(1, len);
    size_t used, count = BYTES / len < 20000 ? BYTES / len : 20000;
    double best = 1e30;

    begin(two, crypto);
    for (int round = 0; round < ROUNDS && data != NULL; round++) {
        double start = clock_us();
        for (size_t i = 0; i < count; i++) {
            check(l2tpha_seal_write(two->seal[0], data, len, &used, 0));
            carry(two, 0);
        }
        double each = (clock_us() - start) * 1e3 / (double)count;
        best = each < best ? each : best;
    }
    printf("%-8s %-7s %6zu bytes, there and back %8.0f ns %8.2f ns/byte\n", crypto->name, suite,
           len, best, best / (double)len);
    end(two);
    free(data);
}

int main(void)
{
    static const char *const files[] = {KEYS, KEYS "suite aes\n"};
    static const char *const names[] = {"chacha", "aes"};
    static const size_t lens[] = {41, 1400, 16384, L2TPHA_SEAL_PIECE_MAX};

    for (size_t i = 0; i < ADAPTERS; i++) {
        for (size_t suite = 0; suite < 2; suite++) {
            const struct l2tpha_crypto *crypto = adapters[i]();
            struct two two = {0};
            check(l2tpha_seal_keys_new(NULL, crypto, files[suite], strlen(files[suite]), NULL,
                                       &two.keys));
            bench_handshake(&two, crypto, names[suite]);
            for (size_t k = 0; k < sizeof(lens) / sizeof(lens[0]); k++)
                bench_records(&two, crypto, names[suite], lens[k]);
            l2tpha_seal_keys_free(two.keys);
        }
    }
    return EXIT_SUCCESS;
}
