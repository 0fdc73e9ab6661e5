/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/sign-order.h"

#include <stdbool.h>

/* Signs further apart than this are hardly of one event. */
#define ONE_EVENT_NS (10 * VT_NS_PER_SEC)

static bool
is_known(const VtSignOrder *order, const char *name)
{
    for (unsigned i = 0; i < order->n_signs; i++) {
        if (g_str_equal(order->signs[i].name, name))
            return true;
    }
    return false;
}

void
vt_sign_order_add(VtSignOrder *order, const char *name, VtMono raw_now)
{
    VtNs since_ns = vt_mono_diff(raw_now, order->raw_first_at);
    if (order->first_name == NULL || since_ns >= ONE_EVENT_NS) {
        vt_sign_order_end(order);
        order->first_name = name;
        order->raw_first_at = raw_now;
        since_ns = 0;
    }
    if (order->n_signs < VT_SIGN_ORDER_MOST && !is_known(order, name))
        order->signs[order->n_signs++] = (VtSign){ .name = name, .since_ns = since_ns };
}

char *
vt_sign_order_take(VtSignOrder *order)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < order->n_signs; i++) {
        const VtSign *sign = &order->signs[i];
        if (i == 0) {
            g_string_append(text, sign->name);
            continue;
        }
        g_autofree char *after = vt_ns_format_span(sign->since_ns - order->signs[0].since_ns);
        g_string_append_printf(text, ", %s +%s", sign->name, after);
    }
    order->n_signs = 0;
    order->n_logged = 0;
    return g_string_free(text, FALSE);
}

void
vt_sign_order_log(VtSignOrder *order)
{
    for (; order->n_logged < order->n_signs; order->n_logged++) {
        const VtSign *sign = &order->signs[order->n_logged];
        if (sign->since_ns == 0) {
            g_info("sign '%s'", sign->name);
            continue;
        }
        g_autofree char *since = vt_ns_format_span(sign->since_ns);
        g_info("sign '%s', %s after '%s'", sign->name, since, order->first_name);
    }
}

void
vt_sign_order_end(VtSignOrder *order)
{
    vt_sign_order_log(order);
    order->n_signs = 0;
    order->n_logged = 0;
}
