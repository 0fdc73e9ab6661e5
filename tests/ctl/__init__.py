# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-timectl, asked for real."""
