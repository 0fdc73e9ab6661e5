/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prints what CLOCK_REALTIME shows at edges of the RTC's second, in nanoseconds: at one that was
 * found by looking all the time, and at the next ones that raised an interrupt, as many as are
 * wanted and come.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/rtc.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SEC INT64_C(1000000000)
#define WAIT_MS    3000

static int64_t
read_wall_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        abort();
    return (int64_t)now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

static int
read_second(int fd)
{
    struct rtc_time time = { 0 };
    if (ioctl(fd, RTC_RD_TIME, &time) < 0) {
        perror("rtc-edge: RTC_RD_TIME");
        exit(EXIT_FAILURE);
    }
    return time.tm_sec;
}

static int64_t
look_for_edge(int fd)
{
    const int before = read_second(fd);
    while (read_second(fd) == before)
        continue;
    return read_wall_ns();
}

static void
print_interrupts(int fd, int n_wanted)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    unsigned long interrupts;
    if (ioctl(fd, RTC_UIE_ON, 0) < 0)
        return;
    for (int i = 0; i < n_wanted; i++) {
        if (poll(&poll_fd, 1, WAIT_MS) <= 0)
            break;
        const int64_t at_ns = read_wall_ns();
        if (read(fd, &interrupts, sizeof interrupts) > 0)
            printf(" %" PRId64, at_ns);
    }
    (void)ioctl(fd, RTC_UIE_OFF, 0);
}

int
main(int argc, char **argv)
{
    const int n_wanted = argc > 1 ? atoi(argv[1]) : 1;
    const int fd = open("/dev/rtc0", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        perror("rtc-edge: /dev/rtc0");
        return EXIT_FAILURE;
    }
    printf("%" PRId64, look_for_edge(fd));
    print_interrupts(fd, n_wanted);
    printf("\n");
    close(fd);
    return EXIT_SUCCESS;
}
