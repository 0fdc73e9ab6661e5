/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's end of a virtio port, on a pseudo-terminal: a folder with the port's name as sysfs
 * has it, a device node, and hostd's part of the protocol, played by the test. Its clock
 * runs with the raw oscillator of a FakeKernel, whatever is done to that kernel's wall clock.
 */
#pragma once

#include "agent/devices/port.h"
#include "os/fd.h"
#include "proto/link-message.h"
#include "proto/link-scanner.h"
#include "proto/link-session.h"
#include "tests/os/fake-kernel.h"

typedef struct {
    char *folder;
    VtFd fd; /* the host's end; closed = nobody there */
    FakeKernel *kernel;
    VtWall wall_at_start; /* of the guest, when the fake began */
    VtMono raw_at_start;
    VtNs ahead_ns; /* host's clock minus what the guest's would show had nobody set it */
    bool is_synchronised;
    uint8_t leap; /* that it announces */
    bool answers; /* false: time requests are swallowed */
    uint32_t epoch;
    uint8_t mode;
    uint8_t n_addresses; /* of its NTP service, as HELLO tells them */
    VtLinkAddress addresses[VT_LINK_MAX_ADDRESSES];
    VtLinkSession session;
    VtLinkScanner scanner;
    GSource *source;
    GByteArray *held;          /* NULL: what is sent goes out at once */
    unsigned n_hellos_to_lose; /* of those that come in */
    unsigned n_hellos;
    unsigned n_requests;
    unsigned n_acks;
    unsigned n_reports;
    VtLinkHello hello; /* the last of each */
    VtLinkAck ack;
    VtLinkReport report;
    VtLinkTime request;
} FakeHost;

/* Makes the port; nobody is on the host's side yet. */
void fake_host_init(FakeHost *host, FakeKernel *kernel);
void fake_host_clear(FakeHost *host);

VtPortPlaces fake_host_get_places(const FakeHost *host);

/* The host's side is closed for good: the device is gone. */
void fake_host_hang_up(FakeHost *host);

void fake_host_send_hello(FakeHost *host);
void fake_host_send_notice(FakeHost *host, VtLinkCause cause, uint64_t counter);

/* To the last request. */
void fake_host_answer(FakeHost *host);

/*
 * What is sent between the two arrives as one: it waited in the port while the guest stood
 * still.
 */
void fake_host_hold(FakeHost *host);
void fake_host_release(FakeHost *host);

/* Writes bytes that no protocol has. */
void fake_host_send_bytes(FakeHost *host, const uint8_t *bytes, size_t n_bytes);
