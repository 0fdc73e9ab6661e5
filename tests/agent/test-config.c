/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/config.h"
#include "base/error.h"

static bool
parse(const char *content, VtAgentConfig *ret_config, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    VtOptionTable table = vt_agent_config_get_table();
    g_assert_true(g_key_file_load_from_data(file, content, -1, G_KEY_FILE_NONE, NULL));
    return vt_options_parse(&table, file, ret_config, error) &&
           vt_agent_config_check(ret_config, error);
}

static void
test_servers_have_defaults(void)
{
    g_auto(VtAgentConfig) config = { 0 };
    g_autoptr(GError) error = NULL;

    bool is_good = parse("[server host]\naddress=192.0.2.1\nlocal=yes\nport=1123\n"
                         "[server far away]\naddress=ntp.example.com\n",
                         &config, &error);

    g_assert_no_error(error);
    g_assert_true(is_good);
    g_assert_cmpuint(config.servers->len, ==, 2);
    const VtServerConfig *host = g_ptr_array_index(config.servers, 0);
    const VtServerConfig *far = g_ptr_array_index(config.servers, 1);
    g_assert_cmpstr(host->name, ==, "host");
    g_assert_true(host->is_local);
    g_assert_cmpint(host->port, ==, 1123);
    g_assert_cmpstr(far->name, ==, "far away");
    g_assert_cmpstr(far->address, ==, "ntp.example.com");
    g_assert_false(far->is_local);
    g_assert_cmpint(far->port, ==, 123);
    g_assert_true(far->has_burst);
    g_assert_cmpint(far->least_poll, ==, 6);
    g_assert_cmpint(far->greatest_poll, ==, 10);
    g_assert_false(far->is_preferred || far->is_trusted || far->is_required);
    g_assert_cmpint(far->key, ==, 0);
    g_assert_cmpint(far->most_sources, ==, 0);
}

static void
test_pool_is_read(void)
{
    g_auto(VtAgentConfig) config = { 0 };
    g_autoptr(GError) error = NULL;

    bool is_good = parse("[agent]\nntp-keys=/etc/keys\n"
                         "[pool public]\naddress=pool.ntp.org\niburst=no\nminpoll=7\n"
                         "maxpoll=9\nprefer=yes\ntrust=yes\nrequire=yes\nkey=7\n"
                         "max-sources=3\n",
                         &config, &error);

    g_assert_no_error(error);
    g_assert_true(is_good);
    g_assert_cmpuint(config.pools->len, ==, 1);
    const VtServerConfig *pool = g_ptr_array_index(config.pools, 0);
    g_assert_cmpint(pool->most_sources, ==, 3);
    g_assert_false(pool->has_burst);
    g_assert_true(pool->is_preferred && pool->is_trusted && pool->is_required);
    g_assert_cmpint(pool->least_poll, ==, 7);
    g_assert_cmpint(pool->greatest_poll, ==, 9);
    g_assert_cmpint(pool->key, ==, 7);
}

static void
test_server_without_address_or_with_the_links_name_is_refused(void)
{
    static const struct {
        const char *content;
        const char *message;
    } rows[] = {
        { "[server a]\nlocal=yes\n", "[server a] address: missing" },
        { "[server a]\naddress=\n", "[server a] address: missing" },
        { "[server link]\naddress=192.0.2.1\n",
          "[server link]: that is what the link to the host is called" },
        { "[pool p]\nlocal=yes\n", "[pool p] address: missing" },
        { "[server a]\naddress=b\n[pool a]\naddress=c\n", "[pool a]: a server has that name" },
        { "[server a]\naddress=b\nminpoll=8\nmaxpoll=7\n",
          "[server a] minpoll: greater than maxpoll" },
        { "[server a]\naddress=b\nkey=1\n", "[server a] key: [agent] ntp-keys names no file" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(VtAgentConfig) config = { 0 };
        g_autoptr(GError) error = NULL;
        g_assert_false(parse(rows[i].content, &config, &error));
        g_assert_error(error, VT_ERROR, VT_ERROR_INVALID);
        g_assert_cmpstr(error->message, ==, rows[i].message);
    }
}

static void
test_clocks_have_defaults_and_need_a_pattern_or_a_node(void)
{
    g_auto(VtAgentConfig) config = { 0 };
    g_auto(VtAgentConfig) bad = { 0 };
    g_autoptr(GError) error = NULL;

    g_assert_true(parse("[agent]\nhost-error=5ms\n"
                        "[clock a]\nclock-name=ena-*\n"
                        "[clock b]\ndevice=/dev/ptp0\nscale=tai\nerror=20us\n",
                        &config, NULL));
    g_assert_cmpint(config.host_error_ns, ==, 5 * VT_NS_PER_MS);
    g_assert_cmpuint(config.clocks->len, ==, 2);
    const VtClockConfig *a = g_ptr_array_index(config.clocks, 0);
    const VtClockConfig *b = g_ptr_array_index(config.clocks, 1);
    g_assert_cmpstr(a->clock_name, ==, "ena-*");
    g_assert_cmpint(a->scale, ==, VT_CLOCK_CONFIG_UTC);
    g_assert_cmpint(a->error_ns, ==, VT_NS_PER_MS);
    g_assert_cmpstr(b->device, ==, "/dev/ptp0");
    g_assert_cmpint(b->scale, ==, VT_CLOCK_CONFIG_TAI);
    g_assert_cmpint(b->error_ns, ==, 20 * VT_NS_PER_US);

    const char *neither = "[clock a]\nscale=tai\n";
    const char *both = "[clock a]\nclock-name=ena-*\ndevice=/dev/ptp0\n";
    g_assert_false(parse(neither, &bad, &error));
    g_assert_cmpstr(error->message, ==, "[clock a]: there must be either clock-name or device");
    g_clear_error(&error);
    vt_agent_config_clear(&bad);
    g_assert_false(parse(both, &bad, &error));
    g_assert_cmpstr(error->message, ==, "[clock a]: there must be either clock-name or device");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/agent/config/servers-have-defaults", test_servers_have_defaults);
    g_test_add_func("/agent/config/pool-is-read", test_pool_is_read);
    g_test_add_func("/agent/config/server-without-address-or-with-the-links-name-is-refused",
                    test_server_without_address_or_with_the_links_name_is_refused);
    g_test_add_func("/agent/config/clocks-have-defaults-and-need-a-pattern-or-a-node",
                    test_clocks_have_defaults_and_need_a_pattern_or_a_node);
    return g_test_run();
}
