/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-filter.h"

#include <linux/if_ether.h>

#include <glib.h>

/* Of the source address in the headers of IP. */
#define V4_SOURCE_OFFSET 12
#define V6_SOURCE_OFFSET 8

/* Compared one after the other, at the end of a search by halves. */
#define LEAF_SOURCES 16

/* More than a datagram can have. */
#define WHOLE 0x40000

/* Where a jump leads whose distance is not known yet. */
#define TO_OTHERS   0xffffffff
#define TO_FLOODING 0xfffffffe

typedef struct {
    struct sock_filter *steps;
    size_t n_steps;
} Program;

VtNtpFilterMix
vt_ntp_filter_mix_from_seed(uint64_t seed)
{
    /* Odd, so that no two IPv4 addresses get the same key. */
    return (VtNtpFilterMix){ { (uint32_t)seed | 1, (uint32_t)(seed >> 32) | 1 } };
}

uint32_t
vt_ntp_filter_get_key(const VtNtpFilterMix *mix, VtNtpPeerAddress address)
{
    if (vt_ntp_peer_address_is_v4(address))
        return (uint32_t)address.low * mix->factors[1];
    return (uint32_t)(address.high >> 32) * mix->factors[0] +
           (uint32_t)address.high * mix->factors[1];
}

static void
put(Program *program, uint16_t code, uint32_t value)
{
    program->steps[program->n_steps++] = (struct sock_filter){ .code = code, .k = value };
}

/* If not, the next @n_else steps are skipped. */
static void
put_test(Program *program, uint16_t code, uint32_t value, size_t n_then, size_t n_else)
{
    program->steps[program->n_steps++] = (struct sock_filter){
        .code = (uint16_t)(BPF_JMP | code | BPF_K),
        .jt = (uint8_t)n_then,
        .jf = (uint8_t)n_else,
        .k = value,
    };
}

static void
put_load(Program *program, int offset)
{
    put(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

/* Leaves the key of the source in the accumulator. */
static void
put_key(Program *program, const VtNtpFilterMix *mix)
{
    put_load(program, SKF_AD_OFF + SKF_AD_PROTOCOL);
    put_test(program, BPF_JEQ, ETH_P_IP, 0, 3);
    put_load(program, SKF_NET_OFF + V4_SOURCE_OFFSET);
    put(program, BPF_ALU | BPF_MUL | BPF_K, mix->factors[1]);
    put(program, BPF_JMP | BPF_JA, 6);
    put_load(program, SKF_NET_OFF + V6_SOURCE_OFFSET);
    put(program, BPF_ALU | BPF_MUL | BPF_K, mix->factors[0]);
    put(program, BPF_MISC | BPF_TAX, 0);
    put_load(program, SKF_NET_OFF + V6_SOURCE_OFFSET + (int)sizeof(uint32_t));
    put(program, BPF_ALU | BPF_MUL | BPF_K, mix->factors[1]);
    put(program, BPF_ALU | BPF_ADD | BPF_X, 0);
}

static void
put_leaf(Program *program, const VtNtpFilterSource *sources, size_t n_sources)
{
    for (size_t i = 0; i < n_sources; i++) {
        size_t n_left = n_sources - i - 1;
        put_test(program, BPF_JEQ, sources[i].key, n_left + (sources[i].is_flooding ? 2 : 1),
                 0);
    }
    put(program, BPF_JMP | BPF_JA, TO_OTHERS);
    put(program, BPF_RET | BPF_K, WHOLE);
    put(program, BPF_JMP | BPF_JA, TO_FLOODING);
}

/* Its depth is that of the search: seven at most. */
static void
put_search(Program *program, const VtNtpFilterSource *sources, size_t n_sources)
{
    if (n_sources <= LEAF_SOURCES) {
        put_leaf(program, sources, n_sources);
        return;
    }
    size_t n_lower = n_sources / 2;
    put_test(program, BPF_JGE, sources[n_lower].key, 0, 1);
    size_t jump = program->n_steps;
    put(program, BPF_JMP | BPF_JA, 0);
    put_search(program, sources, n_lower);
    program->steps[jump].k = (uint32_t)(program->n_steps - jump - 1);
    put_search(program, sources + n_lower, n_sources - n_lower);
}

static void
put_lot(Program *program, uint64_t share)
{
    if (share < VT_NTP_FILTER_ALL) {
        put_load(program, SKF_AD_OFF + SKF_AD_RANDOM);
        put_test(program, BPF_JGE, (uint32_t)share, 0, 1);
        put(program, BPF_RET | BPF_K, 0);
    }
    put(program, BPF_RET | BPF_K, WHOLE);
}

static void
lead_jumps(Program *program, size_t others, size_t flooding)
{
    for (size_t i = 0; i < program->n_steps; i++) {
        struct sock_filter *step = &program->steps[i];
        if (step->code != (BPF_JMP | BPF_JA))
            continue;
        if (step->k == TO_OTHERS)
            step->k = (uint32_t)(others - i - 1);
        else if (step->k == TO_FLOODING)
            step->k = (uint32_t)(flooding - i - 1);
    }
}

size_t
vt_ntp_filter_compose(const VtNtpFilterMix *mix,
                      const VtNtpFilterPlan *plan,
                      struct sock_filter ret_steps[VT_NTP_FILTER_MOST_STEPS])
{
    Program program = { .steps = ret_steps };

    g_assert(plan->n_sources <= VT_NTP_FILTER_MOST_SOURCES);
    put_key(&program, mix);
    put_search(&program, plan->sources, plan->n_sources);
    size_t others = program.n_steps;
    put_lot(&program, plan->other_share);
    size_t flooding = program.n_steps;
    put_lot(&program, plan->flooding_share);
    lead_jumps(&program, others, flooding);
    return program.n_steps;
}
