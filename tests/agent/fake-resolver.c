/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/agent/fake-resolver.h"

struct _FakeResolver {
    GResolver parent;
    GResolver *real;
    char *answer;
    unsigned n_lookups;
};

G_DEFINE_TYPE(FakeResolver, fake_resolver, G_TYPE_RESOLVER)

static GList *
make_answer(const FakeResolver *resolver)
{
    g_auto(GStrv) texts = g_strsplit(resolver->answer, " ", -1);
    GList *addresses = NULL;
    for (char **text = texts; *text != NULL; text++)
        addresses = g_list_append(addresses, g_inet_address_new_from_string(*text));
    return addresses;
}

static void
free_answer(gpointer addresses)
{
    g_list_free_full(addresses, g_object_unref);
}

static void
lookup_by_name_async(GResolver *resolver,
                     const gchar *hostname,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
    FakeResolver *fake = FAKE_RESOLVER(resolver);
    g_autoptr(GTask) task = g_task_new(resolver, cancellable, callback, user_data);

    fake->n_lookups++;
    if (fake->answer[0] == '\0')
        g_task_return_new_error(task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                                "'%s' is not known here", hostname);
    else
        g_task_return_pointer(task, make_answer(fake), free_answer);
}

static GList *
lookup_by_name_finish(GResolver *resolver, GAsyncResult *result, GError **error)
{
    (void)resolver; /* the task has it */
    return g_task_propagate_pointer(G_TASK(result), error);
}

static void
fake_resolver_finalize(GObject *object)
{
    FakeResolver *fake = FAKE_RESOLVER(object);
    g_free(fake->answer);
    g_clear_object(&fake->real);
    G_OBJECT_CLASS(fake_resolver_parent_class)->finalize(object);
}

static void
fake_resolver_class_init(FakeResolverClass *class)
{
    G_OBJECT_CLASS(class)->finalize = fake_resolver_finalize;
    G_RESOLVER_CLASS(class)->lookup_by_name_async = lookup_by_name_async;
    G_RESOLVER_CLASS(class)->lookup_by_name_finish = lookup_by_name_finish;
}

static void
fake_resolver_init(FakeResolver *fake)
{
    fake->answer = g_strdup("");
}

FakeResolver *
fake_resolver_new(void)
{
    FakeResolver *fake = g_object_new(fake_resolver_get_type(), NULL);
    fake->real = g_resolver_get_default();
    g_resolver_set_default(G_RESOLVER(fake));
    return fake;
}

void
fake_resolver_free(FakeResolver *fake)
{
    g_resolver_set_default(fake->real);
    g_object_unref(fake);
}

void
fake_resolver_set_answer(FakeResolver *fake, const char *addresses)
{
    g_free(fake->answer);
    fake->answer = g_strdup(addresses);
}

unsigned
fake_resolver_get_n_lookups(const FakeResolver *fake)
{
    return fake->n_lookups;
}
