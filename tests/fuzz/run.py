"""`make fuzz`: each target for a while, guided by coverage where atheris is installed, else by Hypothesis alone.

An input at which a target fails, or hangs, is written into the corpus, where the suite replays it from then on.
"""

# ruff: noqa: T201 - it talks to the person who runs it
from __future__ import annotations

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[2]
WORKING = ROOT / "build" / "fuzz"
"""What coverage grew from in earlier runs: kept here, and not in the repository."""
HANGS_AFTER_S = 20
MEGABYTES = 2048
LONGEST_INPUT = 1 << 14
SMALL, LARGE = 1 << 12, 1 << 16
"""Bytes of the two inputs whose time per byte is compared."""
TIMES_AS_LONG = 12
"""A byte of the larger may take so many times as long: quadratic would be 16, and machines are noisy."""
WORTH_A_WORD_S = 0.5
_SPEED = re.compile(r"stat::average_exec_per_sec:\s*(\d+)")
_RUNS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_COVERAGE = re.compile(r"cov: (\d+)")


def main() -> int:
    """Fuzz what is asked for; 1 when something was found."""
    asked = argparse.ArgumentParser(prog="make fuzz")
    asked.add_argument("--seconds", type=float, default=60)
    asked.add_argument("--target", default="")
    asked.add_argument("--inside", default="", help=argparse.SUPPRESS)
    options, _ = asked.parse_known_args()
    if options.inside:
        with_atheris(options.inside)
        return 0
    from tests.fuzz.targets import TARGETS

    if options.target and options.target not in TARGETS:
        print(f"There is no target {options.target!r}. There are: {', '.join(TARGETS)}")
        return 2
    guided = importlib.util.find_spec("atheris") is not None
    if not guided:
        print("atheris has no wheel for this Python or machine (it has for Linux on x86_64, Python 3.11 to 3.14):")
        print("Hypothesis makes the inputs instead, without looking at what they reach.")
    found: list[Path] = []
    for name in [options.target] if options.target else TARGETS:
        new = fuzzed(name, options.seconds) if guided else unguided(name, options.seconds)
        found += new + (slow(name, options.seconds / 4) if TARGETS[name].linear else [])
    for path in found:
        print(f"found: {path.relative_to(ROOT)}")
    print(f"{len(found)} inputs found." if found else "Nothing found.")
    return 1 if found else 0


def fuzzed(name: str, seconds: float) -> list[Path]:
    """Fuzz one target in a process of its own: it may hang, or take all memory."""
    from tests.fuzz import corpus

    working = WORKING / name
    working.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(corpus.beginnings(name)):
        (working / f"sample-{number}").write_bytes(data)
    with tempfile.TemporaryDirectory() as crashes:
        command = [
            sys.executable,
            "-m",
            "tests.fuzz.run",
            f"--inside={name}",
            f"-max_total_time={max(1, round(seconds))}",
            f"-timeout={HANGS_AFTER_S}",
            f"-rss_limit_mb={MEGABYTES}",
            f"-max_len={LONGEST_INPUT}",
            f"-artifact_prefix={crashes}/",
            "-print_final_stats=1",
            str(working),
        ]
        run = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False, env=dict(os.environ)
        )
        new = [
            corpus.keep(name, path.read_bytes(), f"found-{path.name.partition('-')[0]}")
            for path in sorted(Path(crashes).iterdir())
            if not path.name.startswith("slow-unit")
        ]
    runs, speed, coverage = (pattern.findall(run.stderr)[-1:] or ["?"] for pattern in (_RUNS, _SPEED, _COVERAGE))
    print(f"{name:22} {runs[0]:>9} runs {speed[0]:>7}/s  coverage {coverage[0]:>5}  {len(new)} found", flush=True)
    if new or run.returncode:
        print("\n".join(run.stderr.splitlines()[-30:] if not new else _traceback_in(run.stdout + run.stderr)))
    if run.returncode and not new:
        # It did not even begin.
        raise SystemExit(f"{name}: the fuzzer ended with status {run.returncode}")
    return new


def _traceback_in(said: str) -> list[str]:
    lines = said.splitlines()
    begins = next((number for number, line in enumerate(lines) if "Traceback" in line), max(0, len(lines) - 20))
    return [line[:300] for line in lines[begins : begins + 25]]


def with_atheris(name: str) -> None:
    """Run libFuzzer over one target; ends the process."""
    import atheris  # type: ignore[import-untyped]  # it is in an environment of its own

    with atheris.instrument_imports(include=["ses_monitor"]):
        from tests.fuzz.targets import TARGETS
    from tests.fuzz.mutations import at_random, changed

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        """Change the JSON in half of the inputs, where libFuzzer's own changes seldom leave any."""
        if seed % 2:
            return bytes(atheris.Mutate(data, most))
        return changed(bytes(data), at_random(Random(seed)), most)  # noqa: S311 - no secret

    arguments = [sys.argv[0], *(each for each in sys.argv[1:] if not each.startswith("--"))]
    atheris.Setup(arguments, TARGETS[name].run, custom_mutator=mutated)
    atheris.Fuzz()


def unguided(name: str, seconds: float) -> list[Path]:
    """Let Hypothesis make inputs for a while, and make what it finds smaller."""
    from hypothesis import HealthCheck, given, seed, settings
    from hypothesis import strategies as st

    from tests.fuzz import corpus
    from tests.fuzz.mutations import Change, changed
    from tests.fuzz.targets import TARGETS

    samples = corpus.beginnings(name)
    number = st.integers(0, 65_535)
    changes = st.lists(st.builds(Change, st.integers(0, 255), number, number), max_size=8)
    last = b""
    runs = 0

    @settings(max_examples=500, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, len(samples) - 1), changes, st.binary(max_size=8))
    def holds(sample: int, some: list[Change], more: bytes) -> None:
        nonlocal last, runs
        last = changed(samples[sample] + more, some)
        runs += 1
        TARGETS[name].run(last)

    began = time.monotonic()
    turn = 0
    new: list[Path] = []
    while time.monotonic() < began + seconds and not new:
        turn += 1
        try:
            seed(turn)(holds)()
        except Exception:  # noqa: BLE001 - this is what is looked for
            # Hypothesis runs the smallest last.
            new.append(corpus.keep(name, last, "found-crash"))
            traceback.print_exc(limit=-6)
    print(f"{name:22} {runs:>9} runs {runs / (time.monotonic() - began):>7.0f}/s  {len(new)} found", flush=True)
    return new


def slow(name: str, seconds: float) -> list[Path]:
    """Hold the time of long inputs against that of short ones, byte by byte: a repeated piece is what regexes hate."""
    from tests.fuzz import corpus
    from tests.fuzz.targets import TARGETS

    run = TARGETS[name].run
    new: list[Path] = []
    ends = time.monotonic() + seconds
    pieces = list(dict.fromkeys(_pieces(corpus.beginnings(name))))
    Random().shuffle(pieces)  # noqa: S311 - others in each run, where there is no time for all
    for piece in pieces:
        if time.monotonic() > ends:
            break
        long = (piece * (LARGE // len(piece) + 1))[:LARGE]
        took = _seconds(run, long)
        if took < WORTH_A_WORD_S:
            continue
        times = took / LARGE / (min(_seconds(run, long[:SMALL]) for _ in range(3)) / SMALL)
        if times > TIMES_AS_LONG:
            print(
                f"{name}: {took:.1f} s for {LARGE} bytes, {times:.0f} times as long a byte as {SMALL}: {piece[:60]!r}"
            )
            new.append(corpus.keep(name, long[: LARGE // 4], "found-slow"))
    return new


def _pieces(inputs: list[bytes]) -> Iterator[bytes]:
    from tests.fuzz.mutations import TOKENS

    yield from (token for token in TOKENS if token)
    random = Random()  # noqa: S311 - no secret
    for data in inputs:
        for size in (1, 3, 10, 40, 200):
            if len(data) >= size:
                at = random.randrange(len(data) - size + 1)
                yield data[at : at + size]


def _seconds(run: Callable[[bytes], None], data: bytes) -> float:
    began = time.process_time()
    run(data)
    return time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())
