/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The helper and the agent's end of it, with a chronyd of the test's own behind it. */
#include <unistd.h>

#include "agent/chrony-client.h"
#include "agent/chrony-helper.h"
#include "proto/chrony-command.h"
#include "tests/agent/fake-chrony.h"

#define TIMEOUT_SEC 5

/* Nobody's. */
#define OTHER_GROUP 4000001
#define NOBODY      65534

typedef struct {
    FakeChrony chrony;
    VtChronyHelper *helper;
    VtChronyClient *client;
    unsigned n_told;
    VtChronyWish last_wish;
    char *last_problem;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_chrony_init(&fixture->chrony);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_chrony_client_free(fixture->client);
    vt_chrony_helper_free(fixture->helper);
    fake_chrony_clear(&fixture->chrony);
    g_free(fixture->last_problem);
}

static void
on_told(VtChronyWish wish, const char *problem, void *user_data)
{
    Fixture *fixture = user_data;
    fixture->n_told++;
    fixture->last_wish = wish;
    g_free(fixture->last_problem);
    fixture->last_problem = g_strdup(problem);
}

static void
start_helper(Fixture *fixture, gid_t group)
{
    VtChronyHelperParams params = {
        .listen_fd = fake_chrony_listen_for_helper(&fixture->chrony),
        .group = group,
        .chronyd_path = fixture->chrony.path,
    };
    fixture->helper = vt_chrony_helper_new(&params);
}

static void
start_client(Fixture *fixture)
{
    fixture->client = vt_chrony_client_new(fixture->chrony.helper_path, on_told, fixture);
}

static gboolean
on_timeout(gpointer user_data)
{
    bool *has_timed_out = user_data;
    *has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

static void
wait_for_told(Fixture *fixture, unsigned wanted)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (fixture->n_told < wanted && !has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_cmpuint(fixture->n_told, ==, wanted);
}

static void
test_wishes_reach_chronyd_in_order(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_helper(fixture, getgid());
    start_client(fixture);

    g_assert_true(vt_chrony_client_ask(fixture->client, VT_CHRONY_WISH_RESET));
    g_assert_true(vt_chrony_client_ask(fixture->client, VT_CHRONY_WISH_MAKESTEP));
    g_assert_true(vt_chrony_client_ask(fixture->client, VT_CHRONY_WISH_BURST));
    wait_for_told(fixture, 3);

    g_assert_cmpint(fixture->last_wish, ==, VT_CHRONY_WISH_BURST);
    g_assert_null(fixture->last_problem);
    g_assert_null(vt_chrony_client_get_problem(fixture->client));
    g_assert_cmpint(fixture->chrony.n_commands, ==, 3);
    g_assert_cmpuint(fixture->chrony.commands[0], ==, VT_CHRONY_RESET_SOURCES);
    g_assert_cmpuint(fixture->chrony.commands[1], ==, VT_CHRONY_MAKESTEP);
    g_assert_cmpuint(fixture->chrony.commands[2], ==, VT_CHRONY_BURST);
}

static void
test_refusal_is_told(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->chrony.status = 1;
    start_helper(fixture, getgid());
    start_client(fixture);

    g_assert_true(vt_chrony_client_ask(fixture->client, VT_CHRONY_WISH_BURST));
    wait_for_told(fixture, 1);

    g_assert_cmpstr(fixture->last_problem, ==, "chronyd refused it");
    g_assert_cmpstr(vt_chrony_client_get_problem(fixture->client), ==, "chronyd refused it");
}

static void
test_chronyd_that_is_silent_is_given_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->chrony.status = -1;
    start_helper(fixture, getgid());
    start_client(fixture);

    g_assert_true(vt_chrony_client_ask(fixture->client, VT_CHRONY_WISH_RESET));
    wait_for_told(fixture, 1);

    g_assert_cmpstr(fixture->last_problem, ==, "chronyd does not answer the helper");
}

static void
test_chronyd_that_made_its_folder_anew_is_found(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_helper(fixture, getgid());
    start_client(fixture);
    g_assert_true(vt_chrony_client_ask(fixture->client, VT_CHRONY_WISH_RESET));
    wait_for_told(fixture, 1);

    fake_chrony_stop(&fixture->chrony);
    g_assert_true(vt_chrony_client_ask(fixture->client, VT_CHRONY_WISH_RESET));
    wait_for_told(fixture, 2);
    g_assert_nonnull(fixture->last_problem);
    fake_chrony_start(&fixture->chrony);
    g_assert_true(vt_chrony_client_ask(fixture->client, VT_CHRONY_WISH_RESET));
    wait_for_told(fixture, 3);

    g_assert_null(fixture->last_problem);
    g_assert_cmpint(fixture->chrony.n_commands, ==, 2);
}

static void
test_helper_that_was_started_again_is_found(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_helper(fixture, getgid());
    start_client(fixture);
    g_clear_pointer(&fixture->helper, vt_chrony_helper_free);
    start_helper(fixture, getgid());

    g_assert_true(vt_chrony_client_ask(fixture->client, VT_CHRONY_WISH_RESET));
    wait_for_told(fixture, 1);

    g_assert_null(fixture->last_problem);
}

static void
test_without_helper_it_says_so(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_client(fixture);

    g_assert_false(vt_chrony_client_ask(fixture->client, VT_CHRONY_WISH_RESET));

    const char *problem = vt_chrony_client_get_problem(fixture->client);
    g_assert_true(g_str_has_prefix(problem, "cannot reach virt-time-chrony-helper at"));
    g_assert_cmpint(fixture->chrony.n_commands, ==, 0);
}

/* Root may always ask, so a test that is root becomes somebody else while it connects. */
static void
start_client_as_other(Fixture *fixture, gid_t group)
{
    bool is_root = geteuid() == 0;
    if (is_root) {
        g_assert_cmpint(setegid(group), ==, 0);
        g_assert_cmpint(seteuid(NOBODY), ==, 0);
    }
    start_client(fixture);
    if (is_root) {
        g_assert_cmpint(seteuid(0), ==, 0);
        g_assert_cmpint(setegid(0), ==, 0);
    }
}

static void
test_stranger_is_turned_away(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_helper(fixture, OTHER_GROUP);
    start_client_as_other(fixture, NOBODY);

    (void)vt_chrony_client_ask(fixture->client, VT_CHRONY_WISH_RESET);
    for (int i = 0; i < 20; i++)
        g_main_context_iteration(NULL, FALSE);

    g_assert_true(vt_chrony_helper_is_idle(fixture->helper));
    g_assert_cmpuint(fixture->n_told, ==, 0);
    g_assert_cmpint(fixture->chrony.n_commands, ==, 0);
}

static void
test_member_of_the_group_is_served(Fixture *fixture, gconstpointer data)
{
    gid_t group = geteuid() == 0 ? OTHER_GROUP : getgid();
    (void)data;
    start_helper(fixture, group);
    start_client_as_other(fixture, group);

    g_assert_true(vt_chrony_client_ask(fixture->client, VT_CHRONY_WISH_RESET));
    wait_for_told(fixture, 1);

    g_assert_null(fixture->last_problem);
}

static void
add(const char *name, void (*test)(Fixture *, gconstpointer))
{
    g_autofree char *path = g_strconcat("/agent/chrony-helper/", name, NULL);
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("wishes-reach-chronyd-in-order", test_wishes_reach_chronyd_in_order);
    add("refusal-is-told", test_refusal_is_told);
    add("chronyd-that-is-silent-is-given-up", test_chronyd_that_is_silent_is_given_up);
    add("chronyd-that-made-its-folder-anew-is-found",
        test_chronyd_that_made_its_folder_anew_is_found);
    add("helper-that-was-started-again-is-found", test_helper_that_was_started_again_is_found);
    add("without-helper-it-says-so", test_without_helper_it_says_so);
    add("stranger-is-turned-away", test_stranger_is_turned_away);
    add("member-of-the-group-is-served", test_member_of_the_group_is_served);
    return g_test_run();
}
