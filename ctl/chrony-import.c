/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/chrony-import.h"

#include <string.h>

#include "ctl/chrony-access.h"
#include "ctl/chrony-source.h"
#include "ctl/chrony-words.h"

#define DEFAULT_ISLAND_STRATUM 10

/* What stands in several lines of the one file and in one of the other. */
typedef struct {
    VtChronyImport *import;
    VtChronyAccess access;
    GHashTable *names; /* of sources, all different */
    GString *sources;
    char *keys_path;
    int64_t island_stratum; /* 0: none */
    int64_t port;           /* -1: as always */
    VtChronyLimit limit;
} Reading;

static void
add_note(Reading *reading, unsigned line, char **words, const char *reason)
{
    VtChronyPlace place = { .line = line, .words = words };
    vt_chrony_note(reading->import->notes, &place, reason);
}

static void
read_source(Reading *reading, unsigned line, char **words)
{
    VtChronySource source = { .line = line, .words = words };
    vt_chrony_source_append(&source, reading->names, reading->sources, reading->import->notes);
}

static void
read_refclock(Reading *reading, unsigned line, char **words)
{
    const char *reason = vt_chrony_refclock_append(words, reading->names, reading->sources);
    if (reason != NULL)
        add_note(reading, line, words, reason);
}

static void
read_access(Reading *reading, unsigned line, char **words)
{
    const char *reason = vt_chrony_access_read(&reading->access, words);
    if (reason != NULL)
        add_note(reading, line, words, reason);
}

static void
read_keyfile(Reading *reading, unsigned line, char **words)
{
    if (words[1] == NULL || !vt_chrony_is_path(words[1])) {
        add_note(reading, line, words, "that is no path");
        return;
    }
    g_free(reading->keys_path);
    reading->keys_path = g_strdup(words[1]);
}

static void
read_local(Reading *reading, unsigned line, char **words)
{
    reading->island_stratum = DEFAULT_ISLAND_STRATUM;
    for (size_t i = 1; words[i] != NULL; i++) {
        bool is_stratum = g_ascii_strcasecmp(words[i], "stratum") == 0 && words[i + 1] != NULL;
        if (is_stratum && vt_chrony_parse_int(words[i + 1], 1, 15, &reading->island_stratum))
            i++;
        else
            add_note(reading, line, words + i, "only the stratum of an island can be set");
    }
}

static void
read_port(Reading *reading, unsigned line, char **words)
{
    if (words[1] == NULL || !vt_chrony_parse_int(words[1], 0, 65535, &reading->port))
        add_note(reading, line, words, "that is no port");
}

static void
read_limit(Reading *reading, unsigned line, char **words)
{
    const char *reason = vt_chrony_limit_read(&reading->limit, words);
    if (reason != NULL)
        add_note(reading, line, words, reason);
}

typedef void (*Reader)(Reading *reading, unsigned line, char **words);

#define NOT_NEEDED_STEP "not needed: after a disruption and at the start the clock is stepped"
#define NOT_NEEDED_RTC  "not needed: the kernel is told whether the clock is right"
#define NOT_NEEDED_RATE "not needed: the learnt rate is kept in /var/lib/virt-time/agent"
#define NOT_NEEDED_LOG  "not needed: the journal is always kept, see 'virt-timectl journal'"
#define NOT_NEEDED_RUN  "not needed: the unit does that"
#define NOT_NEEDED_TOOL "not needed: virt-timectl has sockets of its own"
#define OWN_JUDGEMENT   "the agent judges by rules of its own"
#define OTHER_FILE      "import that file, too"
#define NO_NTS          "NTS is not offered"

/* Every directive that chrony.conf(5) has. */
static const struct {
    const char *name;
    Reader read;
    const char *reason; /* if it is not read */
} directives[] = {
    { "server", read_source, NULL },
    { "pool", read_source, NULL },
    { "refclock", read_refclock, NULL },
    { "allow", read_access, NULL },
    { "deny", read_access, NULL },
    { "bindaddress", read_access, NULL },
    { "keyfile", read_keyfile, NULL },
    { "local", read_local, NULL },
    { "port", read_port, NULL },
    { "ratelimit", read_limit, NULL },
    { "peer", NULL, "symmetric mode is not offered; if it answers clients, make it a server" },
    { "include", NULL, OTHER_FILE },
    { "confdir", NULL, OTHER_FILE },
    { "sourcedir", NULL, OTHER_FILE },
    { "makestep", NULL, NOT_NEEDED_STEP },
    { "initstepslew", NULL, NOT_NEEDED_STEP },
    { "rtcsync", NULL, NOT_NEEDED_RTC },
    { "rtcfile", NULL, "the RTC is set by the kernel, and not trimmed" },
    { "rtcautotrim", NULL, "the RTC is set by the kernel, and not trimmed" },
    { "rtcdevice", NULL, "not needed: the RTC is found by itself" },
    { "rtconutc", NULL, "not needed: the kernel knows that" },
    { "hwclockfile", NULL, "not needed: the kernel knows that" },
    { "driftfile", NULL, NOT_NEEDED_RATE },
    { "dumpdir", NULL, NOT_NEEDED_RATE },
    { "dumponexit", NULL, NOT_NEEDED_RATE },
    { "logdir", NULL, NOT_NEEDED_LOG },
    { "log", NULL, NOT_NEEDED_LOG },
    { "logbanner", NULL, NOT_NEEDED_LOG },
    { "logchange", NULL, NOT_NEEDED_LOG },
    { "mailonchange", NULL, "nobody is mailed; watch the journal" },
    { "user", NULL, NOT_NEEDED_RUN },
    { "pidfile", NULL, NOT_NEEDED_RUN },
    { "lock_all", NULL, NOT_NEEDED_RUN },
    { "sched_priority", NULL, NOT_NEEDED_RUN },
    { "bindcmdaddress", NULL, NOT_NEEDED_TOOL },
    { "bindcmddevice", NULL, NOT_NEEDED_TOOL },
    { "cmdallow", NULL, NOT_NEEDED_TOOL },
    { "cmddeny", NULL, NOT_NEEDED_TOOL },
    { "cmdport", NULL, NOT_NEEDED_TOOL },
    { "cmdratelimit", NULL, NOT_NEEDED_TOOL },
    { "opencommands", NULL, NOT_NEEDED_TOOL },
    { "clientloglimit", NULL, "not needed: 32768 clients are remembered, in bounded memory" },
    { "noclientlog", NULL, "clients are always remembered, in bounded memory" },
    { "hwtimestamp", NULL, "the kernel's time stamps are used, not those of the card" },
    { "hwtstimeout", NULL, "the kernel's time stamps are used, not those of the card" },
    { "leapsectz", NULL, "leap seconds are believed as the sources announce them" },
    { "leapseclist", NULL, "leap seconds are believed as the sources announce them" },
    { "leapsecmode", NULL, "a leap second is the kernel's business" },
    { "smoothtime", NULL, "time is served as it is, never smeared" },
    { "manual", NULL, "the clock is never set by hand" },
    { "acquisitionport", NULL, "each request leaves from a port of its own, by lot" },
    { "bindacqaddress", NULL, "requests leave as routing says" },
    { "bindacqdevice", NULL, "requests leave as routing says" },
    { "binddevice", NULL, "name the interface in listen= of hostd.conf" },
    { "dscp", NULL, "packets are not marked" },
    { "ptpport", NULL, "NTP over PTP is not offered" },
    { "ptpdomain", NULL, "NTP over PTP is not offered" },
    { "authselectmode", NULL, OWN_JUDGEMENT },
    { "combinelimit", NULL, OWN_JUDGEMENT },
    { "corrtimeratio", NULL, OWN_JUDGEMENT },
    { "driftfilebackup", NULL, OWN_JUDGEMENT },
    { "fallbackdrift", NULL, OWN_JUDGEMENT },
    { "maxchange", NULL, OWN_JUDGEMENT },
    { "maxclockerror", NULL, OWN_JUDGEMENT },
    { "maxdistance", NULL, OWN_JUDGEMENT },
    { "maxdrift", NULL, OWN_JUDGEMENT },
    { "maxjitter", NULL, OWN_JUDGEMENT },
    { "maxsamples", NULL, OWN_JUDGEMENT },
    { "maxslewrate", NULL, OWN_JUDGEMENT },
    { "maxupdateskew", NULL, OWN_JUDGEMENT },
    { "minsamples", NULL, OWN_JUDGEMENT },
    { "minsources", NULL, OWN_JUDGEMENT },
    { "refresh", NULL, OWN_JUDGEMENT },
    { "reselectdist", NULL, OWN_JUDGEMENT },
    { "stratumweight", NULL, OWN_JUDGEMENT },
    { "tempcomp", NULL, OWN_JUDGEMENT },
    { "ntpsigndsocket", NULL, "replies are signed by keys of a file alone" },
    { "maxntsconnections", NULL, NO_NTS },
    { "nocerttimecheck", NULL, NO_NTS },
    { "nosystemcert", NULL, NO_NTS },
    { "ntsaeads", NULL, NO_NTS },
    { "ntscachedir", NULL, NO_NTS },
    { "ntsdumpdir", NULL, NO_NTS },
    { "ntsntpserver", NULL, NO_NTS },
    { "ntsport", NULL, NO_NTS },
    { "ntsprocesses", NULL, NO_NTS },
    { "ntsrefresh", NULL, NO_NTS },
    { "ntsrotate", NULL, NO_NTS },
    { "ntsservercert", NULL, NO_NTS },
    { "ntsserverkey", NULL, NO_NTS },
    { "ntstrustedcerts", NULL, NO_NTS },
};

static void
read_directive(Reading *reading, unsigned line, char **words)
{
    for (size_t i = 0; i < G_N_ELEMENTS(directives); i++) {
        if (g_ascii_strcasecmp(directives[i].name, words[0]) != 0)
            continue;
        if (directives[i].read != NULL)
            directives[i].read(reading, line, words);
        else
            add_note(reading, line, words, directives[i].reason);
        return;
    }
    add_note(reading, line, words, "no such directive is known");
}

static void
read_lines(Reading *reading, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (unsigned i = 0; lines[i] != NULL; i++) {
        g_auto(GStrv) words = vt_chrony_split(lines[i]);
        if (words[0] != NULL && strchr("#%;!", words[0][0]) == NULL)
            read_directive(reading, i + 1, words);
    }
}

static void
write_agent(const Reading *reading)
{
    GString *agent = reading->import->agent;

    if (reading->keys_path != NULL)
        g_string_append_printf(agent, "[agent]\nntp-keys=%s\n", reading->keys_path);
    if (agent->len > 0 && reading->sources->len > 0)
        g_string_append_c(agent, '\n');
    g_string_append(agent, reading->sources->str);
}

static void
write_hostd(const Reading *reading)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    bool has_clients = vt_chrony_access_append(&reading->access, lines);

    if (reading->port >= 0)
        g_string_append_printf(lines, "ntp-port=%" G_GINT64_FORMAT "\n", reading->port);
    if (has_clients && reading->keys_path != NULL)
        g_string_append_printf(lines, "ntp-keys=%s\n", reading->keys_path);
    vt_chrony_limit_append(&reading->limit, lines);
    if (reading->island_stratum > 0)
        g_string_append_printf(lines, "stratum=%" G_GINT64_FORMAT "\n",
                               reading->island_stratum);
    if (lines->len > 0)
        g_string_append_printf(reading->import->hostd, "[hostd]\n%s", lines->str);
}

static void
free_note(gpointer data)
{
    VtChronyNote *note = data;
    g_free(note->text);
    g_free(note);
}

VtChronyImport *
vt_chrony_import_new(const char *text, size_t n_bytes)
{
    VtChronyImport *import = g_new0(VtChronyImport, 1);
    Reading reading = { .import = import, .port = -1 };
    g_autofree char *copy = g_strndup(n_bytes > 0 ? text : "", n_bytes);

    import->agent = g_string_new(NULL);
    import->hostd = g_string_new(NULL);
    import->notes = g_ptr_array_new_with_free_func(free_note);
    reading.names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    reading.sources = g_string_new(NULL);
    vt_chrony_access_init(&reading.access);
    read_lines(&reading, copy);
    write_agent(&reading);
    write_hostd(&reading);

    vt_chrony_access_clear(&reading.access);
    g_string_free(reading.sources, TRUE);
    g_hash_table_unref(reading.names);
    g_free(reading.keys_path);
    return import;
}

void
vt_chrony_import_free(VtChronyImport *import)
{
    if (import == NULL)
        return;
    g_string_free(import->agent, TRUE);
    g_string_free(import->hostd, TRUE);
    g_ptr_array_unref(import->notes);
    g_free(import);
}
