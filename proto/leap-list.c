/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/leap-list.h"

#include <stdbool.h>
#include <string.h>

#include <glib.h>

/* From 1900 to 1970. */
#define NTP_TO_UNIX_SEC INT64_C(2208988800)

/* Some years of NTP's seconds; the kernel takes no more than 100000 of the other. */
#define MOST_NTP_SEC    (UINT64_C(1) << 40)
#define MOST_OFFSET_SEC 1000

typedef struct {
    bool has_entry;
    bool has_expiry;
    uint64_t last_ntp_sec;
    uint64_t expiry_ntp_sec;
    uint64_t at_ntp_sec;
    int offset_sec; /* at that instant; 0: before the first entry */
} Scan;

static bool
take_number(const char **at, uint64_t most, uint64_t *ret_value)
{
    while (**at == ' ' || **at == '\t')
        ++*at;
    if (!g_ascii_isdigit(**at))
        return false;
    uint64_t value = 0;
    for (; g_ascii_isdigit(**at); ++*at) {
        value = 10 * value + (uint64_t)(**at - '0');
        if (value > most)
            return false;
    }
    *ret_value = value;
    return true;
}

/* Nothing but a comment may follow. */
static bool
is_end(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\r')
        at++;
    return *at == '\0' || *at == '\n' || *at == '#';
}

static bool
take_entry(Scan *scan, const char *line)
{
    uint64_t since_ntp_sec;
    uint64_t offset_sec;
    if (!take_number(&line, MOST_NTP_SEC, &since_ntp_sec) ||
        !take_number(&line, MOST_OFFSET_SEC, &offset_sec) || !is_end(line))
        return false;
    if (offset_sec == 0 || (scan->has_entry && since_ntp_sec <= scan->last_ntp_sec))
        return false;
    scan->has_entry = true;
    scan->last_ntp_sec = since_ntp_sec;
    if (since_ntp_sec <= scan->at_ntp_sec)
        scan->offset_sec = (int)offset_sec;
    return true;
}

static bool
take_line(Scan *scan, const char *line)
{
    if (g_str_has_prefix(line, "#@")) {
        const char *at = line + strlen("#@");
        scan->has_expiry = true;
        return take_number(&at, MOST_NTP_SEC, &scan->expiry_ntp_sec) && is_end(at);
    }
    return is_end(line) || take_entry(scan, line);
}

VtLeapListCheck
vt_leap_list_get_offset(const char *text, VtWall at, int *ret_offset_sec)
{
    int64_t ntp_sec = at.ns / VT_NS_PER_SEC + NTP_TO_UNIX_SEC;
    Scan scan = { .at_ntp_sec = (uint64_t)MAX(ntp_sec, 0) };

    for (const char *line = text; line != NULL;) {
        if (!take_line(&scan, line))
            return VT_LEAP_LIST_MALFORMED;
        const char *end = strchr(line, '\n');
        line = end != NULL ? end + 1 : NULL;
    }
    if (!scan.has_entry || !scan.has_expiry)
        return VT_LEAP_LIST_MALFORMED;
    if (scan.at_ntp_sec >= scan.expiry_ntp_sec)
        return VT_LEAP_LIST_EXPIRED;
    if (scan.offset_sec == 0)
        return VT_LEAP_LIST_TOO_EARLY;
    *ret_offset_sec = scan.offset_sec;
    return VT_LEAP_LIST_OK;
}
