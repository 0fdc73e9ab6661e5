/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <json-glib/json-glib.h>
#include <string.h>

#include <glib/gstdio.h>

#include "agent/config.h"
#include "base/settings-text.h"
#include "ctl/chrony-import.h"
#include "hostd/config.h"
#include "hostd/ntp-service.h"
#include "tests/ctl/timectl.h"

#define EVERYWHERE                                                             \
    "[hostd]\n# Every address of this host. Clients in its own networks are\n" \
    "# answered, too; 'deny' keeps them out.\nlisten=0.0.0.0 ::\n"

/* One line of a chrony.conf and what becomes of it; @note is "text: reason", of one note. */
static const struct {
    const char *line;
    const char *agent;
    const char *hostd;
    const char *note;
} rows[] = {
    { "", "", "", NULL },
    { "  # server a", "", "", NULL },
    { "! server a", "", "", NULL },
    { "server a iburst", "[server a]\naddress=a\n", "", NULL },
    { "server a", "[server a]\naddress=a\niburst=no\n", "", NULL },
    { "SERVER a IBURST", "[server a]\naddress=a\n", "", NULL },
    { "server\ta   iburst\r", "[server a]\naddress=a\n", "", NULL },
    { "server 2001:db8::1 iburst prefer trust require",
      "[server 2001:db8::1]\naddress=2001:db8::1\nprefer=yes\ntrust=yes\nrequire=yes\n", "",
      NULL },
    { "server a iburst port 1123 key 7", "[server a]\naddress=a\nport=1123\nkey=7\n", "",
      NULL },
    { "server a iburst minpoll 7 maxpoll 12", "[server a]\naddress=a\nminpoll=7\nmaxpoll=12\n",
      "", NULL },
    { "server a iburst minpoll -2", "[server a]\naddress=a\nminpoll=6\n", "",
      "minpoll -2: servers are asked no more often than each 64 s, but those of one's own that "
      "are marked local=yes each second" },
    { "server a iburst maxpoll 24", "[server a]\naddress=a\nmaxpoll=17\n", "", NULL },
    { "server a iburst minpoll often", "[server a]\naddress=a\n", "",
      "minpoll often: that is no power of two" },
    { "server a iburst port 70000", "[server a]\naddress=a\n", "",
      "port 70000: that number is out of range" },
    { "server a iburst port", "[server a]\naddress=a\n", "", "port: its value is missing" },
    { "server a iburst xleave burst auto_offline", "[server a]\naddress=a\n", "", NULL },
    { "server a iburst maxdelay 0.1 prefer", "[server a]\naddress=a\nprefer=yes\n", "",
      "maxdelay 0.1: the agent judges by rules of its own" },
    { "server a iburst frobnicate", "[server a]\naddress=a\n", "",
      "frobnicate: no such option is known" },
    { "server a iburst nts", "", "", "nts: NTS is not offered: left out" },
    { "server a noselect", "", "",
      "noselect: it could not be kept from being followed: left out" },
    { "server a offset 0.1", "", "", "offset 0.1: its offset cannot be corrected: left out" },
    { "server", "", "", "server: that is no address" },
    { "server a]b iburst", "", "", "server a]b iburst: that is no address" },
    { "server link iburst", "[server link-server]\naddress=link\n", "", NULL },
    { "pool p iburst maxsources 3", "[pool p]\naddress=p\nmax-sources=3\n", "", NULL },
    { "peer b", "", "",
      "peer b: symmetric mode is not offered; if it answers clients, make it a server" },
    { "keyfile /etc/chrony.keys", "[agent]\nntp-keys=/etc/chrony.keys\n", "", NULL },
    { "keyfile keys", "", "", "keyfile keys: that is no path" },
    { "keyfile /a\\nb", "", "", "keyfile /a\\nb: that is no path" },
    { "allow", "", EVERYWHERE "allow=all\n", NULL },
    { "allow all", "", EVERYWHERE "allow=all\n", NULL },
    { "allow 192.168.64.0/24", "", EVERYWHERE "allow=192.168.64.0/24\n", NULL },
    { "allow 192.168.64", "", EVERYWHERE "allow=192.168.64.0/24\n", NULL },
    { "allow 10/8", "", EVERYWHERE "allow=10.0.0.0/8\n", NULL },
    { "allow 192.0.2.1", "", EVERYWHERE "allow=192.0.2.1/32\n", NULL },
    { "allow 2001:db8::/32", "", EVERYWHERE "allow=2001:db8::/32\n", NULL },
    { "allow 1.2.3.4.5", "", "",
      "allow 1.2.3.4.5: that is no network; names are not looked up" },
    { "allow 1.2.3/33", "", "", "allow 1.2.3/33: that is no network; names are not looked up" },
    { "allow ::/129", "", "", "allow ::/129: that is no network; names are not looked up" },
    { "allow client.example", "", "",
      "allow client.example: that is no network; names are not looked up" },
    { "allow all 10/8", "", "",
      "allow all 10/8: of all rules that fit the one for the smallest network decides; none "
      "overrides" },
    { "deny 10/8", "", "", NULL },
    { "bindaddress 192.0.2.1", "", "", NULL },
    { "local", "", "[hostd]\nstratum=10\n", NULL },
    { "local stratum 5", "", "[hostd]\nstratum=5\n", NULL },
    { "local stratum 5 orphan", "", "[hostd]\nstratum=5\n",
      "orphan: only the stratum of an island can be set" },
    { "port 0", "", "[hostd]\nntp-port=0\n", NULL },
    { "port x", "", "", "port x: that is no port" },
    { "ratelimit", "", "[hostd]\nntp-interval=8s\nntp-burst=8\n", NULL },
    { "ratelimit interval -3 burst 16 leak 2", "",
      "[hostd]\nntp-interval=125000us\nntp-burst=16\n", NULL },
    { "ratelimit interval 12", "", "[hostd]\nntp-interval=1024s\nntp-burst=8\n", NULL },
    { "ratelimit often", "", "", "ratelimit often: that is no limit" },
    { "refclock PHC /dev/ptp2 poll 0", "[clock ptp2]\ndevice=/dev/ptp2\n", "", NULL },
    { "refclock PHC /dev/ptp2:nocrossts tai", "[clock ptp2]\ndevice=/dev/ptp2\nscale=tai\n", "",
      NULL },
    { "refclock PHC /dev/ptp_kvm", "", "",
      "refclock PHC /dev/ptp_kvm: not needed: the hypervisor's clocks are found by themselves" },
    { "refclock PHC eth0", "", "", "refclock PHC eth0: that is no path" },
    { "refclock SHM 0", "", "",
      "refclock SHM 0: only clocks of the machine are read (refclock PHC)" },
    { "makestep 1 3", "", "",
      "makestep 1 3: not needed: after a disruption and at the start the clock is stepped" },
    { "rtcsync", "", "", "rtcsync: not needed: the kernel is told whether the clock is right" },
    { "driftfile /x", "", "",
      "driftfile /x: not needed: the learnt rate is kept in /var/lib/virt-time/agent" },
    { "hwtimestamp *", "", "",
      "hwtimestamp *: the kernel's time stamps are used, not those of the card" },
    { "include /etc/chrony/conf.d/*.conf", "", "",
      "include /etc/chrony/conf.d/*.conf: import that file, too" },
    { "ntsserverkey /x", "", "", "ntsserverkey /x: NTS is not offered" },
    { "frobnicate \xff", "", "", "frobnicate \xef\xbf\xbd: no such directive is known" },
};

static VtChronyImport *
import(const char *text)
{
    return vt_chrony_import_new(text, strlen(text));
}

static void
test_each_directive(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(VtChronyImport) result = import(rows[i].line);
        g_autofree char *line = g_strescape(rows[i].line, NULL);
        g_test_message("%s", line);
        g_assert_cmpstr(result->agent->str, ==, rows[i].agent);
        g_assert_cmpstr(result->hostd->str, ==, rows[i].hostd);
        g_assert_cmpuint(result->notes->len, ==, rows[i].note != NULL ? 1 : 0);
        if (rows[i].note == NULL)
            continue;
        const VtChronyNote *note = result->notes->pdata[0];
        g_autofree char *told = g_strdup_printf("%s: %s", note->text, note->reason);
        g_assert_cmpstr(told, ==, rows[i].note);
        g_assert_cmpuint(note->line, ==, 1);
    }
}

static void
test_lines_work_together(void)
{
    g_autoptr(VtChronyImport) result = import("pool p iburst\n"
                                              "server a iburst\n"
                                              "server a iburst key 2\n"
                                              "keyfile /k\n"
                                              "allow 10/8\n"
                                              "allow 192.0.2/24\n"
                                              "deny 10.1\n"
                                              "bindaddress 192.0.2.1\n"
                                              "bindaddress 2001:db8::1\n"
                                              "port 1123\n"
                                              "nonsense\n");

    g_assert_cmpstr(result->agent->str, ==,
                    "[agent]\nntp-keys=/k\n\n"
                    "[pool p]\naddress=p\n\n"
                    "[server a]\naddress=a\n\n"
                    "[server a-2]\naddress=a\nkey=2\n");
    g_assert_cmpstr(result->hostd->str, ==,
                    "[hostd]\nlisten=192.0.2.1 2001:db8::1\n"
                    "allow=10.0.0.0/8 192.0.2.0/24\n"
                    "deny=10.1.0.0/16\n"
                    "ntp-port=1123\n"
                    "ntp-keys=/k\n");
    const VtChronyNote *note = result->notes->pdata[0];
    g_assert_cmpuint(note->line, ==, 11);
}

/* As text, as JSON, and a file that is not there. */
static void
test_command_prints_both_files_and_what_is_left_out(void)
{
    g_autofree char *folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "chrony.conf", NULL);
    g_assert_true(
        g_file_set_contents(path, "server a iburst\nlocal\nmakestep \x1b[2J\n", -1, NULL));

    g_auto(Outcome) text = RUN("import-chrony", path);
    g_auto(Outcome) json = RUN("import-chrony", "--json", path);
    g_unlink(path);
    g_auto(Outcome) none = RUN("import-chrony", path);
    g_auto(Outcome) usage = RUN("import-chrony");

    g_assert_cmpstr(text.output, ==,
                    "# " VT_CONFIG_DIR "/agent.conf\n[server a]\naddress=a\n\n"
                    "# " VT_CONFIG_DIR "/hostd.conf\n[hostd]\nstratum=10\n\n"
                    "# Left out:\n#   line 3, 'makestep \\u{001b}[2J': not needed: after a "
                    "disruption and at the start the clock is stepped\n");
    g_assert_cmpint(text.exit_code, ==, 0);
    g_autoptr(JsonNode) node = json_from_string(json.output, NULL);
    JsonObject *object = json_node_get_object(node);
    g_assert_cmpstr(json_object_get_string_member(object, "agent-conf"), ==,
                    "[server a]\naddress=a\n");
    JsonArray *left_out = json_object_get_array_member(object, "left-out");
    g_assert_cmpint(
        json_object_get_int_member(json_array_get_object_element(left_out, 0), "line"), ==, 3);
    g_assert_cmpint(none.exit_code, ==, 1);
    g_assert_cmpint(usage.exit_code, ==, 2);
    g_rmdir(folder);
}

static void
assert_is_taken(const GString *content, const VtOptionTable *table, void *config)
{
    g_autoptr(VtSettingsText) text = vt_settings_text_new();
    g_autoptr(GError) error = NULL;

    g_test_message("%s", content->str);
    g_assert_true(vt_settings_text_add(text, "f", content->str, content->len, &error));
    bool is_taken =
        vt_options_parse(table, vt_settings_text_get_key_file(text), config, &error);
    g_assert_no_error(error);
    g_assert_true(is_taken);
}

static void
test_daemons_take_what_comes_out(void)
{
    VtOptionTable agent_table = vt_agent_config_get_table();
    VtOptionTable hostd_table = vt_hostd_config_get_table();

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup_printf("%s\nkeyfile /k\n", rows[i].line);
        g_autoptr(VtChronyImport) result = import(text);
        g_auto(VtAgentConfig) agent = { 0 };
        g_auto(VtHostdConfig) hostd = { 0 };
        g_autoptr(GError) error = NULL;
        VtNtpListen listen;

        assert_is_taken(result->agent, &agent_table, &agent);
        g_assert_true(vt_agent_config_check(&agent, &error));
        assert_is_taken(result->hostd, &hostd_table, &hostd);
        g_assert_true(vt_ntp_listen_parse((const char *const *)hostd.listen, hostd.ntp_port,
                                          &listen, &error));
        VtNtpServiceParams params = { .allow = (const char *const *)hostd.allow,
                                      .deny = (const char *const *)hostd.deny };
        g_assert_true(vt_ntp_service_check(&params, &error));
    }
}

#define ADD(name, function) g_test_add_func("/ctl/import-chrony/" name, function)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("each-directive", test_each_directive);
    ADD("daemons-take-what-comes-out", test_daemons_take_what_comes_out);
    ADD("lines-work-together", test_lines_work_together);
    ADD("command-prints-both-files-and-what-is-left-out",
        test_command_prints_both_files_and_what_is_left_out);
    return g_test_run();
}
