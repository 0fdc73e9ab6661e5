/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-answer.h"

#include <string.h>

#include "hostd/ntp-interleave.h"
#include "hostd/responder.h"

/* A request that has waited longer was answered too late, or the clock was set meanwhile. */
#define MOST_WAIT_NS VT_NS_PER_SEC

/* In a packet. */
#define TRANSMIT_OFFSET 40

struct VtNtpAnswer {
    VtNtpClients *clients;
    VtNtpInterleave *interleave;
    uint64_t random;
    VtNtpStamp last_receive;
};

VtNtpAnswer *
vt_ntp_answer_new(uint64_t seed)
{
    VtNtpAnswer *answer = g_new0(VtNtpAnswer, 1);
    answer->clients = vt_ntp_clients_new(seed);
    answer->interleave = vt_ntp_interleave_new();
    answer->random = seed | 1;
    return answer;
}

void
vt_ntp_answer_free(VtNtpAnswer *answer)
{
    if (answer == NULL)
        return;
    vt_ntp_clients_free(answer->clients);
    vt_ntp_interleave_free(answer->interleave);
    g_free(answer);
}

/* Xorshift: who is answered beyond the limit need not be a secret, only not foreseen. */
static uint64_t
draw(VtNtpAnswer *answer)
{
    answer->random ^= answer->random << 13;
    answer->random ^= answer->random >> 7;
    answer->random ^= answer->random << 17;
    return answer->random;
}

static in_port_t
get_port(const VtNtpDatagram *datagram)
{
    /* At the same place in both families. */
    return datagram->peer.v4.sin_port;
}

static VtNtpCount
check_datagram(const VtNtpDatagram *datagram, VtWall now)
{
    if (datagram->is_to_many)
        return VT_NTP_COUNT_TO_MANY;
    if (get_port(datagram) == 0)
        return VT_NTP_COUNT_FROM_NOBODY;
    if (datagram->n_bytes < VT_NTP_PACKET_BYTES)
        return VT_NTP_COUNT_SHORT;
    VtNs waited_ns = vt_wall_diff(now, datagram->received_at);
    if (datagram->has_stamp && (waited_ns < 0 || waited_ns > MOST_WAIT_NS))
        return VT_NTP_COUNT_STALE;
    return VT_NTP_COUNT_ANSWERED;
}

/* False, and a NAK, if the code is not that of a known key. */
static bool
authenticate(const VtNtpTail *tail,
             const VtNtpPolicy *policy,
             const VtNtpDatagram *datagram,
             VtNtpReply *reply)
{
    uint8_t mac[VT_NTP_CMAC_BYTES];
    const uint8_t *told = datagram->bytes + tail->n_signed_bytes + VT_NTP_KEY_ID_BYTES;

    reply->key_id = tail->key_id;
    if (policy->keys != NULL && tail->n_mac_bytes == VT_NTP_CMAC_BYTES &&
        vt_ntp_keys_sign(policy->keys, tail->key_id, datagram->bytes, tail->n_signed_bytes,
                         mac) &&
        vt_ntp_keys_is_same_mac(mac, told))
        return true;
    reply->is_nak = true;
    return false;
}

/* Receive stamps never meet, since interleaved clients name replies by them. */
static VtNtpStamp
get_receive(VtNtpAnswer *answer, VtWall received_at)
{
    VtNtpStamp receive = vt_ntp_interleave_mark_receive(vt_ntp_stamp_from_wall(received_at));
    if (receive == answer->last_receive)
        receive += 2;
    answer->last_receive = receive;
    return receive;
}

static void
interleave(VtNtpAnswer *answer, const VtNtpPacket *request, VtNtpReply *reply)
{
    VtNtpStamp sent = vt_ntp_interleave_take(answer->interleave, request);

    reply->is_interleaved = sent != 0;
    if (sent != 0) {
        reply->packet.origin = request->receive;
        reply->packet.transmit = sent;
    }
    reply->wants_sent_stamp = vt_ntp_interleave_is_wanted(request);
    if (reply->wants_sent_stamp)
        vt_ntp_interleave_expect(answer->interleave, reply->packet.receive);
}

/* All that is left to check once the client may ask at all. */
static VtNtpReply
answer_request(VtNtpAnswer *answer,
               const VtNtpCircumstances *circumstances,
               const VtNtpDatagram *datagram,
               const VtNtpPacket *request)
{
    VtNtpReply reply = { .verdict = VT_NTP_COUNT_ANSWERED };
    VtWall received_at = datagram->has_stamp ? datagram->received_at : circumstances->now;
    VtNtpTail tail = vt_ntp_tail_parse(request->version, datagram->bytes, datagram->n_bytes);

    reply.n_fields = (uint8_t)MIN(tail.n_fields, UINT8_MAX);
    if (datagram->is_cut || tail.kind == VT_NTP_TAIL_BROKEN)
        return (VtNtpReply){ .verdict = VT_NTP_COUNT_MALFORMED };
    if (!vt_responder_reply(request, &circumstances->sight->host, received_at, &reply.packet))
        return (VtNtpReply){ .verdict = VT_NTP_COUNT_NOT_CLIENT };
    if (tail.kind == VT_NTP_TAIL_MAC &&
        !authenticate(&tail, circumstances->policy, datagram, &reply))
        return reply;
    reply.packet.receive = get_receive(answer, received_at);
    interleave(answer, request, &reply);
    return reply;
}

static void
note_exchange(VtNtpClient *client,
              const VtNtpDatagram *datagram,
              const VtNtpReply *reply,
              VtWall now)
{
    VtNs waited_ns = datagram->has_stamp ? vt_wall_diff(now, datagram->received_at) : 0;
    client->received_at = datagram->has_stamp ? datagram->received_at : now;
    client->waited_ns = (int32_t)CLAMP(waited_ns, 0, INT32_MAX);
    client->n_bytes = (uint16_t)datagram->n_bytes;
    client->n_fields = reply->n_fields;
    client->verdict = (uint8_t)reply->verdict;
}

static void
note_client(VtNtpClient *client, const VtNtpPacket *request, const VtNtpReply *reply)
{
    bool is_answered = reply->verdict == VT_NTP_COUNT_ANSWERED;
    client->n_answered += is_answered ? 1 : 0;
    client->origin = request->origin;
    client->transmit = request->transmit;
    client->version = request->version;
    client->poll_log2_sec = request->poll_log2_sec;
    client->key_id = reply->is_nak ? 0 : reply->key_id;
    client->is_interleaved = reply->is_interleaved;
}

VtNtpReply
vt_ntp_answer_prepare(VtNtpAnswer *answer,
                      const VtNtpCircumstances *circumstances,
                      const VtNtpDatagram *datagram)
{
    const VtNtpPolicy *policy = circumstances->policy;
    VtMono now = circumstances->sight->boot_at;
    VtNtpReply reply = { .verdict = check_datagram(datagram, circumstances->now) };
    VtNtpPeer peer = {
        .address = vt_ntp_peer_address_from_socket(&datagram->peer.any),
        .interface_index = datagram->interface_index,
    };
    VtNtpPacket request;
    VtNtpClient client;

    if (reply.verdict != VT_NTP_COUNT_ANSWERED ||
        !vt_ntp_packet_decode(datagram->bytes, datagram->n_bytes, &request))
        return reply;
    if (!vt_responder_is_for(&request))
        return (VtNtpReply){ .verdict = VT_NTP_COUNT_NOT_CLIENT };
    if (!vt_ntp_access_is_allowed(policy->access, &peer))
        return (VtNtpReply){ .verdict = VT_NTP_COUNT_DENIED };

    size_t index = vt_ntp_clients_find(answer->clients, &peer, now, &client);
    client.address = peer.address;
    if (vt_ntp_client_admit(&client, &policy->limit, now, draw(answer)))
        reply = answer_request(answer, circumstances, datagram, &request);
    else
        reply.verdict = VT_NTP_COUNT_LIMITED;
    note_client(&client, &request, &reply);
    note_exchange(&client, datagram, &reply, circumstances->now);
    vt_ntp_clients_store(answer->clients, index, &client);
    return reply;
}

size_t
vt_ntp_answer_encode(const VtNtpReply *reply, uint8_t ret_bytes[VT_NTP_REPLY_MOST_BYTES])
{
    vt_ntp_packet_encode(&reply->packet, ret_bytes);
    if (reply->key_id == 0)
        return VT_NTP_PACKET_BYTES;
    if (!reply->is_nak)
        return VT_NTP_REPLY_MOST_BYTES;
    /* RFC 5905, section 7.3: a code of four zero bytes says that the request's was no good. */
    memset(ret_bytes + VT_NTP_PACKET_BYTES, 0, VT_NTP_KEY_ID_BYTES);
    return VT_NTP_PACKET_BYTES + VT_NTP_KEY_ID_BYTES;
}

static void
put_mac(const VtNtpReply *reply,
        const VtNtpPolicy *policy,
        uint8_t bytes[VT_NTP_REPLY_MOST_BYTES])
{
    uint32_t key_id = GUINT32_TO_BE(reply->key_id);
    memcpy(bytes + VT_NTP_PACKET_BYTES, &key_id, sizeof key_id);
    bool is_known = vt_ntp_keys_sign(policy->keys, reply->key_id, bytes, VT_NTP_PACKET_BYTES,
                                     bytes + VT_NTP_PACKET_BYTES + VT_NTP_KEY_ID_BYTES);
    g_assert(is_known); /* the request was authenticated with it */
}

void
vt_ntp_answer_stamp(const VtNtpReply *reply,
                    const VtNtpPolicy *policy,
                    VtWall at,
                    uint8_t bytes[VT_NTP_REPLY_MOST_BYTES])
{
    if (!reply->is_interleaved) {
        VtNtpStamp stamp = vt_ntp_interleave_mark_transmit(vt_ntp_stamp_from_wall(at));
        uint64_t transmit = GUINT64_TO_BE(stamp);
        memcpy(bytes + TRANSMIT_OFFSET, &transmit, sizeof transmit);
    }
    if (vt_ntp_reply_is_signed(reply))
        put_mac(reply, policy, bytes);
}

void
vt_ntp_answer_sent(VtNtpAnswer *answer, const VtNtpSent *sent)
{
    VtNtpStamp transmit = vt_ntp_stamp_from_wall(sent->sent_at);
    if (!vt_ntp_interleave_sent(answer->interleave, sent->plain_receive, transmit))
        (void)vt_ntp_interleave_sent(answer->interleave, sent->authenticated_receive, transmit);
}

void
vt_ntp_answer_forget_stamps(VtNtpAnswer *answer)
{
    vt_ntp_interleave_clear(answer->interleave);
}

const VtNtpClients *
vt_ntp_answer_get_clients(const VtNtpAnswer *answer)
{
    return answer->clients;
}
