/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "hostd/domain-xml.h"

#define DOMAIN(devices) "<domain type='kvm'><devices>" devices "</devices></domain>"
#define CHANNEL(source, name, state)                                                           \
    "<channel type='unix'>" source "<target type='virtio' name='" name "' state='" state "'/>" \
    "</channel>"
#define PATH(path) "<source mode='bind' path='" path "'/>"

static void
test_finds_our_channel_among_others(void)
{
    g_auto(VtDomainXml) domain = { 0 };
    g_autoptr(GError) error = NULL;
    const char *xml = DOMAIN(CHANNEL(PATH("/run/ga"), "org.qemu.guest_agent.0", "connected") CHANNEL(
        PATH("/run/vt"), "org.virttime.0",
        "connected") "<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>");

    g_assert_true(vt_domain_xml_parse(xml, &domain, &error));

    g_assert_no_error(error);
    g_assert_true(domain.has_channel);
    g_assert_true(domain.is_guest_connected);
    g_assert_cmpstr(domain.channel_path, ==, "/run/vt");
}

static void
test_only_a_real_channel_counts(void)
{
    static const struct {
        const char *name;
        const char *xml;
    } rows[] = {
        { "none", DOMAIN("") },
        { "other name", DOMAIN(CHANNEL(PATH("/run/x"), "org.virttime.00", "connected")) },
        { "in the metadata", "<domain><metadata>" CHANNEL(PATH("/etc/passwd"), "org.virttime.0",
                                                          "connected") "</metadata>"
                                                                       "<devices/></domain>" },
        { "deeper",
          DOMAIN("<x>" CHANNEL(PATH("/etc/x"), "org.virttime.0", "connected") "</x>") },
        { "a pty", DOMAIN("<channel type='pty'><source path='/dev/pts/1'/>"
                          "<target type='virtio' name='org.virttime.0'/></channel>") },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(VtDomainXml) domain = { 0 };
        g_test_message("%s", rows[i].name);
        g_assert_true(vt_domain_xml_parse(rows[i].xml, &domain, NULL));
        g_assert_false(domain.has_channel);
        g_assert_null(domain.channel_path);
    }
}

static void
test_domain_at_rest_has_no_path(void)
{
    g_auto(VtDomainXml) domain = { 0 };
    const char *xml = DOMAIN(CHANNEL("", "org.virttime.0", "disconnected"));

    g_assert_true(vt_domain_xml_parse(xml, &domain, NULL));

    g_assert_true(domain.has_channel);
    g_assert_false(domain.is_guest_connected);
    g_assert_null(domain.channel_path);
}

static void
test_broken_xml_is_an_error(void)
{
    static const char *const rows[] = { "", "<domain>", "no xml", "<domain></devices>" };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(VtDomainXml) domain = { 0 };
        g_autoptr(GError) error = NULL;
        g_assert_false(vt_domain_xml_parse(rows[i], &domain, &error));
        g_assert_error(error, VT_ERROR, VT_ERROR_INVALID);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostd/domain-xml/finds-our-channel-among-others",
                    test_finds_our_channel_among_others);
    g_test_add_func("/hostd/domain-xml/only-a-real-channel-counts",
                    test_only_a_real_channel_counts);
    g_test_add_func("/hostd/domain-xml/domain-at-rest-has-no-path",
                    test_domain_at_rest_has_no_path);
    g_test_add_func("/hostd/domain-xml/broken-xml-is-an-error", test_broken_xml_is_an_error);
    return g_test_run();
}
