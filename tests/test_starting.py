"""What looks for garbage is off while a function starts, and on when it has."""

import subprocess
import sys


def test_garbage_is_looked_for_again_once_a_function_has_started() -> None:
    # In a process of its own: it changes the process.
    code = """
import gc
from ses_monitor import starting
assert not gc.isenabled()
starting.done()
assert gc.isenabled()
assert gc.get_freeze_count()
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_package_alone_changes_nothing() -> None:
    code = "import gc, ses_monitor, ses_monitor.settings\nassert gc.isenabled()"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
