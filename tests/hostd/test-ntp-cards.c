/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network cards that stamp: what is asked of them, and what becomes of those that refuse. */
#include <errno.h>

#include "base/error.h"
#include "hostd/ntp-cards.h"
#include "tests/hostd/fake-card.h"
#include "tests/os/fake-ptp.h"

#define WARNING_BYTES 256
#define INDEX         7
#define EVERY_NS      (250 * VT_NS_PER_MS)

/* GLib has one log writer for each process, so what it keeps is the process's too. */
static char last_warning[WARNING_BYTES];

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

typedef struct {
    UMockdevTestbed *testbed;
    FakeKernel kernel;
    FakePtp ptp;
    FakeCard card;
    VtNtpCardKernel card_kernel;
    VtClock *clock;
    VtNtpCardStates states; /* told last */
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    last_warning[0] = '\0';
    fixture->testbed = umockdev_testbed_new();
    fake_kernel_init(&fixture->kernel, true_wall);
    fake_ptp_init(&fixture->ptp, fixture->testbed, &fixture->kernel, "ptp0", "card");
    fixture->ptp.ahead_ns = 37 * VT_NS_PER_SEC;
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->card = (FakeCard){
        .interface = "eth0",
        .interface_index = INDEX,
        .tx_types = 1U << HWTSTAMP_TX_OFF | 1U << HWTSTAMP_TX_ON,
        .rx_filters = 1U << HWTSTAMP_FILTER_NONE | 1U << HWTSTAMP_FILTER_ALL,
        .megabits = 1000,
    };
    fixture->card_kernel = fake_card_get_kernel(&fixture->card);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_clock_free(fixture->clock);
    fake_ptp_clear(&fixture->ptp);
    g_object_unref(fixture->testbed);
}

static VtNtpCardTraits
open_card(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VtNtpCard) card = vt_ntp_card_open("eth0", &fixture->card_kernel, &error);
    g_assert_no_error(error);
    return vt_ntp_card_get_traits(card);
}

static void
test_card_is_switched_on(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    VtNtpCardTraits traits = open_card(fixture);

    g_assert_cmpuint(traits.interface_index, ==, INDEX);
    g_assert_true(traits.stamps_received);
    g_assert_true(traits.stamps_sent);
    g_assert_cmpint(traits.kilobyte_ns, ==, 8000);
    g_assert_cmpint(fixture->card.settings.rx_filter, ==, HWTSTAMP_FILTER_ALL);
    g_assert_cmpint(fixture->card.settings.tx_type, ==, HWTSTAMP_TX_ON);
}

static void
test_ntp_alone_is_enough(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->card.rx_filters |= 1U << HWTSTAMP_FILTER_NTP_ALL;

    g_assert_true(open_card(fixture).stamps_received);
    g_assert_cmpint(fixture->card.settings.rx_filter, ==, HWTSTAMP_FILTER_NTP_ALL);

    fixture->card.settings = (struct hwtstamp_config){ .flags = 0 };
    fixture->card.grants_more = true;
    g_assert_true(open_card(fixture).stamps_received);
}

static void
test_what_others_switched_on_is_left_alone(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->card.settings.rx_filter = HWTSTAMP_FILTER_ALL;
    fixture->card.settings.tx_type = HWTSTAMP_TX_ON;
    fixture->card.set_errno = EPERM;

    VtNtpCardTraits traits = open_card(fixture);

    g_assert_true(traits.stamps_received && traits.stamps_sent);
    g_assert_cmpuint(fixture->card.n_sets, ==, 0);
}

static void
test_ptp_goes_on_beside_it(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->card.settings.rx_filter = HWTSTAMP_FILTER_PTP_V2_EVENT;
    fixture->card.settings.tx_type = HWTSTAMP_TX_ON;
    fixture->card.rx_filters = 1U << HWTSTAMP_FILTER_PTP_V2_EVENT |
                               1U << HWTSTAMP_FILTER_NTP_ALL | 1U << HWTSTAMP_FILTER_ALL;
    g_assert_true(open_card(fixture).stamps_received);
    g_assert_cmpint(fixture->card.settings.rx_filter, ==, HWTSTAMP_FILTER_ALL);

    /* One that can do one or the other: those who came first keep it. */
    fixture->card.settings.rx_filter = HWTSTAMP_FILTER_PTP_V2_EVENT;
    fixture->card.rx_filters =
        1U << HWTSTAMP_FILTER_PTP_V2_EVENT | 1U << HWTSTAMP_FILTER_NTP_ALL;
    VtNtpCardTraits traits = open_card(fixture);
    g_assert_false(traits.stamps_received);
    g_assert_true(traits.stamps_sent);
    g_assert_cmpint(fixture->card.settings.rx_filter, ==, HWTSTAMP_FILTER_PTP_V2_EVENT);
}

static void
test_card_for_ptp_alone_stamps_what_is_sent(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->card.rx_filters = 1U << HWTSTAMP_FILTER_NONE;
    VtNtpCardTraits traits = open_card(fixture);
    g_assert_false(traits.stamps_received);
    g_assert_true(traits.stamps_sent);

    fixture->card.settings = (struct hwtstamp_config){ .flags = 0 };
    fixture->card.rx_filters = 1U << HWTSTAMP_FILTER_ALL;
    fixture->card.is_mistaken = true;
    traits = open_card(fixture);
    g_assert_false(traits.stamps_received);
    g_assert_true(traits.stamps_sent);
}

static void
test_what_cannot_be_had_is_an_error(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) missing = NULL;
    g_autoptr(GError) refused = NULL;
    g_autoptr(GError) clockless = NULL;
    g_autoptr(GError) useless = NULL;
    (void)data; /* no parameters */

    g_assert_null(vt_ntp_card_open("eth1", &fixture->card_kernel, &missing));
    g_assert_error(missing, VT_ERROR, VT_ERROR_NOT_FOUND);

    fixture->card.set_errno = EPERM;
    g_assert_null(vt_ntp_card_open("eth0", &fixture->card_kernel, &refused));
    g_assert_cmpstr(refused->message, ==,
                    "cannot switch on stamps of 'eth0': Operation not permitted");

    fixture->card.tx_types = fixture->card.rx_filters = 0;
    g_assert_null(vt_ntp_card_open("eth0", &fixture->card_kernel, &useless));
    g_assert_error(useless, VT_ERROR, VT_ERROR_UNSUPPORTED);

    fixture->card.clock_number = -1;
    g_assert_null(vt_ntp_card_open("eth0", &fixture->card_kernel, &clockless));
    g_assert_error(clockless, VT_ERROR, VT_ERROR_UNSUPPORTED);
}

/* The kernel's own: loopback has no clock, and every machine has loopback. */
static void
test_real_interface_without_a_clock_is_refused(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    (void)fixture;
    (void)data; /* no parameters */

    g_assert_null(vt_ntp_card_open("lo", NULL, &error));

    g_assert_error(error, VT_ERROR, VT_ERROR_UNSUPPORTED);
    g_assert_true(g_str_has_prefix(error->message, "'lo' has no clock of its own"));
}

static void
on_states(const VtNtpCardStates *states, void *user_data)
{
    Fixture *fixture = user_data;
    fixture->states = *states;
}

static VtNtpCards *
begin(Fixture *fixture)
{
    static const char *const interfaces[] = { "eth0", NULL };
    VtNtpCardsParams params = {
        .interfaces = interfaces,
        .kernel = &fixture->card_kernel,
        .on_states = on_states,
        .user_data = fixture,
    };
    return vt_ntp_cards_new(&params, fixture->clock);
}

static void
read_some(Fixture *fixture, VtNtpCards *cards, unsigned n_readings)
{
    for (unsigned i = 0; i < n_readings; i++) {
        fake_kernel_pass(&fixture->kernel, EVERY_NS);
        vt_ntp_cards_read(cards);
    }
}

static void
test_states_say_what_the_cards_clock_means(Fixture *fixture, gconstpointer data)
{
    g_autoptr(VtNtpCards) cards = begin(fixture);
    (void)data; /* no parameters */

    read_some(fixture, cards, 2);
    g_assert_false(fixture->states.cards[0].has_line);
    read_some(fixture, cards, 6);

    g_assert_cmpuint(fixture->states.n_cards, ==, 1);
    const VtNtpCardState *state = &fixture->states.cards[0];
    g_assert_cmpuint(state->interface_index, ==, INDEX);
    g_assert_true(state->has_line);
    VtWall card_at = vt_wall_add(fixture->kernel.wall, fixture->ptp.ahead_ns);
    VtNs error_ns =
        vt_wall_diff(vt_ntp_card_line_convert(&state->line, card_at), fixture->kernel.wall);
    g_assert_cmpint(vt_ns_abs(error_ns), <, 2 * VT_NS_PER_US);
}

static void
test_refused_card_is_warned_of_once_and_reported(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->card.set_errno = EPERM;
    g_autoptr(VtNtpCards) cards = begin(fixture);
    g_assert_cmpstr(last_warning, ==,
                    "no time stamps of the card: cannot switch on stamps of 'eth0': Operation "
                    "not permitted; the kernel's are used");

    last_warning[0] = '\0';
    vt_ntp_cards_look_again(cards);
    read_some(fixture, cards, 1);

    g_assert_cmpstr(last_warning, ==, "");
    g_assert_cmpuint(fixture->states.n_cards, ==, 0);
    g_autoptr(GVariant) report = g_variant_ref_sink(vt_ntp_cards_report(cards));
    g_autoptr(GVariant) entry = g_variant_get_child_value(report, 0);
    const char *problem;
    g_assert_true(g_variant_lookup(entry, "problem", "&s", &problem));
    g_assert_nonnull(strstr(problem, "Operation not permitted"));
}

static void
test_card_that_vanishes_is_told_and_comes_back(Fixture *fixture, gconstpointer data)
{
    g_autoptr(VtNtpCards) cards = begin(fixture);
    (void)data; /* no parameters */
    read_some(fixture, cards, 4);
    g_assert_true(fixture->states.cards[0].has_line);

    fake_ptp_fail(&fixture->ptp, EIO);
    read_some(fixture, cards, 1);
    g_assert_cmpuint(fixture->states.n_cards, ==, 0);
    g_assert_nonnull(strstr(last_warning, "cannot read '/dev/ptp0'"));

    fake_ptp_fail(&fixture->ptp, 0);
    vt_ntp_cards_look_again(cards);
    read_some(fixture, cards, 4);
    g_assert_true(fixture->states.cards[0].has_line);
}

static void
test_names_are_checked(Fixture *fixture, gconstpointer data)
{
    static const char *const bad[] = { "eth0", "192.0.2.1", NULL };
    static const char *const many[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", NULL };
    (void)fixture;
    (void)data; /* no parameters */

    g_assert_true(vt_ntp_cards_check(NULL, NULL));
    g_assert_false(vt_ntp_cards_check(bad, NULL));
    g_assert_false(vt_ntp_cards_check(many, NULL));
}

/* Keeps the last warning; GLib's own writer would end the test. */
static GLogWriterOutput
write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    for (gsize i = 0; i < n_fields; i++) {
        bool is_message = strcmp(fields[i].key, "MESSAGE") == 0;
        if (is_message && (level & G_LOG_LEVEL_WARNING) != 0)
            g_strlcpy(user_data, fields[i].value, WARNING_BYTES);
    }
    return G_LOG_WRITER_HANDLED;
}

#define add(path, function) \
    g_test_add("/hostd/ntp-cards/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(write_log, last_warning, NULL);
    add("card-is-switched-on", test_card_is_switched_on);
    add("ntp-alone-is-enough", test_ntp_alone_is_enough);
    add("what-others-switched-on-is-left-alone", test_what_others_switched_on_is_left_alone);
    add("ptp-goes-on-beside-it", test_ptp_goes_on_beside_it);
    add("card-for-ptp-alone-stamps-what-is-sent", test_card_for_ptp_alone_stamps_what_is_sent);
    add("what-cannot-be-had-is-an-error", test_what_cannot_be_had_is_an_error);
    add("real-interface-without-a-clock-is-refused",
        test_real_interface_without_a_clock_is_refused);
    add("states-say-what-the-cards-clock-means", test_states_say_what_the_cards_clock_means);
    add("refused-card-is-warned-of-once-and-reported",
        test_refused_card_is_warned_of_once_and_reported);
    add("card-that-vanishes-is-told-and-comes-back",
        test_card_that_vanishes_is_told_and_comes_back);
    add("names-are-checked", test_names_are_checked);
    return g_test_run();
}
