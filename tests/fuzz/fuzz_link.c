/* SPDX-License-Identifier: MIT */
/* A link against a peer that sends anything. First byte: bit 0 = we are the active, bit 1 = a HELLO
 * that fits has come before, the rest = how the input is cut. Whatever comes, the node hears of at
 * most one end, and a link that has ended stays so. */
#include "redundancy/link.h"
#include "redundancy/link_frame.h"

#include <stdio.h>
#include <stdlib.h>

#define STEP 400000 /* microseconds between two pieces */

/* How often each thing about digests was done, whatever the input: the corpus does all of it. */
static struct {
    unsigned asked, repaired, alike, different, compared, replaced;
} reached;

struct fake {
    enum l2tpha_role role;
    uint64_t epoch;
    uint64_t last;
    unsigned ends;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static enum l2tpha_role role(void *user)
{
    return ((struct fake *)user)->role;
}

static uint64_t epoch(void *user)
{
    return ((struct fake *)user)->epoch;
}

static uint64_t last(void *user)
{
    return ((struct fake *)user)->last;
}

static int bulk(void *user, uint64_t now)
{
    struct fake *fake = user;

    (void)now, (void)epoch;
    fake->role = L2TPHA_ROLE_ACTIVE_BULK;
    return 0;
}

static int done(void *user, uint64_t number, int status, uint64_t now)
{
    struct fake *fake = user;

    (void)now, (void)epoch;
    require(number <= fake->last && status <= 0);
    fake->role = status ? L2TPHA_ROLE_ACTIVE_SOLO : L2TPHA_ROLE_ACTIVE;
    fake->ends += status != 0;
    return 0;
}

/* The bytes decide, so that each is read. */
static int apply(void *user, uint64_t epoch, const uint8_t *data, size_t len, uint64_t now,
                 uint64_t *number)
{
    static const int answers[] = {0, 0, L2TPHA_ERR_GAP, L2TPHA_ERR_DIGEST, L2TPHA_ERR_RECORD};
    struct fake *fake = user;
    uint8_t sum = 0;

    (void)now, (void)epoch;
    for (size_t i = 0; i < len; i++)
        sum ^= data[i];
    int error = len ? answers[sum % 5] : L2TPHA_ERR_RECORD;
    if (!error)
        *number = ++fake->last;
    return error;
}

/* All of what it is told is there, and some of it is enough. */
static size_t ahead(void *user, const struct l2tpha_bytes *checkpoints, size_t count)
{
    volatile uint8_t octet = 0;

    (void)user;
    for (size_t i = 0; i < count; i++)
        for (size_t at = 0; at < checkpoints[i].len; at++)
            octet = checkpoints[i].data[at];
    (void)octet;
    return 1 + checkpoints[0].len % count;
}

static void leave(void *user, bool stop, uint64_t now)
{
    struct fake *fake = user;

    (void)now, (void)epoch;
    if (!stop)
        return;
    fake->role = L2TPHA_ROLE_ACTIVE_SOLO;
    fake->ends++;
}

static int fence(void *user, uint64_t newer, uint64_t now)
{
    struct fake *fake = user;

    (void)now, (void)epoch;
    require(newer > fake->epoch);
    fake->role = L2TPHA_ROLE_FENCED;
    fake->ends++;
    return 0;
}

static uint32_t level(void *user)
{
    (void)user;
    return 1;
}

static void meets(void *user, uint32_t theirs, bool ungated)
{
    (void)user, (void)theirs, (void)ungated;
}

static uint32_t rank(void *user)
{
    (void)user;
    return L2TPHA_RANK_NONE;
}

static bool hand(void *user, uint64_t now)
{
    (void)user, (void)now;
    return true;
}

static int resume_copy(void *user, uint64_t copy, uint64_t last, uint64_t now)
{
    (void)user, (void)copy, (void)last, (void)now;
    return L2TPHA_ERR_NOT_FOUND;
}

static uint64_t whole(void *user)
{
    (void)user;
    return 0;
}

static uint32_t consumer(void *user)
{
    (void)user;
    return 1;
}

static bool listens(void *user)
{
    return ((const struct fake *)user)->role != L2TPHA_ROLE_ACTIVE_SOLO;
}

static bool in_sync(void *user)
{
    return ((const struct fake *)user)->role == L2TPHA_ROLE_ACTIVE;
}

static void met(void *user, uint64_t newest)
{
    (void)user, (void)newest;
}

static uint64_t present(void *user, bool away, uint64_t until, uint64_t now)
{
    (void)user;
    require(until >= now);
    return away;
}

static void tell(void *user, uint64_t now)
{
    (void)user, (void)now;
}

static void tell_since(void *user, uint64_t since, uint64_t now)
{
    (void)user;
    require(since <= now);
}

static int next(void *user, uint64_t position, struct link_bucket *bucket, uint64_t *pause)
{
    const struct fake *fake = user;

    (void)position;
    *pause = STEP / 2;
    if (fake->role > L2TPHA_ROLE_ACTIVE)
        return L2TPHA_ERR_STATE;
    reached.asked++;
    bucket->number = fake->last;
    bucket->last = bucket->first >= 200 ? UINT64_MAX : bucket->first + 99;
    bucket->digest = bucket->first;
    return L2TPHA_OK;
}

static int repair(void *user, uint64_t position, struct link_bucket *bucket,
                  struct l2tpha_bytes *data, uint64_t *pause)
{
    static const uint8_t content[] = "all of it";

    (void)user, (void)position, (void)bucket;
    *pause = STEP / 2;
    reached.repaired++;
    *data = (struct l2tpha_bytes){content, sizeof(content)};
    return L2TPHA_OK;
}

static bool differs(void *user, const struct link_bucket *bucket, uint64_t now)
{
    (void)user, (void)now;
    reached.different++;
    return bucket->number % 5 != 0;
}

static void alike(void *user, const struct link_bucket *bucket, uint64_t now)
{
    (void)user, (void)bucket, (void)now;
    reached.alike++;
}

static int compare(void *user, const struct link_bucket *bucket, struct l2tpha_bytes data,
                   uint64_t now)
{
    static const int answers[] = {0, L2TPHA_ERR_DIGEST, L2TPHA_ERR_STATE};

    (void)now;
    require(bucket->first <= bucket->last);
    ahead(user, &data, 1);
    reached.compared++;
    reached.replaced += data.len > 0;
    return answers[bucket->digest % 3];
}

static const struct digest_ops digests = {
    .next = next, .repair = repair, .differs = differs, .alike = alike, .compare = compare};

static int feed_hello(struct l2tpha_link *link, bool active)
{
    const struct link_hello hello = {.version_min = LINK_VERSION_MIN,
                                     .version_max = LINK_VERSION_MAX,
                                     .capabilities = HELLO_DIGESTS,
                                     .side = active ? SIDE_STANDBY : SIDE_ACTIVE,
                                     .last = active ? 0 : 9,
                                     .heartbeat_ms = 50,
                                     .rank = L2TPHA_RANK_NONE,
                                     .level = L2TPHA_LEVEL,
                                     .level_min = 1};
    uint8_t frame[FRAME_HEADER + HELLO_MAX];
    size_t body = hello_len(&hello);
    struct writer out = writer_over(frame, FRAME_HEADER + body);

    write_u32(&out, (uint32_t)(FRAME_HEADER - FRAME_LENGTH + body));
    write_u8(&out, FRAME_HELLO);
    write_u64(&out, 5);
    hello_write(&out, &hello);
    return l2tpha_link_feed(link, frame, FRAME_HEADER + body, 0);
}

static void feed_pieces(struct l2tpha_link *link, struct fake *fake, size_t piece,
                        const uint8_t *data, size_t len)
{
    int ended = 0;
    uint64_t now = 0;

    while (len > 0) {
        size_t used = piece < len ? piece : len;
        uint8_t *copy = malloc(used); /* its end is the end of what may be read */
        memcpy(copy, data, used);
        int error = l2tpha_link_feed(link, copy, used, now);
        free(copy);
        require(!ended || error == ended);
        now += STEP;
        if (!error)
            error = l2tpha_link_expire(link, now);
        ended = error;
        data += used;
        len -= used;
        if (!ended && fake->role <= L2TPHA_ROLE_ACTIVE) {
            uint8_t bytes[3] = {0};
            int sent = l2tpha_link_send(link, fake->last + 1, bytes, sizeof(bytes), now);
            fake->last += sent == 0;
        }
    }
    require(fake->ends <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    bool active = data[0] & 1;
    struct fake fake = {active ? L2TPHA_ROLE_ACTIVE_SOLO : L2TPHA_ROLE_STANDBY_HOT, 5, 9, 0};
    struct link_ops ops = {.user = &fake,
                           .digests = &digests,
                           .ahead = ahead,
                           .role = role,
                           .rank = rank,
                           .level = level,
                           .meets = meets,
                           .epoch = epoch,
                           .last = last,
                           .met = met,
                           .hand = hand,
                           .copy = bulk,
                           .done = done,
                           .consumer = consumer,
                           .resume_copy = resume_copy,
                           .whole = whole,
                           .listens = listens,
                           .in_sync = in_sync,
                           .apply = apply,
                           .leave = leave,
                           .fence = fence,
                           .present = present,
                           .unheard = tell_since,
                           .heard = tell,
                           .cut = tell_since,
                           .resume = tell};
    struct l2tpha_link_options options = {.size = sizeof(options), .max_queue = 4096};
    struct l2tpha_link *link;

    require(link_new(NULL, &ops, &options, 0, &link) == 0);
    require(!(data[0] & 2) || feed_hello(link, active) == 0);
    feed_pieces(link, &fake, data[0] < 4 ? len : (size_t)data[0] >> 2, data + 1, len - 1);
    l2tpha_link_free(link, 0);
    return 0;
}

#ifdef REPLAY_END
/* Behind the corpus: a change of the frames or of the HELLO has not left it behind. */
int REPLAY_END(void);
int REPLAY_END(void)
{
    printf("digests: %u asked, %u alike, %u different, %u repaired; %u compared, %u replaced\n",
           reached.asked, reached.alike, reached.different, reached.repaired, reached.compared,
           reached.replaced);
    return reached.asked && reached.alike && reached.different && reached.repaired &&
           reached.compared && reached.replaced;
}
#endif
