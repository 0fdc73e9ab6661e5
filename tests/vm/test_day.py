# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is read from virt-timectl's words, and what is made of it."""

import sys
import unittest

from vm import day_checks as checks
from vm.day_text import TextError, parse_facts, parse_span, parse_table, split_legend
from vm.tap import run_unit_tests

SOURCES = """\
M:   ^  NTP server                    #  clock of this machine or of its host
S:
     *  followed                      +  its word counts, too
     -  agrees, and is not needed     x  contradicts the others: not believed
     ~  its readings scatter too much ?  does not answer, or is no use

MS  NAME   ADDRESS           STRATUM  POLL  REACH  LASTRX  LAST SAMPLE                         PROBLEM
#?  link   -                       -     0      0       -  -                                   no port
^*  alpha  198.18.77.11:123        1     0    377     0 s  -139.4 us [-138.2 us] +/- 233.1 us
^x  delta  198.18.77.14:123        2     0    377     0 s  +9.927 ms [+9.928 ms] +/- 325.2 us  it lies
"""
TRACKING = """\
Reference ID    : alpha
Stratum         : 2
System time     : 0.000054933 seconds slow of reference
Error bound     : 610.4 us (457.2 us against the reference)
Leap status     : Normal
Synchronised    : yes
State           : tracking
"""
CLIENTS = """\
ADDRESS      INTERFACE  GUEST  REQUESTS  ANSWERED  LIMITED  INTERVAL  LAST  MODE         KEY
198.18.77.2  eth0       -            26        26        0  878.4 ms   0 s  interleaved    -
"""
EXPECTED = checks.Expected("alpha", {"alpha": "198.18.77.11", "delta": "198.18.77.14"},
                           {"delta": 10_000_000}, {"delta"})
RIGHT = checks.Truth(0, 100_000)
TWO_MS_LATE = checks.Truth(2_000_000, 100_000)


def find_failed(claims):
    return [claim.name for claim in claims if not claim.holds]


class TestText(unittest.TestCase):
    def test_spans_have_units(self):
        self.assertEqual(parse_span("+9.927 ms"), 9_927_000)
        self.assertEqual(parse_span("0 s"), 0)
        with self.assertRaises(TextError):
            parse_span("12 parsecs")

    def test_facts_stand_below_one_another(self):
        self.assertEqual(parse_facts(TRACKING)["Stratum"], "2")
        with self.assertRaises(TextError):
            parse_facts(TRACKING.replace("Stratum  ", "Stratum"))

    def test_columns_are_told_by_what_is_blank(self):
        _legend, table = split_legend(SOURCES)
        rows = parse_table(table, (*checks.SOURCES, "PROBLEM"))
        self.assertEqual([row["NAME"] for row in rows], ["link", "alpha", "delta"])
        self.assertEqual(rows[1]["LAST SAMPLE"], "-139.4 us [-138.2 us] +/- 233.1 us")
        self.assertEqual(rows[1]["PROBLEM"], "")

    def test_cell_that_reaches_into_the_next_column_is_an_error(self):
        with self.assertRaises(TextError):
            parse_table(CLIENTS.replace("eth0 ", "enp0s31f6.4094"), checks.CLIENTS)

    def test_other_headings_are_an_error(self):
        with self.assertRaises(TextError):
            parse_table(CLIENTS, checks.SOURCES)


class TestChecks(unittest.TestCase):
    def test_true_sources_hold(self):
        self.assertEqual(find_failed(checks.check_sources(SOURCES, EXPECTED, RIGHT)), [])

    def test_believed_liar_is_found(self):
        text = SOURCES.replace("^x  delta", "^+  delta")
        self.assertEqual(find_failed(checks.check_sources(text, EXPECTED, RIGHT)),
                         ["sources-marks-each"])

    def test_wrong_offsets_are_found(self):
        self.assertEqual(find_failed(checks.check_sources(SOURCES, EXPECTED, TWO_MS_LATE)),
                         ["sources-tells-the-offsets"])

    def test_unexplained_sign_is_found(self):
        text = SOURCES.replace("~  its", "   its")
        self.assertEqual(find_failed(checks.check_sources(text, EXPECTED, RIGHT)),
                         ["sources-explains-the-signs"])

    def test_true_tracking_holds(self):
        self.assertEqual(find_failed(checks.check_tracking(TRACKING, "alpha", 2, RIGHT)), [])

    def test_bound_that_does_not_hold_is_found(self):
        self.assertEqual(find_failed(checks.check_tracking(TRACKING, "alpha", 2, TWO_MS_LATE)),
                         ["tracking-tells-the-offset", "tracking-tells-a-true-bound"])

    def test_another_reference_is_found(self):
        self.assertEqual(find_failed(checks.check_tracking(TRACKING, "beta", 2, RIGHT)),
                         ["tracking-names-the-followed"])

    def test_client_that_was_not_counted_is_found(self):
        self.assertEqual(find_failed(checks.check_clients(CLIENTS, "198.18.77.2", 25)), [])
        self.assertEqual(find_failed(checks.check_clients(CLIENTS, "198.18.77.2", 30)),
                         ["clients-counts-what-was-sent"])
        self.assertEqual(find_failed(checks.check_clients(CLIENTS, "198.18.77.9", 30)),
                         ["clients-lists-the-client"])

    def test_unreadable_text_is_a_claim_that_does_not_hold(self):
        claims = checks.guard("tracking", lambda: checks.check_tracking("", "alpha", 2, RIGHT))
        self.assertEqual(find_failed(claims), ["tracking-can-be-read"])


if __name__ == "__main__":
    sys.exit(run_unit_tests(__name__, "/vm/day"))
