# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine that says nothing, or dies, does not hold the rig up."""

from __future__ import annotations

import os
import sys
import unittest

from vm.accelerator import FIRST_LINE, says
from vm.tap import run_unit_tests


class Says(unittest.TestCase):
    def setUp(self) -> None:
        self.read_fd, self.write_fd = os.pipe()
        self.addCleanup(os.close, self.read_fd)

    def close_writer(self) -> None:
        os.close(self.write_fd)

    def test_word_in_two_pieces_is_heard(self) -> None:
        os.write(self.write_fd, b"\r\nLinux ver")
        os.write(self.write_fd, b"sion 6.1")
        self.assertTrue(says(self.read_fd, FIRST_LINE, 5))
        self.close_writer()

    def test_end_before_the_word_is_no_word(self) -> None:
        os.write(self.write_fd, b"Booting from ROM...")
        self.close_writer()
        self.assertFalse(says(self.read_fd, FIRST_LINE, 5))

    def test_silence_ends_with_the_time(self) -> None:
        self.assertFalse(says(self.read_fd, FIRST_LINE, 0.01))
        self.close_writer()


if __name__ == "__main__":
    sys.exit(run_unit_tests("__main__", "/vm/accelerator"))
