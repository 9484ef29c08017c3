"""Play more months: `python -m tests.month --seed 7 --days 30 --number 20`."""

from __future__ import annotations

import argparse
import sys
import time

from tests.month.invariants import figures, violations
from tests.month.month import played


def main() -> int:
    """Play as many months as asked for, and say what did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.month")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--number", type=int, default=1, help="how many seeds from there on")
    asked = parser.parse_args()
    bad = 0
    for seed in range(asked.seed, asked.seed + asked.number):
        began = time.monotonic()
        with played(seed, asked.days) as month:
            wrong = violations(month)
            sys.stdout.write(f"seed {seed}: {figures(month)}, {time.monotonic() - began:.1f} s\n")
        for each in wrong[:20]:
            sys.stdout.write(f"  {each}\n")
        bad += bool(wrong)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
