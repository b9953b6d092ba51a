/* SPDX-License-Identifier: MIT */
#include "common/help.h"
#include "common/options.h"
#include "fixture.h"

#include <l2tpha/node.h>
#include <l2tpha/policy.h>

#include <string.h>

#define WORDS_MAX 32

static struct options options;
static char why[OPTIONS_WHY_MAX];

/* Parse a command line whose words are separated by single spaces; argv stays alive until the next
 * one. */
static enum options_result parse(enum program program, const char *line)
{
    static char copy[4096];
    static char *argv[WORDS_MAX + 1];
    int argc = 1;
    ck_assert_uint_lt(strlen(line), sizeof(copy));
    strcpy(copy, line);
    argv[0] = (char *)(uintptr_t) "program";
    for (char *word = strtok(copy, " "); word != NULL && argc < WORDS_MAX; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    why[0] = '\0';
    return options_parse(program, argc, argv, &options, why);
}

#define LEASED                                                                                     \
    "--authority etcd://192.0.2.1:2379,192.0.2.2:2379/lns-1 --ha-listen tcp:127.0.0.1:5000 "       \
    "--ha-connect tcp:127.0.0.2:5000 "

static const struct {
    enum program program;
    const char *line;
    const char *why; /* a part of the complaint; NULL = accepted */
} lines[] = {
    {PROGRAM_LNS, "", NULL},
    {PROGRAM_LNS, "--listen 127.0.0.1:0 --name x --window 32767 --retries 100", NULL},
    {PROGRAM_LNS, "--hello-interval 0", NULL},
    {PROGRAM_LNS, "--max-half-open 1 --half-open-per-peer 0", NULL},
    {PROGRAM_LAC, "--connect 127.0.0.1 --max-half-open 65023 --half-open-per-peer 65023", NULL},
    {PROGRAM_KEEPER, "--delay 1 -- l2tpha-lns --listen 127.0.0.1", NULL},
    {PROGRAM_DUMP, "file:DIR --to json --filter tunnel=1,peer=x --secrets --state", NULL},
    {PROGRAM_DUMP, "- --diff file:DIR --filter session=1 --secrets", NULL},
    {PROGRAM_DUMP, "", "SOURCE is required"},
    {PROGRAM_DUMP, "a b", "unexpected argument 'b'"},
    {PROGRAM_DUMP, "- --to xml", "none of text|proto|cbor|json"},
    {PROGRAM_DUMP, "- --filter a --filter b", "given twice"},
    {PROGRAM_DUMP, "- --diff x --verify", "two things"},
    {PROGRAM_DUMP, "- --verify --to cbor", "prints no checkpoints"},
    {PROGRAM_DUMP, "- --diff x --state", "prints no state"},
    {PROGRAM_DUMP, "- --verify --secrets", "prints no records"},
    {PROGRAM_KEEPER, "l2tpha-lns", NULL},
    {PROGRAM_KEEPER, "", "PROGRAM is required"},
    {PROGRAM_KEEPER, "--delay 1 --", "PROGRAM is required"},
    {PROGRAM_KEEPER, "l2tpha-lns --listen 127.0.0.1", "unknown option --listen"},
    {PROGRAM_KEEPER, "--delay 0 -- l2tpha-lns", "not a number from 1 to 60000"},
    {PROGRAM_LNS, "--max-half-open 0", "not a number from 1 to 65023"},
    {PROGRAM_LNS, "--half-open-per-peer 65024", "not a number from 0 to 65023"},
    {PROGRAM_LNS, "--hello-interval -1", "not a number from 0 to 86400"},
    {PROGRAM_LNS, "--hello-interval 86401", "not a number"},
    {PROGRAM_LNS, "--hello-interval 99999999999999999999999", "not a number"},
    {PROGRAM_LNS, "--hello-interval 6x", "not a number"},
    {PROGRAM_LNS, "--retries 0", "not a number from 1 to 100"},
    {PROGRAM_LNS, "--window 0", "not a number from 1 to 32767"},
    {PROGRAM_LNS, "--window", "needs a value"},
    {PROGRAM_LNS, "--listen 0.0.0.0:65536", "--listen: '0.0.0.0:65536': the port is above 65535"},
    {PROGRAM_LNS, "--listen no..where", "--listen: 'no..where': "},
    {PROGRAM_LNS, "--listen 10.0.0.256", "not an IPv4 or IPv6 address in numbers"},
    {PROGRAM_LNS, "--listen localhost:l2tp", "the port is not a number"},
    {PROGRAM_LNS, "--listen localhost:1701", NULL},
    {PROGRAM_LNS, "--listen ::1%nothing", "the scope is not a network interface"},
    {PROGRAM_LNS, "--no-such-thing", "--no-such-thing"},
    {PROGRAM_LNS, "--echo=yes", "--echo=yes"},
    {PROGRAM_LNS, "stray", "unexpected argument 'stray'"},
    {PROGRAM_LNS, "--hide-avps", "--hide-avps needs --secret"},
    {PROGRAM_LNS, "--hide-avps --secret s", NULL},
    {PROGRAM_LNS, "--role standby", "--role standby needs --ha-connect"},
    {PROGRAM_LNS, "--role passive", "'passive' is none of active|standby"},
    {PROGRAM_LNS, "--role act", "'act' is none of"},
    {PROGRAM_LNS, "--role standby --ha-connect unix:/tmp/ha", NULL},
    {PROGRAM_LNS, "--role standby --ha-connect tcp:127.0.0.1:5000", "needs a lease"},
    {PROGRAM_LNS, "--ha-connect tcp:127.0.0.1:5000 --takeover auto", "needs a lease"},
    {PROGRAM_LNS, "--role standby --ha-connect tcp:127.0.0.1:5000 --takeover manual", NULL},
    {PROGRAM_LNS, "--ha-listen tcp:127.0.0.1:5000", NULL},
    {PROGRAM_LNS, "--ha-listen /tmp/ha", "must be unix:PATH or tcp:ADDR:PORT"},
    {PROGRAM_LNS, "--debug cf,rf", NULL},
    {PROGRAM_LNS, "--debug all", NULL},
    {PROGRAM_LNS, "--debug cf,", "no list of"},
    {PROGRAM_LNS, "--debug cf,ff", "no list of"},
    {PROGRAM_LNS, "--log-format xml", "none of text|json"},
    {PROGRAM_LNS, "--level auto", NULL},
    {PROGRAM_LAC, "--connect 127.0.0.1 --level always", "'always' is none of manual|auto"},
    {PROGRAM_LNS, "--log syslog", NULL},
    {PROGRAM_LNS, "--log journal --log-format json", NULL},
    {PROGRAM_LNS, "--log stdout", "'stdout' is none of stderr|journal|syslog"},
    {PROGRAM_LNS, "--failover-resync silent-failover", NULL},
    {PROGRAM_LNS, "--failover-resync disable", NULL},
    {PROGRAM_LNS, "--failover-resync failover-protocol", NULL},
    {PROGRAM_LNS, "--failover-resync failover-protocol-fallback-to-silent-failover", NULL},
    {PROGRAM_LNS, "--failover-resync failover", "'failover' is none of disable|"},
    {PROGRAM_LNS, "--failover-resync not-configured", "'not-configured' is none of"},
    {PROGRAM_LNS, "--failover-resync", "needs a value"},
    {PROGRAM_LNS, "--no-failover-capability", NULL},
    {PROGRAM_LNS, "--no-failover-capability=1", "--no-failover-capability=1"},
    {PROGRAM_LNS, "--no-sso", NULL},
    {PROGRAM_LNS, "--no-sso=yes", "--no-sso takes no value"},
    {PROGRAM_LNS, "--ha-connect unix:/a --ha-connect unix:/b", "--ha-connect is given twice"},
    {PROGRAM_LNS, "--ha-connect unix:/a --ha-far unix:/b", "--ha-far: 'unix:/b': there is one"},
    {PROGRAM_LNS, "--ha-far unix:/b", "a node over unix: is not far"},
    {PROGRAM_LNS, "--ha-connect tcp:127.0.0.1:1,tcp:127.0.0.2 --takeover manual",
     "port is missing"},
    {PROGRAM_LNS, "--ha-connect tcp:127.0.0.1:1,tcp:127.0.0.2:1 --takeover manual", "need --rank"},
    {PROGRAM_LNS, "--ha-connect tcp:127.0.0.1:1,tcp:127.0.0.2:1 --takeover manual --rank 1", NULL},
    {PROGRAM_LNS, "--ha-far tcp:127.0.0.1:1 --takeover auto", "needs a lease"},
    {PROGRAM_LNS,
     "--ha-connect tcp:127.0.0.1:1 --ha-far tcp:192.0.2.1:1 --takeover manual --rank 1",
     "--ha-connect: without --ha-key"},
    {PROGRAM_LNS, "--replace unix:/a --store file:/b --control /c", NULL},
    {PROGRAM_LAC, "--connect 192.0.2.1 --replace unix:/a", NULL},
    {PROGRAM_LNS, "--replace tcp:127.0.0.1:1", "--replace: the two are processes of one machine"},
    {PROGRAM_LNS, "--replace /a", "--replace: '/a'"},
    {PROGRAM_LNS, "--replace unix:/a --ha-listen unix:/b", "switch over to that one"},
    {PROGRAM_LNS, "--replace unix:/a --ha-far tcp:127.0.0.1:1", "switch over to that one"},
    {PROGRAM_LNS, "--replace unix:/a --authority etcd://h/g", "switch over to that one"},
    {PROGRAM_LNS, "--replace unix:/a --role auto", "--replace takes no --role"},
    {PROGRAM_LNS, "--replace unix:/a --takeover manual", "--replace takes no --takeover manual"},
    {PROGRAM_LNS, LEASED "--rank 1", NULL},
    {PROGRAM_LNS, LEASED "--rank 1 --role auto --takeover manual", NULL},
    {PROGRAM_LNS, LEASED "--rank 1 --lease 2000 --on-lease-lost true", NULL},
    {PROGRAM_LNS, LEASED "--rank 1 --lease 1999", "not a number from 2000 to 60000"},
    {PROGRAM_LNS, LEASED "--rank 1 --commit bounded", "--authority needs --commit gated"},
    {PROGRAM_LNS, LEASED "--rank 1 --authority-ca a --authority-cert b --authority-key c", NULL},
    {PROGRAM_LNS, LEASED "--rank 1 --authority-cert b", "need one another"},
    {PROGRAM_LNS, LEASED, "--authority needs --rank"},
    {PROGRAM_LNS, "--authority etcd://h/g --rank 1", "it needs tcp: in --ha-listen"},
    {PROGRAM_LNS, "--authority etcd://h/g --rank 1 --ha-listen unix:/a --ha-connect unix:/a",
     "it needs tcp: in --ha-listen"},
    {PROGRAM_LNS, "--authority etcd://h --rank 1", "'etcd://h' must be etcd://HOST:PORT"},
    {PROGRAM_LNS, "--authority etcd://h/", "must be etcd://HOST:PORT"},
    {PROGRAM_LNS, "--authority redis://h:1/g", "must be etcd://HOST:PORT"},
    {PROGRAM_LNS, "--lease 3000", "--lease needs --authority"},
    {PROGRAM_LNS, "--on-lease-lost true", "--on-lease-lost needs --authority"},
    {PROGRAM_LNS, "--authority-key a", "need --authority"},
    {PROGRAM_LNS, "--control /a --control /b", "--control is given twice"},
    {PROGRAM_LNS, "--commit gated", NULL},
    {PROGRAM_LNS, "--commit bounded", NULL},
    {PROGRAM_LNS, "--commit async", NULL},
    {PROGRAM_LNS, "--commit lazy", "'lazy' is none of gated|bounded|async"},
    {PROGRAM_CTL, "--commit gated", "--commit"},
    {PROGRAM_THREADS, "--ha /tmp/ha --threads 64 --standby --echo --name x --listen 127.0.0.1",
     NULL},
    {PROGRAM_THREADS, "--threads 2", "--ha is required"},
    {PROGRAM_THREADS, "--ha /tmp/ha --threads 0", "not a number from 1 to 64"},
    {PROGRAM_THREADS, "--ha /tmp/ha --threads 65", "not a number from 1 to 64"},
    {PROGRAM_THREADS, "--ha /tmp/ha --secret s", "unknown option --secret"},
    {PROGRAM_LNS, "--threads 2", "unknown option --threads"},
    {PROGRAM_LNS, "--serializer proto", NULL},
    {PROGRAM_LNS, "--serializer cbor", NULL},
    {PROGRAM_LNS, "--serializer xml", "'xml' is none of proto"},
    {PROGRAM_LNS, "--store file:/tmp", NULL},
    {PROGRAM_LNS, "--store /tmp", "'/tmp' must be file:DIR"},
    {PROGRAM_LNS, "--store file:", "'file:' must be file:DIR"},
    {PROGRAM_LNS, "--store redis://localhost",
     "must be file:DIR, etcd://HOST:PORT,.../GROUP or redis://HOST:PORT"},
    {PROGRAM_LNS, "--store redis://localhost:6379/", "or redis://HOST:PORT/GROUP"},
    {PROGRAM_LNS, "--store redis://localhost:6379/g", "say --store-plain"},
    {PROGRAM_LNS, "--store redis://localhost:6379/g --store-plain", NULL},
    {PROGRAM_LNS,
     "--store redis://h:1/g --store-plain --store-secret f --store-replicas 0 --store-exact", NULL},
    {PROGRAM_LNS, "--store redis://h:1/g --store-plain --store-replicas 17", "from 0 to 16"},
    {PROGRAM_LNS, "--store file:/tmp --store-plain", "needs --store etcd:// or redis://"},
    {PROGRAM_LNS, "--store etcd://h/", "must be file:DIR, etcd://HOST:PORT,.../GROUP"},
    {PROGRAM_LNS, "--store etcd://h,i:2/g", "say --store-plain"},
    {PROGRAM_LNS, "--store etcd://h,i:2/g --store-plain", NULL},
    {PROGRAM_LNS, "--store etcd://h,i:2/g --store-key k", NULL},
    {PROGRAM_LNS, "--store file:/tmp --store-key k", NULL},
    {PROGRAM_LNS, "--store file:/tmp --store-key k --store-plain", NULL},
    {PROGRAM_LNS, "--store-key k", "--store-key needs --store"},
    {PROGRAM_LNS, "--store etcd://h/g --store-plain --store-exact", "need --store redis://"},
    {PROGRAM_LNS, "--store redis://h:1/g --store-plain --store-ca f", "need --store etcd://"},
    {PROGRAM_LNS, "--store etcd://h/g --store-plain --store-cert f", "need one another"},
    {PROGRAM_LNS, "--store etcd://h/g --store-plain --store-ca f --store-cert f --store-cert-key f",
     NULL},
    {PROGRAM_LNS, "--store etcd://h/g --store-plain --store-history 0", NULL},
    {PROGRAM_LNS, "--store file:/tmp --store-history 60", "need --store etcd://"},
    {PROGRAM_LNS, "--store-exact", "need --store redis://"},
    {PROGRAM_LNS, "--store redis://h:1/g --store-plain --role standby --ha-connect tcp:127.0.0.1:9",
     "--takeover auto over tcp"},
    {PROGRAM_LNS, "--store file:/tmp --on-store-loss hold", NULL},
    {PROGRAM_LNS, "--store file:/tmp --on-store-loss stop", "'stop' is none of solo|hold"},
    {PROGRAM_LNS, "--on-store-loss hold", "--on-store-loss needs --store"},
    {PROGRAM_LNS, "--store-repair", "--store-repair needs --store"},
    {PROGRAM_LNS, "--recover-after-reboot no", "--recover-after-reboot needs --store"},
    {PROGRAM_LNS, "--recover-after-reboot no --store file:/tmp", NULL},
    {PROGRAM_LNS, "--recover-after-reboot maybe --store file:/tmp", "none of yes|no"},
    {PROGRAM_LNS, "--listen 127.0.0.1:0 --store file:/tmp", "needs a port with --store"},
    {PROGRAM_LAC, "--connect 127.0.0.1 --store file:/tmp", "needs a port with --store"},
    {PROGRAM_LNS, "--metrics 127.0.0.1:9", "unknown option --metrics"},
    {PROGRAM_LNS, "--ha-key k", "--ha-key is for tcp:"},
    {PROGRAM_LNS, "--ha-key k --ha-listen unix:/tmp/ha", "--ha-key is for tcp:"},
    {PROGRAM_LNS, "--ha-key k --ha-listen tcp:127.0.0.1:5000", NULL},
    {PROGRAM_LNS, "--ha-key k --ha-connect tcp:192.0.2.1:5000 --takeover manual", NULL},
    {PROGRAM_LNS, "--ha-key k --ha-insecure --ha-listen tcp:0.0.0.0:5000", NULL},
    {PROGRAM_LNS, "--ha-key", "needs a value"},
    {PROGRAM_THREADS, "--ha /tmp/ha --ha-key k", "unknown option --ha-key"},
    {PROGRAM_LNS, "--ha-listen tcp:0.0.0.0:5000", "--ha-listen: without --ha-key"},
    {PROGRAM_LNS, "--ha-listen tcp:[2001:db8::1]:5000", "say --ha-insecure if only the other"},
    {PROGRAM_LNS, "--ha-listen tcp:0.0.0.0:5000 --ha-insecure", NULL},
    {PROGRAM_LNS, "--ha-connect tcp:192.0.2.1:5000 --takeover manual",
     "--ha-connect: without --ha-key"},
    {PROGRAM_LNS, "--ha-connect tcp:192.0.2.1:5000 --takeover manual --ha-insecure", NULL},
    {PROGRAM_LNS, "-x", "unknown option -x"},
    {PROGRAM_LNS, "--lis 127.0.0.1", "unknown option --lis"},
    {PROGRAM_LNS, "--lis=127.0.0.1", "unknown option --lis=127.0.0.1"},
    {PROGRAM_LNS, "--hid", "unknown option --hid"},
    {PROGRAM_LNS, "--listen=127.0.0.1:5 --secret=--hid", NULL},
    {PROGRAM_LNS, "--secret --hid", NULL},
    {PROGRAM_LNS, "--listen 127.0.0.1:0 --ha-listen tcp:127.0.0.1:5000", "needs a port with tcp"},
    {PROGRAM_LAC, "--connect 127.0.0.1 --ha-listen tcp:127.0.0.1:5000", "needs a port with tcp"},
    {PROGRAM_LAC, "--connect 127.0.0.1 --ha-listen unix:/tmp/ha", NULL},
    {PROGRAM_LAC, "--connect 127.0.0.1 --listen 127.0.0.1:1701 --ha-listen tcp:127.0.0.1:5000",
     NULL},
    {PROGRAM_LAC, "--connect no..where", "--connect: 'no..where': "},
    {PROGRAM_LAC, "--connect localhost --listen 127.0.0.1", NULL},
    {PROGRAM_LAC, "--connect 127.0.0.1:0", "nobody listens on port 0"},
    {PROGRAM_LAC, "--connect 0.0.0.0", "'0.0.0.0' is not the address of one host"},
    {PROGRAM_LAC, "--connect 255.255.255.255", "is not the address of one host"},
    {PROGRAM_LAC, "--connect 224.0.0.1:1701", "is not the address of one host"},
    {PROGRAM_LAC, "--connect ::", "is not the address of one host"},
    {PROGRAM_LAC, "--connect ff02::1", "is not the address of one host"},
    {PROGRAM_LNS, "--fence-hung 500", "--fence-hung needs --ha-connect"},
    {PROGRAM_LNS, "--on-hung true", "--on-hung needs --ha-connect"},
    {PROGRAM_LNS, "--fence-hung 500 --on-hung true --ha-connect unix:/tmp/ha", NULL},
    {PROGRAM_LNS, "--fence-hung 99 --ha-connect unix:/tmp/ha", "less than 100 ms"},
    {PROGRAM_LNS, "--recovery-time 0", NULL},
    {PROGRAM_LNS, "--recovery-time 3600000", NULL},
    {PROGRAM_LNS, "--recovery-time 3600001", "not a number from 0 to 3600000"},
    {PROGRAM_LNS, "--resync-packets 1", NULL},
    {PROGRAM_LNS, "--resync-packets 255", NULL},
    {PROGRAM_LNS, "--resync-packets 0", "not a number from 1 to 255"},
    {PROGRAM_LNS, "--resync-packets 256", "not a number from 1 to 255"},
    {PROGRAM_LNS, "--connect 127.0.0.1", "--connect"},
    {PROGRAM_LAC, "", "--connect is required"},
    {PROGRAM_LAC, "--connect 127.0.0.1", NULL},
    {PROGRAM_LAC, "--connect 127.0.0.1 --echo", "--echo"},
    {PROGRAM_LAC, "--connect 127.0.0.1 --tunnels 0", "not a number from 1 to 65023"},
    {PROGRAM_LAC, "--connect 127.0.0.1 --tunnels 65023", NULL},
    {PROGRAM_LAC, "--connect 127.0.0.1 --tunnels 65024", "not a number"},
    {PROGRAM_LAC, "--connect 127.0.0.1 --sessions 0 --rate 0 --data-rate 0", NULL},
    {PROGRAM_LAC, "--connect 127.0.0.1 --duration 0", "not a number from 1"},
    {PROGRAM_LAC, "--connect ::1", NULL},
    {PROGRAM_LAC, "--connect ::1 --listen 127.0.0.1", "must both be IPv4 or both IPv6"},
    {PROGRAM_LAC, "--connect 127.0.0.1 --report csv", "none of text|json"},
    {PROGRAM_CTL, "/tmp/c show l2tp tunnels --json", NULL},
    {PROGRAM_CTL, "--echo", "--echo"},
};
#define LINES (int)(sizeof(lines) / sizeof(lines[0]))

START_TEST(lines_are_accepted_or_refused)
{
    enum options_result result = parse(lines[_i].program, lines[_i].line);
    if (lines[_i].why == NULL) {
        ck_assert_msg(result == OPTIONS_RUN, "'%s': %s", lines[_i].line, why);
        return;
    }
    ck_assert_msg(result == OPTIONS_BAD, "'%s' was taken", lines[_i].line);
    ck_assert_msg(strstr(why, lines[_i].why) != NULL, "'%s': %s", lines[_i].line, why);
}
END_TEST

START_TEST(defaults_are_those_of_the_help)
{
    char text[ADDRESS_TEXT_MAX];
    ck_assert_int_eq(parse(PROGRAM_LAC, "--connect 192.0.2.1"), OPTIONS_RUN);
    ck_assert_str_eq(address_text(&options.listen, text), "0.0.0.0:0");
    ck_assert_str_eq(address_text(&options.connect, text), "192.0.2.1:1701");
    ck_assert_str_eq(options.name, "l2tpha-lac");
    ck_assert_uint_eq(options.hello_s, 60);
    ck_assert_uint_eq(options.retries, 5);
    ck_assert_uint_eq(options.max_half_open, 4096);
    ck_assert_uint_eq(options.half_open_per_peer, 512);
    ck_assert_uint_eq(options.window, 128);
    ck_assert_uint_eq(options.tunnels, 1);
    ck_assert_uint_eq(options.sessions, 1);
    ck_assert_uint_eq(options.rate + options.data_rate + options.duration_s, 0);
    ck_assert(options.role == ROLE_ACTIVE && !options.takeover_manual && !options.report_json);
    ck_assert_uint_eq(options.failover, L2TPHA_FAILOVER_FALLBACK);
    ck_assert(!options.mute);
    ck_assert_uint_eq(options.recovery_ms, 60000);
    ck_assert_uint_eq(options.resync_packets, 8);
    ck_assert_uint_eq(options.commit, L2TPHA_COMMIT_GATED);
}
END_TEST

START_TEST(ports_are_those_of_the_programs)
{
    char text[ADDRESS_TEXT_MAX];
    ck_assert_int_eq(parse(PROGRAM_LNS, ""), OPTIONS_RUN);
    ck_assert_str_eq(address_text(&options.listen, text), "0.0.0.0:1701");
    ck_assert_int_eq(parse(PROGRAM_LNS, "--listen ::1"), OPTIONS_RUN);
    ck_assert_str_eq(address_text(&options.listen, text), "[::1]:1701");
    ck_assert_int_eq(parse(PROGRAM_LAC, "--connect ::1"), OPTIONS_RUN);
    ck_assert_str_eq(address_text(&options.listen, text), "[::]:0");
    ck_assert_int_eq(parse(PROGRAM_LAC, "--connect localhost:9 --listen 127.0.0.1"), OPTIONS_RUN);
    ck_assert_str_eq(address_text(&options.listen, text), "127.0.0.1:0");
    ck_assert_str_eq(address_text(&options.connect, text), "127.0.0.1:9");
    ck_assert_int_eq(parse(PROGRAM_LAC, "--listen localhost --connect 127.0.0.1"), OPTIONS_RUN);
    ck_assert_str_eq(address_text(&options.listen, text), "127.0.0.1:0");
}
END_TEST

START_TEST(letters_do_what_words_do)
{
    ck_assert_int_eq(parse(PROGRAM_LNS, "-h"), OPTIONS_HELP);
    ck_assert_int_eq(parse(PROGRAM_LNS, "--help"), OPTIONS_HELP);
    ck_assert_int_eq(parse(PROGRAM_LAC, "-V"), OPTIONS_VERSION);
    ck_assert_int_eq(parse(PROGRAM_CTL, "--version"), OPTIONS_VERSION);
}
END_TEST

/* What the help names is taken, and nothing else is named. */
START_TEST(the_help_names_what_there_is)
{
    static const enum program all[] = {PROGRAM_LAC, PROGRAM_LNS, PROGRAM_CTL, PROGRAM_THREADS};
    char help[16384] = "", line[256];
    FILE *out = fmemopen(help, sizeof(help), "w");
    help_print(all[_i], out);
    fclose(out);
    ck_assert_ptr_null(strstr(help, "available"));
    for (const char *at = help; (at = strstr(at, "\n  --")) != NULL; at += 5) {
        snprintf(line, sizeof(line), "%.*s", (int)strcspn(at + 3, " ,\n"), at + 3);
        enum options_result result = parse(all[_i], line);
        ck_assert_msg(result != OPTIONS_BAD || strstr(why, "unknown") == NULL, "%s", why);
    }
}
END_TEST

START_TEST(values_arrive)
{
    ck_assert_int_eq(parse(PROGRAM_LAC,
                           "--connect ::1 --tunnels 7 --sessions 9 --rate 11 --data-rate 13 "
                           "--duration 17 --report json --debug cf,fsm --takeover manual"),
                     OPTIONS_RUN);
    ck_assert_int_eq(address_family(&options.listen), AF_INET6);
    ck_assert_uint_eq(options.tunnels, 7);
    ck_assert_uint_eq(options.sessions, 9);
    ck_assert_uint_eq(options.rate, 11);
    ck_assert_uint_eq(options.data_rate, 13);
    ck_assert_uint_eq(options.duration_s, 17);
    ck_assert_uint_eq(options.debug, L2TPHA_LOG_CF | L2TPHA_LOG_FSM);
    ck_assert(options.report_json && options.takeover_manual);
    ck_assert_int_eq(parse(PROGRAM_CTL, "--json /tmp/c switchover"), OPTIONS_RUN);
    ck_assert(options.json);
    ck_assert_int_eq(options.word_count, 2);
    ck_assert_str_eq(options.words[1], "switchover");
}
END_TEST

START_TEST(words_arrive)
{
    static const struct {
        const char *line;
        uint32_t failover, commit;
    } said[] = {
        {"--failover-resync disable --commit gated", L2TPHA_FAILOVER_DISABLE, L2TPHA_COMMIT_GATED},
        {"--failover-resync failover-protocol --commit bounded", L2TPHA_FAILOVER_PROTOCOL,
         L2TPHA_COMMIT_BOUNDED},
        {"--failover-resync silent-failover --commit async", L2TPHA_FAILOVER_SILENT,
         L2TPHA_COMMIT_ASYNC},
        {"--failover-resync failover-protocol-fallback-to-silent-failover",
         L2TPHA_FAILOVER_FALLBACK, L2TPHA_COMMIT_GATED},
    };
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        ck_assert_int_eq(parse(PROGRAM_LNS, said[i].line), OPTIONS_RUN);
        ck_assert_uint_eq(options.failover, said[i].failover);
        ck_assert_uint_eq(options.commit, said[i].commit);
    }
    ck_assert_int_eq(
        parse(PROGRAM_LNS, "--no-failover-capability --recovery-time 7 --resync-packets 9"),
        OPTIONS_RUN);
    ck_assert(options.mute);
    ck_assert_uint_eq(options.recovery_ms, 7);
    ck_assert_uint_eq(options.resync_packets, 9);
}
END_TEST

static void check_length(const char *option, size_t longest)
{
    char line[512];
    for (size_t extra = 0; extra < 2; extra++) {
        int len = snprintf(line, sizeof(line), "--%s ", option);
        memset(line + len, 'x', longest + extra);
        line[(size_t)len + longest + extra] = '\0';
        ck_assert_int_eq(parse(PROGRAM_LNS, line), extra == 0 ? OPTIONS_RUN : OPTIONS_BAD);
    }
}

START_TEST(long_texts_are_refused)
{
    check_length("name", 255);
    check_length("secret", 128);
    check_length("control", 107);
}
END_TEST

START_TEST(empty_texts_are_refused)
{
    ck_assert_int_eq(parse(PROGRAM_LNS, "--name="), OPTIONS_BAD);
    ck_assert_int_eq(parse(PROGRAM_LNS, "--secret="), OPTIONS_BAD);
    ck_assert_int_eq(parse(PROGRAM_LNS, "--hello-interval="), OPTIONS_BAD);
    ck_assert_int_eq(parse(PROGRAM_LNS, "--debug="), OPTIONS_BAD);
}
END_TEST

START_TEST(help_tells_what_there_is)
{
    char text[8192] = "";
    FILE *out = fmemopen(text, sizeof(text), "w");
    help_print(PROGRAM_LAC, out);
    fclose(out);
    ck_assert_int_eq(parse(PROGRAM_LAC, "--help"), OPTIONS_HELP);
    ck_assert_ptr_nonnull(strstr(text, "--data-rate FRAMES_PER_S"));
    ck_assert_ptr_nonnull(strstr(text, "--ha-listen URL"));
    ck_assert_ptr_null(strstr(text, "--echo"));
    ck_assert_ptr_nonnull(strstr(text, "--store URL"));
}
END_TEST

Suite *suite_options(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("options", &tcase);
    tcase_add_loop_test(tcase, lines_are_accepted_or_refused, 0, LINES);
    tcase_add_test(tcase, defaults_are_those_of_the_help);
    tcase_add_test(tcase, ports_are_those_of_the_programs);
    tcase_add_test(tcase, letters_do_what_words_do);
    tcase_add_loop_test(tcase, the_help_names_what_there_is, 0, 4);
    tcase_add_test(tcase, values_arrive);
    tcase_add_test(tcase, words_arrive);
    tcase_add_test(tcase, long_texts_are_refused);
    tcase_add_test(tcase, empty_texts_are_refused);
    tcase_add_test(tcase, help_tells_what_there_is);
    return suite;
}
