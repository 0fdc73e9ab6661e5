/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/hostd/fake-card.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <string.h>

static int
set(FakeCard *card, struct hwtstamp_config *wanted)
{
    if (card->set_errno != 0)
        return card->set_errno;
    if (card->is_mistaken && wanted->rx_filter != card->settings.rx_filter)
        return ERANGE;
    if (card->grants_more && wanted->rx_filter == HWTSTAMP_FILTER_NTP_ALL)
        wanted->rx_filter = HWTSTAMP_FILTER_ALL;
    card->settings = *wanted;
    card->n_sets += 1;
    return 0;
}

static int
answer_ethtool(const FakeCard *card, void *data)
{
    uint32_t command;
    memcpy(&command, data, sizeof command);
    if (command == ETHTOOL_GET_TS_INFO) {
        struct ethtool_ts_info *info = data;
        info->phc_index = card->clock_number;
        info->tx_types = card->tx_types;
        info->rx_filters = card->rx_filters;
        return 0;
    }
    if (command == ETHTOOL_GSET) {
        ethtool_cmd_speed_set(data, card->megabits);
        return 0;
    }
    return EOPNOTSUPP;
}

static int
control(unsigned long request, struct ifreq *argument, void *user_data)
{
    FakeCard *card = user_data;
    if (strcmp(argument->ifr_name, card->interface) != 0)
        return ENODEV;
    switch (request) {
    case SIOCGIFINDEX:
        argument->ifr_ifindex = (int)card->interface_index;
        return 0;
    case SIOCETHTOOL:
        return answer_ethtool(card, argument->ifr_data);
    case SIOCGHWTSTAMP:
        memcpy(argument->ifr_data, &card->settings, sizeof card->settings);
        return 0;
    case SIOCSHWTSTAMP:
        return set(card, (struct hwtstamp_config *)argument->ifr_data);
    default:
        return EINVAL;
    }
}

VtNtpCardKernel
fake_card_get_kernel(FakeCard *card)
{
    return (VtNtpCardKernel){ .control = control, .user_data = card };
}
