/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/chrony-source.h"

#include <string.h>

#include "ctl/chrony-words.h"

/* As the agent has it; less often is possible, more often not. */
#define LEAST_POLL    6
#define GREATEST_POLL 17

#define OWN_JUDGEMENT "the agent judges by rules of its own"

typedef enum {
    OPTION_FLAG,    /* becomes "key=yes" */
    OPTION_BURST,   /* iburst: is the agent's default, and its absence is not */
    OPTION_NUMBER,  /* has a value; becomes "key=value" */
    OPTION_POLL,    /* has a value that may be out of the agent's range */
    OPTION_IGNORED, /* what the agent does anyhow */
    OPTION_NOTED,   /* has no counterpart */
    OPTION_FATAL,   /* without it the source would be another one */
} Treatment;

static const struct {
    const char *name;
    Treatment treatment;
    bool has_value;
    const char *text; /* the key, or the reason */
    int64_t least;
    int64_t greatest;
} options[] = {
    { "iburst", OPTION_BURST, false, NULL, 0, 0 },
    { "prefer", OPTION_FLAG, false, "prefer", 0, 0 },
    { "trust", OPTION_FLAG, false, "trust", 0, 0 },
    { "require", OPTION_FLAG, false, "require", 0, 0 },
    { "port", OPTION_NUMBER, true, "port", 1, 65535 },
    { "key", OPTION_NUMBER, true, "key", 1, UINT32_MAX },
    { "maxsources", OPTION_NUMBER, true, "max-sources", 1, 16 },
    { "minpoll", OPTION_POLL, true, "minpoll", 0, 0 },
    { "maxpoll", OPTION_POLL, true, "maxpoll", 0, 0 },
    { "xleave", OPTION_IGNORED, false, NULL, 0, 0 },
    { "burst", OPTION_IGNORED, false, NULL, 0, 0 },
    { "auto_offline", OPTION_IGNORED, false, NULL, 0, 0 },
    { "offline", OPTION_NOTED, false, "it begins online; see 'virt-timectl offline'", 0, 0 },
    { "ipv4", OPTION_NOTED, false, "the family is chosen by the resolver", 0, 0 },
    { "ipv6", OPTION_NOTED, false, "the family is chosen by the resolver", 0, 0 },
    { "copy", OPTION_NOTED, false, "stratum and reference are always the agent's own", 0, 0 },
    { "version", OPTION_NOTED, true, "requests are of version 4", 0, 0 },
    { "extfield", OPTION_NOTED, true, "extension fields are not sent", 0, 0 },
    { "presend", OPTION_NOTED, true, "nothing is sent in advance", 0, 0 },
    { "polltarget", OPTION_NOTED, true, OWN_JUDGEMENT, 0, 0 },
    { "minsamples", OPTION_NOTED, true, OWN_JUDGEMENT, 0, 0 },
    { "maxsamples", OPTION_NOTED, true, OWN_JUDGEMENT, 0, 0 },
    { "filter", OPTION_NOTED, true, OWN_JUDGEMENT, 0, 0 },
    { "maxdelay", OPTION_NOTED, true, OWN_JUDGEMENT, 0, 0 },
    { "mindelay", OPTION_NOTED, true, OWN_JUDGEMENT, 0, 0 },
    { "maxdelayratio", OPTION_NOTED, true, OWN_JUDGEMENT, 0, 0 },
    { "maxdelaydevratio", OPTION_NOTED, true, OWN_JUDGEMENT, 0, 0 },
    { "maxdelayquant", OPTION_NOTED, true, OWN_JUDGEMENT, 0, 0 },
    { "maxunreach", OPTION_NOTED, true, OWN_JUDGEMENT, 0, 0 },
    { "minstratum", OPTION_NOTED, true, OWN_JUDGEMENT, 0, 0 },
    { "asymmetry", OPTION_NOTED, true, "asymmetry is not corrected", 0, 0 },
    { "offset", OPTION_FATAL, true, "its offset cannot be corrected: left out", 0, 0 },
    { "noselect", OPTION_FATAL, false, "it could not be kept from being followed: left out", 0,
      0 },
    { "nts", OPTION_FATAL, false, "NTS is not offered: left out", 0, 0 },
    { "ntsport", OPTION_NOTED, true, "NTS is not offered", 0, 0 },
    { "certset", OPTION_NOTED, true, "NTS is not offered", 0, 0 },
};

typedef struct {
    const VtChronySource *source;
    GString *lines;
    GPtrArray *notes;
    bool has_burst;
    bool is_left_out;
} Reading;

static void
note(Reading *reading, size_t word, size_t n_words, const char *reason)
{
    VtChronyPlace place = { reading->source->line, reading->source->words + word, n_words };
    vt_chrony_note(reading->notes, &place, reason);
}

static void
read_poll(Reading *reading, size_t word, const char *key, const char *value)
{
    int64_t poll;

    if (!vt_chrony_parse_int(value, -32, 32, &poll))
        note(reading, word, 2, "that is no power of two");
    else if (poll < LEAST_POLL)
        note(reading, word, 2,
             "servers are asked no more often than each 64 s, but those of one's own that are "
             "marked local=yes each second");
    if (vt_chrony_parse_int(value, -32, 32, &poll))
        g_string_append_printf(reading->lines, "%s=%d\n", key,
                               (int)CLAMP(poll, LEAST_POLL, GREATEST_POLL));
}

static void
read_number(Reading *reading, size_t word, size_t option, const char *value)
{
    int64_t number;

    if (vt_chrony_parse_int(value, options[option].least, options[option].greatest, &number))
        g_string_append_printf(reading->lines, "%s=%" G_GINT64_FORMAT "\n",
                               options[option].text, number);
    else
        note(reading, word, 2, "that number is out of range");
}

/* Returns how many words it took. */
static size_t
read_option(Reading *reading, size_t word, size_t option)
{
    const char *value = reading->source->words[word + 1];

    if (options[option].has_value && value == NULL) {
        note(reading, word, 1, "its value is missing");
        return 1;
    }
    switch (options[option].treatment) {
    case OPTION_FLAG:
        g_string_append_printf(reading->lines, "%s=yes\n", options[option].text);
        break;
    case OPTION_BURST:
        reading->has_burst = true;
        break;
    case OPTION_NUMBER:
        read_number(reading, word, option, value);
        break;
    case OPTION_POLL:
        read_poll(reading, word, options[option].text, value);
        break;
    case OPTION_FATAL:
        reading->is_left_out = true;
        G_GNUC_FALLTHROUGH;
    case OPTION_NOTED:
        note(reading, word, options[option].has_value ? 2 : 1, options[option].text);
        break;
    case OPTION_IGNORED:
        break;
    }
    return options[option].has_value ? 2 : 1;
}

static size_t
read_word(Reading *reading, size_t word)
{
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        if (g_ascii_strcasecmp(options[i].name, reading->source->words[word]) == 0)
            return read_option(reading, word, i);
    }
    note(reading, word, 1, "no such option is known");
    return 1;
}

void
vt_chrony_source_append(const VtChronySource *source,
                        GHashTable *names,
                        GString *output,
                        GPtrArray *notes)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    Reading reading = { .source = source, .lines = lines, .notes = notes };
    const char *address = source->words[1];
    g_autofree char *kind = g_ascii_strdown(source->words[0], -1);

    if (address == NULL || !vt_chrony_is_host(address)) {
        note(&reading, 0, 0, "that is no address");
        return;
    }
    for (size_t word = 2; source->words[word] != NULL;)
        word += read_word(&reading, word);
    if (reading.is_left_out)
        return;
    /* The agent has that name for the link to the host. */
    const char *wanted = g_str_equal(address, "link") ? "link-server" : address;
    g_string_append_printf(output, "%s[%s %s]\naddress=%s\n%s%s", output->len > 0 ? "\n" : "",
                           kind, vt_chrony_name(names, wanted), address,
                           reading.has_burst ? "" : "iburst=no\n", lines->str);
}

const char *
vt_chrony_refclock_append(char **words, GHashTable *names, GString *output)
{
    bool is_phc = words[1] != NULL && g_ascii_strcasecmp(words[1], "PHC") == 0;
    if (!is_phc || words[2] == NULL)
        return "only clocks of the machine are read (refclock PHC)";

    g_auto(GStrv) parts = g_strsplit(words[2], ":", 2);
    if (!vt_chrony_is_path(parts[0]))
        return "that is no path";
    if (strstr(parts[0], "ptp_kvm") != NULL || strstr(parts[0], "ptp_hyperv") != NULL)
        return "not needed: the hypervisor's clocks are found by themselves";
    bool is_tai = g_strv_contains((const char *const *)words, "tai");
    g_autofree char *name = g_path_get_basename(parts[0]);
    if (!vt_chrony_is_host(name))
        return "that is no path";
    g_string_append_printf(output, "%s[clock %s]\ndevice=%s\n%s", output->len > 0 ? "\n" : "",
                           vt_chrony_name(names, name), parts[0], is_tai ? "scale=tai\n" : "");
    return NULL;
}
