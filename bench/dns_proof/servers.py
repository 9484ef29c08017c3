"""The name servers, in a process of their own on the loopback: `python -m bench.dns_proof.servers DOMAINS`.

They answer from memory, and end when their standard input does.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ses_monitor.collect.dns import DnsSettings
from ses_monitor.core.dns import Question
from simulator.dns.world import DnsWorld
from simulator.embedded_aws.process import REPOSITORY

KEY = "v=DKIM1; k=rsa; p=" + "A" * 392  # as long as a key of 2048 bits
REGION = "eu-west-1"
LIFETIME_S = 600.0


def questions_of(number: int) -> list[Question]:
    """Return what is asked of one healthy domain that SES signs for by Easy DKIM, with a MAIL FROM domain and DMARC."""
    domain = name_of(number)
    keys = [f"token{key}of{number}._domainkey.{domain}" for key in range(3)]
    return [*(Question(key, type_) for key in keys for type_ in ("CNAME", "TXT")), *questions_both_ask(number)]


def questions_both_ask(number: int) -> list[Question]:
    """Return those of them that checkdmarc asks too: the MX and SPF of the MAIL FROM domain, and DMARC."""
    return [
        Question(mail_from_of(number), "MX"),
        Question(mail_from_of(number), "TXT"),
        Question(f"_dmarc.{name_of(number)}", "TXT"),
    ]


def name_of(number: int) -> str:
    """Name a domain."""
    return f"shop{number}.example"


def mail_from_of(number: int) -> str:
    """Name the MAIL FROM domain of a domain."""
    return f"bounce.{name_of(number)}"


def world(domains: int) -> Mapping[str, Any]:
    """Return the zones of all domains, that in which SES keeps their keys, and that which their SPF records include."""
    zones: dict[str, Any] = {
        "dkim.amazonses.com": {"records": {}},
        "amazonses.com": {"records": {"@": {"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}}},
    }
    for number in range(domains):
        tokens = [f"token{key}of{number}" for key in range(3)]
        zones[name_of(number)] = {
            "records": {
                **{f"{token}._domainkey": {"CNAME": f"{token}.dkim.amazonses.com"} for token in tokens},
                "bounce": {
                    "MX": f"10 feedback-smtp.{REGION}.amazonses.com",
                    "TXT": "v=spf1 include:amazonses.com ~all",
                },
                "_dmarc": {"TXT": "v=DMARC1; p=reject"},
            }
        }
        zones["dkim.amazonses.com"]["records"].update({token: {"TXT": KEY} for token in tokens})
    return {"zones": zones}


@contextmanager
def name_servers(domains: int) -> Iterator[DnsSettings]:
    """Run them while the block does, and say how to reach them."""
    command = [sys.executable, "-m", "bench.dns_proof.servers", str(domains)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = json.loads(process.stdout.readline() if process.stdout else "")
            yield replace(DnsSettings.from_environment(said), lifetime_s=LIFETIME_S)
        finally:
            process.terminate()


def main(arguments: Sequence[str]) -> int:
    """Answer until the standard input ends."""
    with DnsWorld(world(int(arguments[0]))) as running:
        sys.stdout.write(json.dumps(running.environment()) + "\n")
        sys.stdout.flush()
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
