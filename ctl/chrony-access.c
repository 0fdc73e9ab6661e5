/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/chrony-access.h"

#include <string.h>

#include "ctl/chrony-words.h"

/* chronyd's own. */
#define DEFAULT_INTERVAL_LOG2 3
#define DEFAULT_BURST         8

#define MICROSECONDS 1000000

void
vt_chrony_access_init(VtChronyAccess *access)
{
    access->allow = g_string_new(NULL);
    access->deny = g_string_new(NULL);
    access->listen = g_string_new(NULL);
}

void
vt_chrony_access_clear(VtChronyAccess *access)
{
    g_string_free(access->allow, TRUE);
    g_string_free(access->deny, TRUE);
    g_string_free(access->listen, TRUE);
}

static void
append_word(GString *list, const char *word)
{
    g_string_append_printf(list, "%s%s", list->len > 0 ? " " : "", word);
}

/*
 * An IPv4 network may be cut short: "192.168" is 192.168.0.0/16, "10/8" is 10.0.0.0/8. Transfer
 * full; NULL if it is none.
 */
static char *
complete_v4(const char *word)
{
    g_auto(GStrv) halves = g_strsplit(word, "/", 2);
    g_auto(GStrv) parts = g_strsplit(halves[0], ".", -1);
    unsigned n_parts = g_strv_length(parts);
    int64_t numbers[4] = { 0 };
    int64_t n_bits = 8 * (int64_t)n_parts;

    if (n_parts < 1 || n_parts > 4)
        return NULL;
    for (unsigned i = 0; i < n_parts; i++) {
        if (!vt_chrony_parse_int(parts[i], 0, 255, &numbers[i]))
            return NULL;
    }
    if (halves[1] != NULL && !vt_chrony_parse_int(halves[1], 0, 32, &n_bits))
        return NULL;
    return g_strdup_printf("%d.%d.%d.%d/%d", (int)numbers[0], (int)numbers[1], (int)numbers[2],
                           (int)numbers[3], (int)n_bits);
}

/* By its characters: hostd looks at the rest. */
static bool
is_v6(const char *word)
{
    const char *slash = strchr(word, '/');
    size_t n_address = slash != NULL ? (size_t)(slash - word) : strlen(word);
    int64_t n_bits;

    if (slash != NULL && !vt_chrony_parse_int(slash + 1, 0, 128, &n_bits))
        return false;
    return memchr(word, ':', n_address) != NULL &&
           strspn(word, "0123456789abcdefABCDEF:") == n_address;
}

static const char *
read_rule(GString *list, char **words)
{
    const char *word = words[1];
    if (word == NULL) {
        append_word(list, "all");
        return NULL;
    }
    if (g_ascii_strcasecmp(word, "all") == 0 && words[2] != NULL)
        return "of all rules that fit the one for the smallest network decides; none overrides";
    if (g_ascii_strcasecmp(word, "all") == 0) {
        append_word(list, "all");
        return NULL;
    }

    g_autofree char *network = is_v6(word) ? g_strdup(word) : complete_v4(word);
    if (network == NULL)
        return "that is no network; names are not looked up";
    append_word(list, network);
    return NULL;
}

const char *
vt_chrony_access_read(VtChronyAccess *access, char **words)
{
    if (g_ascii_strcasecmp(words[0], "allow") == 0)
        return read_rule(access->allow, words);
    if (g_ascii_strcasecmp(words[0], "deny") == 0)
        return read_rule(access->deny, words);
    if (words[1] == NULL || !vt_chrony_is_host(words[1]))
        return "that is no address";
    append_word(access->listen, words[1]);
    return NULL;
}

bool
vt_chrony_access_append(const VtChronyAccess *access, GString *output)
{
    if (access->allow->len == 0)
        return false;
    if (access->listen->len > 0)
        g_string_append_printf(output, "listen=%s\n", access->listen->str);
    else
        g_string_append(output,
                        "# Every address of this host. Clients in its own networks are\n"
                        "# answered, too; 'deny' keeps them out.\n"
                        "listen=0.0.0.0 ::\n");
    g_string_append_printf(output, "allow=%s\n", access->allow->str);
    if (access->deny->len > 0)
        g_string_append_printf(output, "deny=%s\n", access->deny->str);
    return true;
}

const char *
vt_chrony_limit_read(VtChronyLimit *limit, char **words)
{
    VtChronyLimit read = { true, DEFAULT_INTERVAL_LOG2, DEFAULT_BURST };

    for (size_t i = 1; words[i] != NULL; i += 2) {
        const char *value = words[i + 1];
        int64_t unused;
        bool is_good = false;
        if (value != NULL && g_ascii_strcasecmp(words[i], "interval") == 0)
            is_good = vt_chrony_parse_int(value, -19, 12, &read.interval_log2);
        else if (value != NULL && g_ascii_strcasecmp(words[i], "burst") == 0)
            is_good = vt_chrony_parse_int(value, 1, 255, &read.burst);
        else if (value != NULL && g_ascii_strcasecmp(words[i], "leak") == 0)
            is_good = vt_chrony_parse_int(value, 1, 4, &unused);
        if (!is_good)
            return "that is no limit";
    }
    *limit = read;
    return NULL;
}

void
vt_chrony_limit_append(const VtChronyLimit *limit, GString *output)
{
    if (!limit->is_set)
        return;
    /* hostd goes up to 1024 s. */
    int64_t interval_log2 = MIN(limit->interval_log2, 10);
    if (interval_log2 >= 0)
        g_string_append_printf(output, "ntp-interval=%ds\n", 1 << interval_log2);
    else
        g_string_append_printf(output, "ntp-interval=%dus\n", MICROSECONDS >> -interval_log2);
    g_string_append_printf(output, "ntp-burst=%d\n", (int)limit->burst);
}
