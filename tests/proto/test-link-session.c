/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "proto/link-session.h"

#define GUEST_NONCE UINT64_C(0x6)
#define HOST_NONCE  UINT64_C(0x7)
#define OTHER_NONCE UINT64_C(0x8)
#define MAX_HELLOS  8

/* What a side would say now. */
static VtLinkHello
make_hello(const VtLinkSession *session)
{
    return (VtLinkHello){
        .nonce = session->own_nonce,
        .peer_nonce = session->peer_nonce,
        .version_least = 1,
        .version_greatest = 1,
    };
}

/* Lets @from say HELLO and both answer until nobody has to. Returns how many were said. */
static int
shake_hands(VtLinkSession *from, VtLinkSession *to)
{
    int n_hellos = 0;
    VtLinkHelloEffect effect = { .needs_answer = true };
    while (effect.needs_answer) {
        VtLinkHello hello = make_hello(from);
        effect = vt_link_session_on_hello(to, &hello);
        g_assert_cmpint(++n_hellos, <, MAX_HELLOS);
        VtLinkSession *answering = to;
        to = from;
        from = answering;
    }
    return n_hellos;
}

static void
test_three_hellos_bring_it_up(void)
{
    VtLinkSession guest;
    VtLinkSession host;
    vt_link_session_begin(&guest, GUEST_NONCE);
    vt_link_session_begin(&host, HOST_NONCE);

    int n_hellos = shake_hands(&guest, &host);

    g_assert_cmpint(n_hellos, ==, 3);
    g_assert_true(guest.is_up);
    g_assert_true(host.is_up);
    g_assert_cmphex(guest.peer_nonce, ==, HOST_NONCE);
    g_assert_cmphex(host.peer_nonce, ==, GUEST_NONCE);
}

static void
test_one_sided_hello_is_not_up(void)
{
    VtLinkSession host;
    vt_link_session_begin(&host, HOST_NONCE);
    VtLinkHello hello = { .nonce = GUEST_NONCE };

    VtLinkHelloEffect effect = vt_link_session_on_hello(&host, &hello);

    g_assert_true(effect.is_new_session);
    g_assert_true(effect.needs_answer);
    g_assert_false(effect.came_up);
    g_assert_false(host.is_up);
}

static void
test_hello_for_another_is_answered_but_not_up(void)
{
    VtLinkSession host;
    vt_link_session_begin(&host, HOST_NONCE);
    VtLinkHello hello = { .nonce = GUEST_NONCE, .peer_nonce = OTHER_NONCE };

    (void)vt_link_session_on_hello(&host, &hello);
    VtLinkHelloEffect again = vt_link_session_on_hello(&host, &hello);

    g_assert_false(again.is_new_session);
    g_assert_true(again.needs_answer);
    g_assert_false(host.is_up);
}

static void
test_repeated_hello_is_not_answered(void)
{
    VtLinkSession guest;
    VtLinkSession host;
    vt_link_session_begin(&guest, GUEST_NONCE);
    vt_link_session_begin(&host, HOST_NONCE);
    (void)shake_hands(&guest, &host);
    VtLinkHello hello = make_hello(&guest);

    VtLinkHelloEffect effect = vt_link_session_on_hello(&host, &hello);

    g_assert_false(effect.needs_answer);
    g_assert_false(effect.came_up);
    g_assert_true(host.is_up);
}

static void
test_restarted_host_makes_a_new_session(void)
{
    VtLinkSession guest;
    VtLinkSession host;
    vt_link_session_begin(&guest, GUEST_NONCE);
    vt_link_session_begin(&host, HOST_NONCE);
    (void)shake_hands(&guest, &host);
    vt_link_session_begin(&host, OTHER_NONCE);
    VtLinkHello hello = make_hello(&host);

    VtLinkHelloEffect effect = vt_link_session_on_hello(&guest, &hello);

    g_assert_true(effect.is_new_session);
    g_assert_true(effect.needs_answer);
    g_assert_false(guest.is_up);
    g_assert_cmpint(shake_hands(&guest, &host), ==, 2);
    g_assert_true(guest.is_up);
    g_assert_true(host.is_up);
}

static void
test_crossing_hellos_settle(void)
{
    VtLinkSession guest;
    VtLinkSession host;
    vt_link_session_begin(&guest, GUEST_NONCE);
    vt_link_session_begin(&host, HOST_NONCE);
    VtLinkHello from_guest = make_hello(&guest);
    VtLinkHello from_host = make_hello(&host);

    VtLinkHelloEffect at_host = vt_link_session_on_hello(&host, &from_guest);
    VtLinkHelloEffect at_guest = vt_link_session_on_hello(&guest, &from_host);
    g_assert_true(at_host.needs_answer && at_guest.needs_answer);
    from_guest = make_hello(&guest);
    from_host = make_hello(&host);
    at_host = vt_link_session_on_hello(&host, &from_guest);
    at_guest = vt_link_session_on_hello(&guest, &from_host);

    g_assert_false(at_host.needs_answer || at_guest.needs_answer);
    g_assert_true(at_host.came_up && at_guest.came_up);
}

static void
test_seal_counts_frames(void)
{
    VtLinkSession session;
    vt_link_session_begin(&session, HOST_NONCE);
    VtLinkFrame frame = { 0 };

    for (uint32_t i = 0; i < 3; i++) {
        vt_link_session_seal(&session, &frame);
        g_assert_cmpuint(frame.sequence, ==, i);
        g_assert_cmpuint(frame.version, ==, VT_LINK_VERSION);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proto/link-session/three-hellos-bring-it-up",
                    test_three_hellos_bring_it_up);
    g_test_add_func("/proto/link-session/one-sided-hello-is-not-up",
                    test_one_sided_hello_is_not_up);
    g_test_add_func("/proto/link-session/hello-for-another-is-answered-but-not-up",
                    test_hello_for_another_is_answered_but_not_up);
    g_test_add_func("/proto/link-session/repeated-hello-is-not-answered",
                    test_repeated_hello_is_not_answered);
    g_test_add_func("/proto/link-session/restarted-host-makes-a-new-session",
                    test_restarted_host_makes_a_new_session);
    g_test_add_func("/proto/link-session/crossing-hellos-settle", test_crossing_hellos_settle);
    g_test_add_func("/proto/link-session/seal-counts-frames", test_seal_counts_frames);
    return g_test_run();
}
