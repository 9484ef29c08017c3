"""`python -m simulator --world FILE`: runs a world in the foreground until Ctrl-C."""

import argparse
import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from simulator.server import Simulator, SimulatorError
from simulator.strict_yaml import WorldError
from simulator.world import WORLDS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until interrupted. Exit status 2: the world is wrong; 1: the simulator was."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator", description="A simulated Amazon SES with a DNS and a chat."
    )
    parser.add_argument("--world", type=Path, default=WORLDS / "demo.yaml", help="world file (default: the demo's)")
    parser.add_argument("--port", type=int, default=0, help="port of the AWS API (default: any free one)")
    parser.add_argument("--chat-port", type=int, default=0, help="port of the chat (default: any free one)")
    parser.add_argument("--while-stdin-is-open", action="store_true", help="end when the standard input does")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if options.while_stdin_is_open:
        threading.Thread(target=_set_at_the_end_of_stdin, args=(stop,), daemon=True).start()
    try:
        with Simulator(options.world, ports=(options.port, options.chat_port)) as simulator:
            sys.stdout.write(_introduction(simulator))
            sys.stdout.flush()
            stop.wait()
    except (WorldError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except SimulatorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _set_at_the_end_of_stdin(stop: threading.Event) -> None:
    sys.stdin.buffer.read()
    stop.set()


def _introduction(simulator: Simulator) -> str:
    exports = "".join(f"export {name}={shlex.quote(url)}\n" for name, url in simulator.environment().items())
    return (
        f"{exports}export SLACK_WEBHOOK_URL={shlex.quote(simulator.webhook_url)}\n"
        f"# change it: curl -X PATCH {simulator.api_url}/control/regions/eu-west-1 "
        """-d '{"account": {"enforcement": "PROBATION"}}'\n"""
        f"# change its DNS: curl -X PATCH {simulator.api_url}/control/dns "
        """-d '{"zones": {"harbour-gifts.example": {"records": {"giftsb._domainkey": {"CNAME": []}}}}}'\n"""
        f"# ask it: dig @{simulator.dns.resolver} -p {simulator.dns.port} harbour-gifts.example MX\n"
        f"# read the channel: curl {simulator.api_url}/control/chat/transcript\n"
        "# Ctrl-C ends it\n"
    )


if __name__ == "__main__":
    sys.exit(main())
