/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-card.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/error.h"
#include "os/fd.h"
#include "os/ptp.h"

/* A reading that is less certain says nothing that the kernel's stamps do not. */
#define MOST_BRACKET_NS (100 * VT_NS_PER_US)

/* Where an interface is asked. */
typedef struct {
    char interface[IF_NAMESIZE];
    const VtNtpCardKernel *kernel;
} Line;

struct VtNtpCard {
    Line line;
    VtPtp *ptp;
    VtNtpCardTraits traits;
};

static int
control_socket(unsigned long request, struct ifreq *argument, void *user_data)
{
    g_auto(VtFd) fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)user_data; /* nothing */
    if (fd < 0)
        return errno;
    return ioctl(fd, request, argument) < 0 ? errno : 0;
}

static const VtNtpCardKernel real_kernel = { .control = control_socket };

static int
ask(const Line *line, unsigned long request, void *data, struct ifreq *argument)
{
    *argument = (struct ifreq){ .ifr_data = data };
    g_strlcpy(argument->ifr_name, line->interface, sizeof argument->ifr_name);
    return line->kernel->control(request, argument, line->kernel->user_data);
}

static bool
find_index(const Line *line, unsigned *ret_index, GError **error)
{
    struct ifreq argument;
    int failure = ask(line, SIOCGIFINDEX, NULL, &argument);
    if (failure != 0) {
        g_set_error(error, VT_ERROR, failure == ENODEV ? VT_ERROR_NOT_FOUND : VT_ERROR_FAILED,
                    "no interface '%s': %s", line->interface, g_strerror(failure));
        return false;
    }
    *ret_index = (unsigned)argument.ifr_ifindex;
    return true;
}

/* Which stamps it has, and which clock they are of. */
static bool
find_clock(const Line *line, struct ethtool_ts_info *ret_info, GError **error)
{
    struct ifreq argument;
    struct ethtool_ts_info info = { .cmd = ETHTOOL_GET_TS_INFO };
    int failure = ask(line, SIOCETHTOOL, &info, &argument);
    if (failure != 0 || info.phc_index < 0) {
        g_set_error(error, VT_ERROR, VT_ERROR_UNSUPPORTED, "'%s' has no clock of its own%s%s",
                    line->interface, failure != 0 ? ": " : "",
                    failure != 0 ? g_strerror(failure) : "");
        return false;
    }
    *ret_info = info;
    return true;
}

static bool
stamps_all(int filter)
{
    return filter == HWTSTAMP_FILTER_ALL || filter == HWTSTAMP_FILTER_NTP_ALL;
}

/* What one of several wants the card to stamp must not end for the others. */
static int
choose_filter(int before, unsigned filters)
{
    if (stamps_all(before))
        return before;
    if (before == HWTSTAMP_FILTER_NONE && (filters & 1U << HWTSTAMP_FILTER_NTP_ALL) != 0)
        return HWTSTAMP_FILTER_NTP_ALL;
    return (filters & 1U << HWTSTAMP_FILTER_ALL) != 0 ? HWTSTAMP_FILTER_ALL : before;
}

static bool
switch_on(const struct ethtool_ts_info *info, VtNtpCard *card, GError **error)
{
    const Line *line = &card->line;
    struct ifreq argument;
    struct hwtstamp_config before = { .flags = 0 };
    /* A driver that cannot tell has not been told anything either. */
    if (ask(line, SIOCGHWTSTAMP, &before, &argument) != 0)
        before = (struct hwtstamp_config){ .flags = 0 };

    struct hwtstamp_config wanted = before;
    wanted.rx_filter = choose_filter(before.rx_filter, info->rx_filters);
    if (before.tx_type == HWTSTAMP_TX_OFF && (info->tx_types & 1U << HWTSTAMP_TX_ON) != 0)
        wanted.tx_type = HWTSTAMP_TX_ON;
    if (wanted.rx_filter != before.rx_filter || wanted.tx_type != before.tx_type) {
        int failure = ask(line, SIOCSHWTSTAMP, &wanted, &argument);
        if (failure == ERANGE) {
            /* It was mistaken about what it can receive. */
            wanted = before;
            wanted.tx_type = HWTSTAMP_TX_ON;
            failure = ask(line, SIOCSHWTSTAMP, &wanted, &argument);
        }
        if (failure != 0)
            return vt_error_set_errno(error, failure, "cannot switch on stamps of '%s'",
                                      line->interface);
    }
    /* The kernel says what it made of it. */
    card->traits.stamps_received = stamps_all(wanted.rx_filter);
    card->traits.stamps_sent = wanted.tx_type != HWTSTAMP_TX_OFF;
    if (card->traits.stamps_received || card->traits.stamps_sent)
        return true;
    g_set_error(error, VT_ERROR, VT_ERROR_UNSUPPORTED,
                "'%s' stamps neither all it receives nor "
                "what it sends",
                line->interface);
    return false;
}

static VtNs
find_kilobyte_ns(const Line *line)
{
    struct ifreq argument;
    struct ethtool_cmd settings = { .cmd = ETHTOOL_GSET };
    if (ask(line, SIOCETHTOOL, &settings, &argument) != 0)
        return 0;
    uint32_t megabits = ethtool_cmd_speed(&settings);
    if (megabits == 0 || megabits > INT32_MAX)
        return 0;
    return 8 * 1000 * 1000 / (VtNs)megabits;
}

VtNtpCard *
vt_ntp_card_open(const char *interface, const VtNtpCardKernel *kernel, GError **error)
{
    struct ethtool_ts_info info;
    g_autoptr(VtNtpCard) card = g_new0(VtNtpCard, 1);

    card->line.kernel = kernel != NULL ? kernel : &real_kernel;
    g_strlcpy(card->line.interface, interface, sizeof card->line.interface);
    if (!find_index(&card->line, &card->traits.interface_index, error) ||
        !find_clock(&card->line, &info, error))
        return NULL;
    g_autofree char *path = g_strdup_printf("/dev/ptp%d", info.phc_index);
    card->ptp = vt_ptp_open(path, error);
    if (card->ptp == NULL || !switch_on(&info, card, error))
        return NULL;
    vt_ntp_card_look_again(card);
    return g_steal_pointer(&card);
}

void
vt_ntp_card_free(VtNtpCard *card)
{
    if (card == NULL)
        return;
    vt_ptp_free(card->ptp);
    g_free(card);
}

VtNtpCardTraits
vt_ntp_card_get_traits(const VtNtpCard *card)
{
    return card->traits;
}

void
vt_ntp_card_look_again(VtNtpCard *card)
{
    card->traits.kilobyte_ns = find_kilobyte_ns(&card->line);
}

bool
vt_ntp_card_read(VtNtpCard *card, VtNtpCardReading *ret_reading, GError **error)
{
    VtPtpShot shot;
    if (!vt_ptp_read(card->ptp, &shot, error))
        return false;
    VtNs bracket_ns = vt_wall_diff(shot.after, shot.before);
    if (bracket_ns > MOST_BRACKET_NS) {
        g_set_error(error, VT_ERROR, VT_ERROR_BUSY, "a reading took too long");
        return false;
    }
    *ret_reading = (VtNtpCardReading){
        .device_at = shot.device_at,
        .wall_at = vt_wall_add(shot.before, bracket_ns / 2),
        .error_ns = bracket_ns / 2,
    };
    return true;
}
