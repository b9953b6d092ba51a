/* SPDX-License-Identifier: MIT */
/* Answers of etcd's JSON gateway: whatever they are, they are refused, or what is read of them is
 * sound and can be written and read again. The input's first octet says what it answers. */
#include "etcd/answer.h"
#include "etcd/head.h"
#include "fuzz/input.h"

#include <stdlib.h>
#include <string.h>

static void read_snapshot(const struct input *input, size_t puts)
{
    struct snapshot snapshot;
    struct l2tpha_claim back;
    struct keys keys;
    bool succeeded;
    char *text;

    keys_of("g", &keys);
    if (answer_snapshot((const char *)input->data, input->left, &keys, puts, &snapshot, &succeeded))
        return;
    const struct l2tpha_claim *claim = &snapshot.claim;
    if (snapshot.header.term == 0 || !claim->epoch != !snapshot.epoch_revision ||
        (snapshot.lease && !claim->leased) || !claim->revision != !claim->count)
        abort();
    if (!claim->revision)
        return;
    if (claim_text(NULL, claim, &text) != L2TPHA_OK ||
        claim_read(text, strlen(text), &back) != L2TPHA_OK || !claim_same(claim, &back))
        abort();
    talloc_free(text);
}

static void read_base64(const struct input *input)
{
    char data[256], text[BASE64_SIZE(256)];
    size_t len;

    if (!base64_decode((const char *)input->data, input->left, data, sizeof(data), &len))
        return;
    base64_encode(data, len, text);
    if (len > sizeof(data) || strlen(text) != input->left)
        abort();
}

static void read_head(const struct input *input)
{
    struct head head, back;

    if (head_read((const char *)input->data, input->left, &head) != L2TPHA_OK)
        return;
    char *text = head_text(NULL, &head);
    if (!text || head_read(text, strlen(text), &back) != L2TPHA_OK ||
        strcmp(head.owner, back.owner) != 0 || head.epoch != back.epoch || head.copy != back.copy ||
        head.cluster != back.cluster)
        abort();
    talloc_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct input input = {data, len};
    uint8_t what = take(&input);
    const char *text = (const char *)input.data;
    struct l2tpha_claim claim;
    struct header header;
    struct lease lease;

    switch (what == 9 ? 9 : what % 8) {
    case 0:
        if (answer_granted(text, input.left, &lease) == L2TPHA_OK && !lease.id)
            abort();
        break;
    case 1:
        if (answer_renewed(text, input.left, &lease) == L2TPHA_OK && !lease.id)
            abort();
        break;
    case 2:
        (void)answer_revoked(text, input.left, &header);
        break;
    case 3:
        if (!answer_fault(text, input.left).status)
            abort();
        break;
    case 4:
        if (claim_read(text, input.left, &claim) == L2TPHA_OK && !claim.epoch)
            abort();
        break;
    case 5:
        read_base64(&input);
        break;
    case 9:
        read_head(&input);
        break;
    default:
        read_snapshot(&input, what % 8 == 6 ? 0 : TAKE_PUTS);
    }
    return 0;
}
