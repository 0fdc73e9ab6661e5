# SPDX-License-Identifier: LGPL-2.1-or-later
"""hostd's NTP server against clients of others, in network namespaces of the test's own."""
