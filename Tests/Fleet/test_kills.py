"""What is half set up is ended and removed, whatever went wrong: python3 Tests/Fleet/test_kills.py"""

import pathlib
import tempfile
import unittest
from unittest import mock

import kills
from processes import Process


class SettingUp(unittest.TestCase):
    def test_a_set_up_that_fails_leaves_nothing(self):
        made = []

        def half(folder, _):
            made.append(folder)
            for name in ("one", "two"):
                made.append(Process(name, ["sleep", "1000"], folder))
            raise SystemExit("waited in vain")

        with tempfile.TemporaryDirectory() as temporary, \
                mock.patch.object(tempfile, "tempdir", temporary), \
                mock.patch.object(kills, "World", half), \
                mock.patch("sys.argv", ["kills.py", "1"]):
            try:
                with self.assertRaises(SystemExit):
                    kills.main()
                folder, *processes = made
                self.assertEqual([process.process.poll() is None for process in processes], [False, False])
                self.assertFalse(pathlib.Path(folder).exists())
            finally:
                for process in made[1:]:
                    process.kill()


if __name__ == "__main__":
    unittest.main()
