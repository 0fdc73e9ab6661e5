/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one function of every fuzz target: libFuzzer calls it with bytes of its own making, the
 * replay with those of the corpus. It returns 0 and aborts if what it tests does not keep its
 * promises.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);
