/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "hostd/domain-xml.h"
#include "proto/link-words.h"

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

#define TIME "https://virt-time.org/xmlns/domain/1"

static void
test_mode_comes_from_the_metadata(void)
{
    static const struct {
        const char *name;
        const char *xml;
        bool has_mode;
        uint8_t mode;
    } rows[] = {
        { "as libvirt writes it",
          "<domain><metadata><vt:time xmlns:vt='" TIME "' mode='observe'/></metadata></domain>",
          true, VT_LINK_MODE_OBSERVE },
        { "another prefix",
          "<domain><metadata><x:time xmlns:x='" TIME "' mode='off'/></metadata></domain>", true,
          VT_LINK_MODE_OFF },
        { "no prefix",
          "<domain><metadata><time xmlns='" TIME "' mode='full'/></metadata></domain>", true,
          VT_LINK_MODE_FULL },
        { "declared on the metadata",
          "<domain><metadata xmlns:vt='" TIME "'><vt:time mode='off'/></metadata></domain>",
          true, VT_LINK_MODE_OFF },
        { "declared on the domain",
          "<domain xmlns:vt='" TIME "'><metadata><vt:time mode='off'/></metadata></domain>",
          true, VT_LINK_MODE_OFF },
        { "a word that is none",
          "<domain><metadata><vt:time xmlns:vt='" TIME "' mode='slow'/></metadata></domain>",
          true, VT_LINK_MODE_INVALID },
        { "invalid is no mode",
          "<domain><metadata><vt:time xmlns:vt='" TIME "' mode='invalid'/></metadata></domain>",
          true, VT_LINK_MODE_INVALID },
        { "no mode", "<domain><metadata><vt:time xmlns:vt='" TIME "'/></metadata></domain>",
          false, VT_LINK_MODE_INVALID },
        { "another namespace",
          "<domain><metadata><vt:time xmlns:vt='urn:x' mode='off'/></metadata></domain>", false,
          VT_LINK_MODE_INVALID },
        { "another element",
          "<domain><metadata><vt:times xmlns:vt='" TIME "' mode='off'/></metadata></domain>",
          false, VT_LINK_MODE_INVALID },
        { "not in the metadata",
          "<domain><devices><vt:time xmlns:vt='" TIME "' mode='off'/></devices></domain>",
          false, VT_LINK_MODE_INVALID },
        { "deeper in the metadata",
          "<domain><metadata><a><vt:time xmlns:vt='" TIME "' mode='off'/></a></metadata>"
          "</domain>",
          false, VT_LINK_MODE_INVALID },
        { "in a title", "<domain><title>&lt;vt:time mode='off'/&gt;</title></domain>", false,
          VT_LINK_MODE_INVALID },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(VtDomainXml) domain = { 0 };
        g_test_message("%s", rows[i].name);
        g_assert_true(vt_domain_xml_parse(rows[i].xml, &domain, NULL));
        g_assert_cmpint(domain.has_mode, ==, rows[i].has_mode);
        g_assert_cmpint(domain.mode, ==, rows[i].mode);
    }
}

static void
test_clock_tells_whether_time_is_meant_to_be_true(void)
{
    static const struct {
        const char *clock;
        VtDomainClock kind;
        int64_t adjustment_sec;
    } rows[] = {
        { "", VT_DOMAIN_CLOCK_TRUE, 0 },
        { "<clock offset='utc'/>", VT_DOMAIN_CLOCK_TRUE, 0 },
        { "<clock offset='localtime' adjustment='reset'/>", VT_DOMAIN_CLOCK_TRUE, 0 },
        { "<clock offset='variable' adjustment='-86400' basis='utc'/>",
          VT_DOMAIN_CLOCK_VARIABLE, -86400 },
        { "<clock offset='variable'><timer name='rtc'/></clock>", VT_DOMAIN_CLOCK_VARIABLE, 0 },
        { "<clock offset='absolute' start='1600000000'/>", VT_DOMAIN_CLOCK_ABSOLUTE, 0 },
        { "<devices><clock offset='absolute'/></devices>", VT_DOMAIN_CLOCK_TRUE, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(VtDomainXml) domain = { 0 };
        g_autofree char *xml = g_strdup_printf("<domain>%s</domain>", rows[i].clock);
        g_test_message("%s", rows[i].clock);
        g_assert_true(vt_domain_xml_parse(xml, &domain, NULL));
        g_assert_cmpint(domain.clock, ==, rows[i].kind);
        g_assert_cmpint(domain.adjustment_sec, ==, rows[i].adjustment_sec);
    }
}

static void
test_hardware_addresses_are_read(void)
{
    static const VtDomainMac wanted[] = {
        { { 0x52, 0x54, 0x00, 0x12, 0x34, 0xab } },
        { { 0x02, 0x00, 0x00, 0x00, 0x00, 0x01 } },
    };
    const char *xml =
        DOMAIN("<interface type='network'><mac address='52:54:00:12:34:ab'/></interface>"
               "<interface type='bridge'><mac address='02:00:00:00:00:01'/></interface>"
               "<interface><mac address='52:54:00:12:34'/></interface>"
               "<interface><mac address='52:54:00:12:34:ab:cd'/></interface>"
               "<interface><mac address=''/><mac/></interface>"
               "<other><mac address='52:54:00:00:00:01'/></other>");
    g_auto(VtDomainXml) domain = { 0 };

    g_assert_true(vt_domain_xml_parse(xml, &domain, NULL));

    g_assert_cmpmem(domain.macs.macs, domain.macs.n_macs * sizeof *wanted, wanted,
                    sizeof wanted);
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
    g_test_add_func("/hostd/domain-xml/mode-comes-from-the-metadata",
                    test_mode_comes_from_the_metadata);
    g_test_add_func("/hostd/domain-xml/clock-tells-whether-time-is-meant-to-be-true",
                    test_clock_tells_whether_time_is_meant_to_be_true);
    g_test_add_func("/hostd/domain-xml/hardware-addresses-are-read",
                    test_hardware_addresses_are_read);
    return g_test_run();
}
