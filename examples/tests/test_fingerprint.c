/* SPDX-License-Identifier: MIT */
#include "common/fingerprint.h"
#include "common/options.h"
#include "fixture.h"

#include <string.h>

START_TEST(differences_are_told_by_option)
{
    static struct options ours, theirs; /* the nodes of a pair */
    char text[FINGERPRINT_TEXT_MAX];
    ck_assert_str_eq(fingerprint_differences(fingerprint_of(&ours), fingerprint_of(&theirs), text),
                     "");
    strcpy(theirs.secret, "x");
    theirs.window = 9;
    theirs.hello_s = 9; /* each node's own business */
    ck_assert_str_eq(fingerprint_differences(fingerprint_of(&ours), fingerprint_of(&theirs), text),
                     "--secret, --window");
    strcpy(theirs.name, "other");
    theirs.failover = 2;
    ck_assert_str_eq(fingerprint_differences(fingerprint_of(&ours), fingerprint_of(&theirs), text),
                     "--secret, --name, --window, --failover-resync");
    ck_assert_uint_lt(strlen(fingerprint_differences(0, UINT64_MAX, text)), sizeof(text) - 1);
}
END_TEST

Suite *suite_fingerprint(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("fingerprint", &tcase);
    tcase_add_test(tcase, differences_are_told_by_option);
    return suite;
}
