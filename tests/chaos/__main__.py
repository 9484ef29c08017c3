"""Live through more weeks of faults: `python -m tests.chaos --seed 7 --days 14`."""

from __future__ import annotations

import argparse
import sys

from tests.chaos.run import run


def main() -> int:
    """Live through as many seeds as asked for, and say what did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--number", type=int, default=1, help="how many seeds from there on")
    asked = parser.parse_args()
    bad = 0
    for seed in range(asked.seed, asked.seed + asked.number):
        _say(f"seed {seed}, {asked.days} days")
        outcome = run(seed, asked.days, _say)
        _say(outcome.figures())
        for each in outcome.violations:
            _say(f"  {each}")
        bad += bool(outcome.violations)
    return 1 if bad else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
