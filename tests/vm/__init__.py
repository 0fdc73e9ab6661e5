# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole system under QEMU: see README.md in this folder."""
