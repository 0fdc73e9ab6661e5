/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-cards.h"

#include "base/error.h"
#include "hostd/ntp-listen.h"

/* Between two readings a clock that is steered moves by less than a microsecond. */
#define READ_MS 250

/* Of readings that failed in a row, until the card is looked at anew. */
#define MOST_FAILURES 8

typedef struct {
    char *interface;
    VtNtpCard *card; /* NULL: it cannot be had */
    VtNtpCardClock clock;
    unsigned n_failures; /* in a row */
    char *problem;       /* NULL: none; told */
} Place;

struct VtNtpCards {
    VtNtpCardsParams params;
    VtClock *clock;
    Place places[VT_NTP_CARDS_MOST];
    size_t n_places;
    guint timer_id;
};

bool
vt_ntp_cards_check(const char *const *interfaces, GError **error)
{
    size_t n_interfaces = interfaces != NULL ? g_strv_length((char **)interfaces) : 0;
    if (n_interfaces > VT_NTP_CARDS_MOST) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "more than %d cards", VT_NTP_CARDS_MOST);
        return false;
    }
    for (size_t i = 0; i < n_interfaces; i++) {
        if (!vt_ntp_listen_is_interface(interfaces[i])) {
            g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "'%s' is no name of an interface",
                        interfaces[i]);
            return false;
        }
    }
    return true;
}

static const char *
describe(const VtNtpCardTraits *traits)
{
    if (traits->stamps_received && traits->stamps_sent)
        return "what it receives and what it sends";
    return traits->stamps_received ? "what it receives" : "what it sends";
}

static void
tell(Place *place, const GError *problem)
{
    if (problem == NULL) {
        VtNtpCardTraits traits = vt_ntp_card_get_traits(place->card);
        g_message("'%s' stamps %s", place->interface, describe(&traits));
        g_clear_pointer(&place->problem, g_free);
    } else if (g_strcmp0(place->problem, problem->message) != 0) {
        g_warning("no time stamps of the card: %s; the kernel's are used", problem->message);
        g_free(place->problem);
        place->problem = g_strdup(problem->message);
    }
}

static void
open_place(VtNtpCards *cards, Place *place)
{
    g_autoptr(GError) problem = NULL;
    place->card = vt_ntp_card_open(place->interface, cards->params.kernel, &problem);
    place->clock.n_readings = 0;
    place->n_failures = 0;
    tell(place, problem);
}

static void
close_place(Place *place)
{
    g_clear_pointer(&place->card, vt_ntp_card_free);
}

/* One that is busy now is read the next time; one that has gone is looked for again. */
static void
read_place(VtNtpCards *cards, Place *place)
{
    g_autoptr(GError) problem = NULL;
    VtNtpCardReading reading;

    if (vt_ntp_card_read(place->card, &reading, &problem)) {
        vt_ntp_card_clock_add(&place->clock, &reading);
        place->n_failures = 0;
        return;
    }
    place->n_failures += 1;
    if (place->n_failures < MOST_FAILURES && problem->code == VT_ERROR_BUSY)
        return;
    close_place(place);
    if (problem->code == VT_ERROR_BUSY)
        open_place(cards, place);
    else
        tell(place, problem);
}

static VtNtpCardState
describe_state(const Place *place)
{
    VtNtpCardTraits traits = vt_ntp_card_get_traits(place->card);
    VtNtpCardState state = {
        .interface_index = traits.interface_index,
        .kilobyte_ns = traits.kilobyte_ns,
    };
    state.has_line = vt_ntp_card_clock_fit(&place->clock, &state.line);
    return state;
}

void
vt_ntp_cards_read(VtNtpCards *cards)
{
    VtNtpCardStates states = { .boot_at = vt_clock_read_boot(cards->clock) };

    for (size_t i = 0; i < cards->n_places; i++) {
        Place *place = &cards->places[i];
        if (place->card != NULL)
            read_place(cards, place);
        if (place->card != NULL)
            states.cards[states.n_cards++] = describe_state(place);
    }
    cards->params.on_states(&states, cards->params.user_data);
}

static gboolean
on_timer(gpointer user_data)
{
    vt_ntp_cards_read(user_data);
    return G_SOURCE_CONTINUE;
}

/* It runs while there is a card to be read. */
static void
update_timer(VtNtpCards *cards)
{
    size_t n_cards = 0;
    for (size_t i = 0; i < cards->n_places; i++)
        n_cards += cards->places[i].card != NULL ? 1 : 0;
    if (n_cards == 0)
        g_clear_handle_id(&cards->timer_id, g_source_remove);
    else if (cards->timer_id == 0)
        cards->timer_id = g_timeout_add(READ_MS, on_timer, cards);
}

VtNtpCards *
vt_ntp_cards_new(const VtNtpCardsParams *params, VtClock *clock)
{
    VtNtpCards *cards = g_new0(VtNtpCards, 1);

    cards->params = *params;
    cards->clock = clock;
    for (size_t i = 0; params->interfaces != NULL && params->interfaces[i] != NULL; i++) {
        Place *place = &cards->places[cards->n_places++];
        place->interface = g_strdup(params->interfaces[i]);
        open_place(cards, place);
    }
    cards->params.interfaces = NULL;
    update_timer(cards);
    return cards;
}

void
vt_ntp_cards_free(VtNtpCards *cards)
{
    if (cards == NULL)
        return;
    g_clear_handle_id(&cards->timer_id, g_source_remove);
    for (size_t i = 0; i < cards->n_places; i++) {
        close_place(&cards->places[i]);
        g_free(cards->places[i].interface);
        g_free(cards->places[i].problem);
    }
    g_free(cards);
}

void
vt_ntp_cards_look_again(VtNtpCards *cards)
{
    for (size_t i = 0; i < cards->n_places; i++) {
        Place *place = &cards->places[i];
        unsigned index = if_nametoindex(place->interface);
        if (place->card != NULL &&
            vt_ntp_card_get_traits(place->card).interface_index == index) {
            vt_ntp_card_look_again(place->card);
            continue;
        }
        close_place(place);
        open_place(cards, place);
    }
    update_timer(cards);
}

GVariant *
vt_ntp_cards_report(const VtNtpCards *cards)
{
    g_auto(GVariantBuilder) builder;
    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (size_t i = 0; i < cards->n_places; i++) {
        const Place *place = &cards->places[i];
        VtNtpCardTraits traits = { .interface_index = 0 };
        if (place->card != NULL)
            traits = vt_ntp_card_get_traits(place->card);
        g_auto(GVariantDict) dict;
        g_variant_dict_init(&dict, NULL);
        g_variant_dict_insert(&dict, "interface", "s", place->interface);
        g_variant_dict_insert(&dict, "receive", "b", traits.stamps_received);
        g_variant_dict_insert(&dict, "transmit", "b", traits.stamps_sent);
        g_variant_dict_insert(&dict, "problem", "s",
                              place->problem != NULL ? place->problem : "");
        g_variant_builder_add_value(&builder, g_variant_dict_end(&dict));
    }
    return g_variant_builder_end(&builder);
}
