/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One NTP server at one address, asked over UDP. Each request leaves from a socket of its own, so
 * from a port that nobody can guess, and carries 64 random bits where others put their clock.
 * Who finds its address, and another when it is silent, is not its business.
 */
#pragma once

#include <gio/gio.h>

#include "agent/providers/ntp-facts.h"
#include "agent/providers/provider.h"
#include "os/clock.h"
#include "proto/ntp-keys.h"
#include "proto/ntp-packet.h"

typedef struct {
    /* Of this host or beside it: answers at once, and is of use even if not synchronised. */
    bool is_local;
    const VtNtpKeys *keys; /* must outlive it; NULL: replies need no code */
    uint32_t key_id;       /* of the one that signs requests and replies */
} VtProviderNtpParams;

/* What a server asks for when it does not tell the time. */
typedef enum {
    VT_NTP_KISS_SLOWER,  /* RATE */
    VT_NTP_KISS_REFUSED, /* DENY, RSTR */
} VtNtpKiss;

typedef struct {
    VtReadingFunc on_reading;
    /* Comes before the reading that failed because of it. */
    void (*on_kiss)(VtNtpKiss kiss, void *user_data);
} VtProviderNtpListener;

/* @clock and @listener must outlive the provider. Cleared with vt_provider_clear. */
VtProvider vt_provider_ntp_new(const VtProviderNtpParams *params,
                               VtClock *clock,
                               const VtProviderNtpListener *listener,
                               void *user_data);

/* Why the last reading failed, in words; NULL if it did not. Borrowed. */
const char *vt_provider_ntp_get_problem(const VtProvider *provider);

/* From now on that one is asked, and nothing is known of it; NULL: nobody. */
void vt_provider_ntp_set_address(VtProvider *provider, GSocketAddress *address);

/* Borrowed; NULL: none yet. */
GSocketAddress *vt_provider_ntp_get_address(const VtProvider *provider);

/* Of that address, as RFC 5905 has it; 0: none yet. */
uint32_t vt_provider_ntp_get_reference_id(const VtProvider *provider);

/* Why it has no address, in words. */
void vt_provider_ntp_set_problem(VtProvider *provider, const char *problem);

/* Whether the last request did not leave this machine, since there was no way. */
bool vt_provider_ntp_is_cut_off(const VtProvider *provider);

/* What the server is told of how often it is asked. */
void vt_provider_ntp_set_poll(VtProvider *provider, int poll_log2_sec);

/* "192.0.2.1:123"; NULL: none yet. Transfer full. */
char *vt_provider_ntp_dup_address(const VtProvider *provider);

typedef struct {
    uint64_t n_by_check[VT_NTP_N_CHECKS]; /* packets from the server's address, by verdict */
    uint64_t n_kisses;
    uint64_t n_unsynchronised; /* dropped since the server is not synchronised */
    uint64_t n_loops;          /* dropped since the server follows this machine */
    uint64_t n_repeated;       /* dropped since its clock did not move */
    uint64_t n_implausible;    /* dropped since it contradicts itself */
    uint64_t n_timeouts;
} VtProviderNtpCounters;

VtProviderNtpCounters vt_provider_ntp_get_counters(const VtProvider *provider);

/* Whether it asks @text: a numeric address, with or without the port. */
bool vt_provider_ntp_has_address(const VtProvider *provider, const char *text);

/* The last exchange and how many there were. */
VtNtpFacts vt_provider_ntp_get_facts(const VtProvider *provider);
