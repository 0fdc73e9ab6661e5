/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stamps of cards, turned into those of the system's clock where that is possible. */
#include "hostd/ntp-card-view.h"

#define CARD    7
#define LATE_NS (30 * VT_NS_PER_US) /* of the kernel, behind the card */

static const VtWall wall_at = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };
static const VtWall device_at = { .ns = 5 * VT_NS_PER_SEC };
static const VtMono boot_at = { .ns = 100 * VT_NS_PER_SEC };

static VtNtpCardStates
make_states(VtNs kilobyte_ns)
{
    return (VtNtpCardStates){
        .boot_at = boot_at,
        .n_cards = 1,
        .cards[0] = {
            .interface_index = CARD,
            .has_line = true,
            .line = { .device_at = device_at, .wall_at = wall_at },
            .kilobyte_ns = kilobyte_ns,
        },
    };
}

/* A millisecond behind the reading, a frame with a request in it. */
static const VtNtpCardStamp stamp = {
    .interface_index = CARD,
    .device_at = { .ns = 5 * VT_NS_PER_SEC + VT_NS_PER_MS },
    .n_frame_bytes = 90,
};

static bool
find_received(VtNtpCardView *view, VtNs kernel_late_ns, VtWall *ret_at)
{
    VtMono now = vt_mono_add(boot_at, VT_NS_PER_MS);
    VtWall kernel_at = vt_wall_add(wall_at, VT_NS_PER_MS + kernel_late_ns);
    return vt_ntp_card_view_find_received(view, &stamp, kernel_at, now, ret_at);
}

static void
test_request_came_when_the_card_says(void)
{
    g_autoptr(VtNtpCardView) view = vt_ntp_card_view_new();
    VtNtpCardStates states = make_states(0);
    VtWall at;
    vt_ntp_card_view_post(view, &states);

    g_assert_true(find_received(view, LATE_NS, &at));

    g_assert_cmpint(vt_wall_diff(at, wall_at), ==, VT_NS_PER_MS);
}

static void
test_request_ends_when_all_of_it_is_there(void)
{
    g_autoptr(VtNtpCardView) view = vt_ntp_card_view_new();
    /* A hundred megabits a second. */
    VtNtpCardStates states = make_states(80000);
    VtWall at;
    vt_ntp_card_view_post(view, &states);

    g_assert_true(find_received(view, LATE_NS, &at));

    g_assert_cmpint(vt_wall_diff(at, wall_at), ==, VT_NS_PER_MS + (90 + 4) * 80);
}

static void
test_what_cannot_be_is_the_kernels(void)
{
    g_autoptr(VtNtpCardView) view = vt_ntp_card_view_new();
    VtNtpCardStates states = make_states(0);
    VtWall at;
    vt_ntp_card_view_post(view, &states);

    g_assert_false(find_received(view, VT_NS_PER_SEC, &at));
    g_assert_false(find_received(view, -VT_NS_PER_MS, &at));

    /* The line may err by a little; the card was not later than the kernel. */
    g_assert_true(find_received(view, -VT_NS_PER_US, &at));
    g_assert_cmpint(vt_wall_diff(at, wall_at), ==, VT_NS_PER_MS - VT_NS_PER_US);
}

static void
test_old_readings_and_unknown_cards_say_nothing(void)
{
    g_autoptr(VtNtpCardView) view = vt_ntp_card_view_new();
    VtNtpCardStates states = make_states(0);
    VtNtpCardStamp other = stamp;
    VtWall kernel_at = vt_wall_add(wall_at, VT_NS_PER_MS + LATE_NS);
    VtWall at;
    g_assert_false(find_received(view, LATE_NS, &at));
    vt_ntp_card_view_post(view, &states);

    other.interface_index = CARD + 1;
    g_assert_false(vt_ntp_card_view_find_received(view, &other, kernel_at, boot_at, &at));
    other.interface_index = 0;
    g_assert_false(vt_ntp_card_view_find_received(view, &other, kernel_at, boot_at, &at));
    VtMono later = vt_mono_add(boot_at, 3 * VT_NS_PER_SEC);
    g_assert_false(vt_ntp_card_view_find_received(view, &stamp, kernel_at, later, &at));
}

static void
test_readings_of_before_a_set_are_void(void)
{
    g_autoptr(VtNtpCardView) view = vt_ntp_card_view_new();
    VtNtpCardStates states = make_states(0);
    VtWall at;
    vt_ntp_card_view_post(view, &states);
    g_assert_true(find_received(view, LATE_NS, &at));

    vt_ntp_card_view_forget(view, boot_at);
    /* Taken out only after the set, but of before. */
    vt_ntp_card_view_post(view, &states);
    g_assert_false(find_received(view, LATE_NS, &at));

    states.boot_at = vt_mono_add(boot_at, 1);
    vt_ntp_card_view_post(view, &states);
    g_assert_true(find_received(view, LATE_NS, &at));
}

static void
test_reply_left_when_the_card_says(void)
{
    g_autoptr(VtNtpCardView) view = vt_ntp_card_view_new();
    VtNtpCardStates states = make_states(80000);
    VtNtpCardMoment now = { boot_at, vt_wall_add(wall_at, VT_NS_PER_MS + LATE_NS) };
    VtWall at;
    vt_ntp_card_view_post(view, &states);

    g_assert_true(vt_ntp_card_view_find_sent(view, &stamp, &now, &at));
    /* Of its beginning: that is what a transmit stamp is of. */
    g_assert_cmpint(vt_wall_diff(at, wall_at), ==, VT_NS_PER_MS);

    now.wall_at = vt_wall_add(wall_at, 2 * VT_NS_PER_SEC);
    g_assert_false(vt_ntp_card_view_find_sent(view, &stamp, &now, &at));
    now.wall_at = wall_at;
    g_assert_false(vt_ntp_card_view_find_sent(view, &stamp, &now, &at));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostd/ntp-card-view/request-came-when-the-card-says",
                    test_request_came_when_the_card_says);
    g_test_add_func("/hostd/ntp-card-view/request-ends-when-all-of-it-is-there",
                    test_request_ends_when_all_of_it_is_there);
    g_test_add_func("/hostd/ntp-card-view/what-cannot-be-is-the-kernels",
                    test_what_cannot_be_is_the_kernels);
    g_test_add_func("/hostd/ntp-card-view/old-readings-and-unknown-cards-say-nothing",
                    test_old_readings_and_unknown_cards_say_nothing);
    g_test_add_func("/hostd/ntp-card-view/readings-of-before-a-set-are-void",
                    test_readings_of_before_a_set_are_void);
    g_test_add_func("/hostd/ntp-card-view/reply-left-when-the-card-says",
                    test_reply_left_when_the_card_says);
    return g_test_run();
}
