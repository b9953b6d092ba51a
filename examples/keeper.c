/* SPDX-License-Identifier: MIT */
/* l2tpha-keeper: starts a program, keeps the sockets that it gives to be kept (systemd's FDSTORE),
 * and when it dies starts it again with them; upon SIGUSR2 also while it lives, to be replaced. It
 * opens no socket of its own for peers, so that there is one place that says which, and nothing is
 * held that nobody serves. */
#include "common/clock.h"
#include "common/listen_fds.h"
#include "common/log.h"
#include "common/notice.h"
#include "common/options.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define HELD_MAX 8
#define NOTICE_BYTES 4096
#define NOTICES_AT_ONCE 64
#define CALM_US 10000000 /* who has lived for so long has not died quickly */
#define CANNOT_RUN 127   /* as a shell says it */

struct held {
    int fd;
    char name[NOTICE_NAME_MAX + 1];
};

struct keeper {
    const struct options *options;
    struct log log;
    int notices;                                  /* where the program says what is to be kept */
    char address[sizeof(struct sockaddr_un) + 2]; /* of that, for NOTIFY_SOCKET */
    int signals;
    sigset_t inherited; /* signals that were blocked when this process began */
    pid_t child;        /* 0 = none */
    pid_t next;         /* started to replace it, 0 = none */
    pid_t leaving;      /* that was replaced, and has not ended so far */
    uint64_t born_at, start_at;
    unsigned quick;    /* deaths in a row of who had not lived for long */
    bool served, told; /* some child has; this one has said so */
    bool stopping;
    struct held held[HELD_MAX];
    unsigned held_count;
};

#define say(keeper, ...) log_say(&(keeper)->log, L2TPHA_LOG_RF, "keeper: " __VA_ARGS__)

/* ---- what is kept ---- */

static void forget(struct keeper *keeper, const char *name)
{
    for (unsigned i = 0; i < keeper->held_count; i++) {
        if (strcmp(keeper->held[i].name, name) != 0)
            continue;
        close(keeper->held[i].fd);
        keeper->held[i--] = keeper->held[--keeper->held_count];
    }
}

/* One of each name: the last. High up, where a child's copies go over nothing. */
static void hold(struct keeper *keeper, const char *name, int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, LISTEN_FDS_FIRST + HELD_MAX);
    forget(keeper, name);
    if (high < 0 || keeper->held_count == HELD_MAX) {
        say(keeper, "%s is not kept: %s", name, high < 0 ? strerror(errno) : "there are too many");
        if (high >= 0)
            close(high);
        return;
    }
    struct held *held = &keeper->held[keeper->held_count++];
    held->fd = high;
    strcpy(held->name, name);
}

/* Its end is not one to do anything about any more. */
static void replace_child(struct keeper *keeper)
{
    say(keeper, "process %d takes the place of process %d", keeper->next, keeper->child);
    keeper->leaving = keeper->child;
    keeper->child = keeper->next;
    keeper->next = 0;
    keeper->told = false;
}

static void take(struct keeper *keeper, const char *data, size_t len, const int *fds,
                 unsigned count, pid_t sender)
{
    struct notice notice;
    if (!notice_parse(data, len, &notice)) {
        say(keeper, "what the program says is not understood");
        return;
    }
    if (notice.remove)
        forget(keeper, notice.name);
    for (unsigned i = 0; notice.store && i < count; i++)
        hold(keeper, notice.name, fds[i]);
    if (notice.ready && sender == keeper->next)
        replace_child(keeper);
    if (notice.ready && !keeper->told)
        say(keeper, "process %d serves, %u descriptors are kept", keeper->child,
            keeper->held_count);
    keeper->told = keeper->told || notice.ready;
    keeper->served = keeper->served || notice.ready;
}

/* Anybody may send to an abstract name: the kernel says who it was. */
static bool read_notice(struct keeper *keeper)
{
    char data[NOTICE_BYTES];
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(HELD_MAX * sizeof(int))];
    } beside;
    struct iovec part = {.iov_base = data, .iov_len = sizeof(data)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &beside,
                             .msg_controllen = sizeof(beside)};
    struct ucred sender = {0};
    int fds[sizeof(beside) / sizeof(int)];
    unsigned count = 0;
    ssize_t got = recvmsg(keeper->notices, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0)
        return false;
    for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); at != NULL; at = CMSG_NXTHDR(&message, at)) {
        if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SCM_CREDENTIALS)
            memcpy(&sender, CMSG_DATA(at), sizeof(sender));
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
            continue;
        count = (unsigned)((at->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(fds, CMSG_DATA(at), count * sizeof(int));
    }
    bool is_ours = sender.pid > 0 && (sender.pid == keeper->child || sender.pid == keeper->next);
    if (is_ours && !(message.msg_flags & MSG_TRUNC))
        take(keeper, data, (size_t)got, fds, count, sender.pid);
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
    return true;
}

static void read_notices(struct keeper *keeper)
{
    for (int i = 0; i < NOTICES_AT_ONCE && read_notice(keeper); i++)
        continue;
}

/* A name of the kernel's choice, so that there is no file to leave behind. */
static const char *open_notices(struct keeper *keeper)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t len = sizeof(sa_family_t);
    int on = 1, fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    keeper->notices = fd;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) != 0 ||
        bind(fd, (struct sockaddr *)&name, len) != 0)
        return strerror(errno);
    len = sizeof(name);
    if (getsockname(fd, (struct sockaddr *)&name, &len) != 0)
        return strerror(errno);
    int shown = (int)(len - offsetof(struct sockaddr_un, sun_path)) - 1;
    snprintf(keeper->address, sizeof(keeper->address), "@%.*s", shown, name.sun_path + 1);
    return NULL;
}

/* ---- the program ---- */

static void set_environment(const struct keeper *keeper)
{
    char names[HELD_MAX * (NOTICE_NAME_MAX + 1) + 1] = "", number[16];
    for (unsigned i = 0; i < keeper->held_count; i++) {
        strcat(names, i > 0 ? ":" : "");
        strcat(names, keeper->held[i].name);
    }
    setenv("NOTIFY_SOCKET", keeper->address, 1);
    snprintf(number, sizeof(number), "%d", getpid());
    setenv("LISTEN_PID", number, 1);
    snprintf(number, sizeof(number), "%u", keeper->held_count);
    setenv("LISTEN_FDS", number, 1);
    setenv("LISTEN_FDNAMES", names, 1);
}

/* In the child. A group of its own: what a terminal sends comes to it once, by the keeper. */
static void become(const struct keeper *keeper)
{
    char *const *words = keeper->options->words;
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &keeper->inherited, NULL);
    set_environment(keeper);
    for (unsigned i = 0; i < keeper->held_count; i++)
        dup2(keeper->held[i].fd, LISTEN_FDS_FIRST + (int)i);
    execvp(words[0], words);
    fprintf(stderr, "%s: %s: %s\n", program_name(PROGRAM_KEEPER), words[0], strerror(errno));
    _exit(CANNOT_RUN);
}

/* The first one to die is started again at once. */
static void plan(struct keeper *keeper)
{
    uint64_t now = clock_now(), wait_ms = 0;
    keeper->quick = now - keeper->born_at < CALM_US ? keeper->quick + 1 : 0;
    if (keeper->quick > 1)
        wait_ms = keeper->options->delay_ms;
    for (unsigned i = 2; i < keeper->quick && wait_ms < keeper->options->delay_max_ms; i++)
        wait_ms *= 2;
    if (wait_ms > keeper->options->delay_max_ms)
        wait_ms = keeper->options->delay_max_ms;
    keeper->start_at = now + wait_ms * 1000;
    say(keeper, "%s is started again in %u ms", keeper->options->words[0], (unsigned)wait_ms);
}

/* 0 = there is none. */
static pid_t spawn(struct keeper *keeper)
{
    keeper->born_at = clock_now();
    pid_t child = fork();
    if (child == 0)
        become(keeper);
    if (child > 0)
        say(keeper, "%s is process %d, with %u descriptors", keeper->options->words[0], child,
            keeper->held_count);
    else
        say(keeper, "no process: %s", strerror(errno));
    return child > 0 ? child : 0;
}

static void start(struct keeper *keeper)
{
    keeper->told = false;
    keeper->child = spawn(keeper);
    if (keeper->child == 0)
        plan(keeper);
}

/* Whether it replaces the one there is for the program to know. */
static void start_next(struct keeper *keeper)
{
    if (keeper->next != 0 || keeper->leaving != 0)
        say(keeper, "nothing is replaced: a successor is there already");
    else if (keeper->child == 0 || keeper->stopping)
        say(keeper, "nothing is replaced: no process is there");
    else
        keeper->next = spawn(keeper);
}

/* A status that a program gives of itself before any of them has served is about its command line,
 * or says that another process has its store or its port: to try again would change nothing. */
static bool is_end(const struct keeper *keeper, int status)
{
    return keeper->stopping || (WIFEXITED(status) && (WEXITSTATUS(status) == 0 || !keeper->served));
}

static bool has_ended(pid_t pid, int *status)
{
    return pid != 0 && waitpid(pid, status, WNOHANG) == pid;
}

static void say_end(struct keeper *keeper, pid_t ended, int status)
{
    if (WIFSIGNALED(status))
        say(keeper, "process %d was ended by signal %d", ended, WTERMSIG(status));
    else
        say(keeper, "process %d has ended with %d%s", ended, WEXITSTATUS(status),
            keeper->served ? "" : " and has never served");
}

/* Whose end changes nothing: the one that was replaced, and a successor that came to nothing. */
static void bury_others(struct keeper *keeper)
{
    int status;
    if (has_ended(keeper->leaving, &status)) {
        say_end(keeper, keeper->leaving, status);
        keeper->leaving = 0;
    }
    if (!has_ended(keeper->next, &status))
        return;
    say_end(keeper, keeper->next, status);
    say(keeper, "process %d is not replaced", keeper->child);
    keeper->next = 0;
}

/* The exit status to leave with, -1 = none yet. */
static int bury(struct keeper *keeper)
{
    int status;
    pid_t ended = keeper->child;
    bury_others(keeper);
    if (!has_ended(ended, &status))
        return -1;
    read_notices(keeper); /* what it has said is true all the same */
    if (ended != keeper->child) {
        keeper->leaving = 0;
        say_end(keeper, ended, status);
        return -1;
    }
    say_end(keeper, ended, status);
    if (keeper->next != 0) {
        replace_child(keeper);
        keeper->leaving = 0;
        return -1;
    }
    keeper->child = 0;
    if (is_end(keeper, status))
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    plan(keeper);
    return -1;
}

/* ---- the loop ---- */

/* Signals reach a program that was stopped when it goes on. */
static int read_signals(struct keeper *keeper)
{
    struct signalfd_siginfo info;
    while (read(keeper->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        int number = (int)info.ssi_signo;
        if (number == SIGCHLD)
            continue;
        if (number == SIGUSR2) {
            start_next(keeper);
            continue;
        }
        keeper->stopping = keeper->stopping || number != SIGHUP;
        if (keeper->child > 0)
            kill(keeper->child, number);
        if (keeper->next > 0)
            kill(keeper->next, number);
    }
    int status = bury(keeper);
    return status < 0 && keeper->stopping && keeper->child == 0 ? EXIT_SUCCESS : status;
}

static int wait_ms(const struct keeper *keeper)
{
    uint64_t now = clock_now();
    if (keeper->child > 0)
        return -1;
    return keeper->start_at > now ? (int)((keeper->start_at - now + 999) / 1000) : 0;
}

static int run(struct keeper *keeper)
{
    int status = -1;
    start(keeper);
    while (status < 0) {
        struct pollfd ready[] = {{.fd = keeper->signals, .events = POLLIN},
                                 {.fd = keeper->notices, .events = POLLIN}};
        poll(ready, 2, wait_ms(keeper));
        read_notices(keeper);
        status = read_signals(keeper);
        if (status < 0 && keeper->child == 0 && clock_now() >= keeper->start_at)
            start(keeper);
    }
    return status;
}

static const char *prepare(struct keeper *keeper)
{
    sigset_t mine;
    sigemptyset(&mine);
    sigaddset(&mine, SIGTERM);
    sigaddset(&mine, SIGINT);
    sigaddset(&mine, SIGHUP);
    sigaddset(&mine, SIGUSR2);
    sigaddset(&mine, SIGCHLD);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &mine, &keeper->inherited);
    keeper->signals = signalfd(-1, &mine, SFD_NONBLOCK | SFD_CLOEXEC);
    return keeper->signals < 0 ? strerror(errno) : open_notices(keeper);
}

int main(int argc, char **argv)
{
    struct options options;
    struct keeper keeper = {.options = &options};
    int status = options_start(PROGRAM_KEEPER, argc, argv, &options);
    if (status >= 0)
        return status;
    log_open(&keeper.log, NULL, options.log_json);
    const char *why = prepare(&keeper);
    if (why != NULL)
        log_say(&keeper.log, L2TPHA_LOG_ERROR, "cannot start: %s", why);
    status = why == NULL ? run(&keeper) : EXIT_FAILURE;
    log_close(&keeper.log);
    return status;
}
