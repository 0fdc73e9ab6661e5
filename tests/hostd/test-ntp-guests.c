/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which guest an address is, and rules for guests. */
#include "hostd/ntp-guests.h"

#define BRIDGE  3
#define OTHER   4
#define UUID    "6695eb01-f6a4-8304-79aa-97f2502e193f"
#define UUID_2  "6695eb01-f6a4-8304-79aa-97f2502e1940"
#define NETWORK "192.0.2.0/24"

static const VtDomainMacs web = { .n_macs = 2,
                                  .macs = { { { 2, 0, 0, 0, 0, 1 } },
                                            { { 2, 0, 0, 0, 0, 2 } } } };
static const VtDomainMacs mail = { .n_macs = 1, .macs = { { { 2, 0, 0, 0, 0, 3 } } } };
static const VtDomainMac stranger = { { 2, 0, 0, 0, 0, 9 } };

typedef struct {
    VtNtpGuests *guests;
    VtNtpAccess *access;
} Fixture;

/* 192.0.2.@last */
static VtNtpPeer
peer_of(uint8_t last, uint32_t interface_index)
{
    uint8_t bytes[] = { 192, 0, 2, last };
    return (VtNtpPeer){ .address = vt_ntp_peer_address_from_v4(bytes),
                        .interface_index = interface_index };
}

static void
note(Fixture *fixture, uint8_t last, const VtDomainMac *mac)
{
    VtNtpPeer peer = peer_of(last, BRIDGE);
    vt_ntp_guests_note(fixture->guests, &peer, mac);
}

static const char *
find(Fixture *fixture, uint8_t last, uint32_t interface_index)
{
    VtNtpPeer peer = peer_of(last, interface_index);
    return vt_ntp_guests_find(fixture->guests, &peer);
}

static bool
is_allowed(Fixture *fixture, uint8_t last)
{
    VtNtpPeer peer = peer_of(last, BRIDGE);
    return vt_ntp_access_is_allowed(fixture->access, &peer);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->guests = vt_ntp_guests_new();
    fixture->access = vt_ntp_access_new();
    vt_ntp_guests_set(fixture->guests, UUID, "web", &web);
    vt_ntp_guests_set(fixture->guests, UUID_2, "mail", &mail);
    note(fixture, 1, &web.macs[0]);
    note(fixture, 2, &web.macs[1]);
    note(fixture, 3, &mail.macs[0]);
    note(fixture, 9, &stranger);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_ntp_guests_free(fixture->guests);
    vt_ntp_access_free(fixture->access);
}

static void
test_addresses_of_a_guest_have_its_name(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    g_assert_cmpstr(find(fixture, 1, BRIDGE), ==, "web");
    g_assert_cmpstr(find(fixture, 2, BRIDGE), ==, "web");
    g_assert_cmpstr(find(fixture, 3, BRIDGE), ==, "mail");
    g_assert_null(find(fixture, 9, BRIDGE));
    g_assert_null(find(fixture, 1, OTHER));
}

static void
test_address_that_moves_is_another_guest(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    note(fixture, 1, &mail.macs[0]);
    note(fixture, 2, &stranger);

    g_assert_cmpstr(find(fixture, 1, BRIDGE), ==, "mail");
    g_assert_null(find(fixture, 2, BRIDGE));
}

static void
test_guest_that_is_gone_has_no_addresses(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_ntp_guests_set(fixture->guests, UUID, NULL, NULL);

    g_assert_null(find(fixture, 1, BRIDGE));
    g_assert_cmpstr(find(fixture, 3, BRIDGE), ==, "mail");
}

static void
test_rule_for_a_guest_goes_before_its_network(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    g_assert_true(vt_ntp_access_add(fixture->access, NETWORK, true, NULL));
    g_assert_true(vt_ntp_access_add(fixture->access, "192.0.2.2", true, NULL));

    vt_ntp_guests_add_rule(fixture->guests, "web", false, fixture->access);

    g_assert_false(is_allowed(fixture, 1));
    g_assert_false(is_allowed(fixture, 2));
    g_assert_true(is_allowed(fixture, 3));
}

static void
test_rule_may_name_the_uuid_and_deny_wins(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_ntp_guests_add_rule(fixture->guests, UUID, true, fixture->access);
    g_assert_true(is_allowed(fixture, 1));
    g_assert_false(is_allowed(fixture, 3));

    vt_ntp_guests_add_rule(fixture->guests, "web", false, fixture->access);
    vt_ntp_guests_add_rule(fixture->guests, UUID, true, fixture->access);

    g_assert_false(is_allowed(fixture, 1));
}

static void
test_change_is_told_once(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    g_assert_true(vt_ntp_guests_look(fixture->guests));
    g_assert_false(vt_ntp_guests_look(fixture->guests));

    vt_ntp_guests_set(fixture->guests, UUID, "web", &web);
    note(fixture, 1, &web.macs[0]);
    g_assert_false(vt_ntp_guests_look(fixture->guests));
    note(fixture, 4, &web.macs[0]);
    g_assert_true(vt_ntp_guests_look(fixture->guests));
}

#define add(path, function) \
    g_test_add("/hostd/ntp-guests/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("addresses-of-a-guest-have-its-name", test_addresses_of_a_guest_have_its_name);
    add("address-that-moves-is-another-guest", test_address_that_moves_is_another_guest);
    add("guest-that-is-gone-has-no-addresses", test_guest_that_is_gone_has_no_addresses);
    add("rule-for-a-guest-goes-before-its-network",
        test_rule_for_a_guest_goes_before_its_network);
    add("rule-may-name-the-uuid-and-deny-wins", test_rule_may_name_the_uuid_and_deny_wins);
    add("change-is-told-once", test_change_is_told_once);
    return g_test_run();
}
