/* SPDX-License-Identifier: MIT */
/* Settings as data: what a node takes is what the table says. */
#include "fixture.h"
#include "node/settings.h"

#include <stddef.h>
#include <string.h>

static struct l2tpha_config config;

static void setup(void)
{
    fixture_setup();
    l2tpha_config_init(&config);
    config.name = "lns";
}

START_TEST(the_defaults_are_well)
{
    size_t count;
    const struct l2tpha_setting *settings = l2tpha_settings(&count);

    ck_assert_ptr_null(settings_refused(&config));
    for (size_t i = 0; i < count; i++) {
#ifndef L2TPHA_WORDLESS
        ck_assert(*l2tpha_setting_text(&settings[i]));
#endif
        if (settings[i].kind != L2TPHA_SETTING_TEXT)
            ck_assert_uint_eq(l2tpha_setting_get(&settings[i], &config), settings[i].initial);
    }
    ck_assert_uint_eq(config.size, sizeof(config));
    ck_assert_uint_eq(config.hello_ms, 60000);
    ck_assert(config.tie_breaker);
}
END_TEST

static size_t aligned(size_t offset, size_t size)
{
    return (offset + size - 1) / size * size;
}

/* Each begins where the one before it ends; what lies between is no setting, by name. */
START_TEST(no_member_is_forgotten)
{
    const size_t others[] = {offsetof(struct l2tpha_config, crypto),
                             offsetof(struct l2tpha_config, serializer)};
    size_t count, end = sizeof(config.size);
    const struct l2tpha_setting *settings = l2tpha_settings(&count);

    for (size_t i = 0; i < count; i++) {
        size_t begin = aligned(end, settings[i].size);
        for (size_t j = 0; j < 2; j++)
            if (aligned(end, sizeof(void *)) == others[j])
                end = begin = others[j] + sizeof(void *);
        ck_assert_msg(settings[i].offset == begin, "%s", settings[i].name);
        end = begin + settings[i].size;
    }
    ck_assert_uint_eq(aligned(end, sizeof(void *)), sizeof(config));
}
END_TEST

START_TEST(a_range_is_kept_to_at_either_end)
{
    size_t count;
    const struct l2tpha_setting *settings = l2tpha_settings(&count);

    for (size_t i = 0; i < count; i++) {
        const struct l2tpha_setting *setting = &settings[i];
        if (setting->kind == L2TPHA_SETTING_TEXT)
            continue;
        assert_ok(l2tpha_setting_set(setting, &config, setting->min));
        ck_assert_uint_eq(l2tpha_setting_get(setting, &config), setting->min);
        assert_ok(l2tpha_setting_set(setting, &config, setting->max));
        ck_assert_uint_eq(l2tpha_setting_get(setting, &config), setting->max);
        assert_ok(l2tpha_setting_set(setting, &config, setting->unset));
        if (setting->min > 0 && setting->min - 1 != setting->unset)
            assert_error(l2tpha_setting_set(setting, &config, setting->min - 1),
                         L2TPHA_ERR_INVALID);
        if (setting->max < UINT32_MAX && setting->max + 1 != setting->unset)
            assert_error(l2tpha_setting_set(setting, &config, setting->max + 1),
                         L2TPHA_ERR_INVALID);
        assert_ok(l2tpha_setting_set(setting, &config, setting->initial));
    }
    ck_assert_ptr_null(settings_refused(&config));
}
END_TEST

START_TEST(what_is_out_of_range_is_named)
{
    config.query_tries = 32;
    ck_assert_str_eq(settings_refused(&config), "query_tries");
    config.query_tries = 31;
    config.name = "";
    ck_assert_str_eq(settings_refused(&config), "name");
    config.name = NULL;
    ck_assert_str_eq(settings_refused(&config), "name");
    config.name = "lns";
    config.retransmit_ms = 17000;
    ck_assert_str_eq(settings_refused(&config), "retransmit_cap_ms");
    config.retransmit_ms = 1000;
    config.hide_avps = true;
    ck_assert_str_eq(settings_refused(&config), "hide_avps");
    assert_error(l2tpha_setting_set(l2tpha_setting_find("name"), &config, 1), L2TPHA_ERR_INVALID);
    ck_assert_ptr_null(l2tpha_setting_find("no such"));
}
END_TEST

Suite *suite_settings(void);
Suite *suite_settings(void)
{
    Suite *suite = suite_create("settings");
    TCase *tcase = tcase_create("settings");

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, fixture_teardown);
    tcase_add_test(tcase, the_defaults_are_well);
    tcase_add_test(tcase, no_member_is_forgotten);
    tcase_add_test(tcase, a_range_is_kept_to_at_either_end);
    tcase_add_test(tcase, what_is_out_of_range_is_named);
    return suite;
}
