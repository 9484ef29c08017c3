"""checkdmarc on the same domains: `.venvs/bench/bin/python checkdmarc_beside.py HOST PORT THREADS`, nothing of ours.

Reads `[[domain, mail_from_domain], …]` from the standard input and prints `{"s": seconds, "queries": …, "wrong": […]}`.
Only the checking is timed, not the import. checkdmarc keeps answers for the life of a process: each round needs a new
one.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import checkdmarc.dmarc  # type: ignore[import-not-found]
import checkdmarc.spf  # type: ignore[import-not-found]
import checkdmarc.utils  # type: ignore[import-not-found]
import dns.resolver


class Counting(dns.resolver.Resolver):
    """A resolver that counts what it is asked; what checkdmarc answers from its own memory does not come here."""

    asked = 0

    def resolve(self, *args, **kwargs):  # type: ignore[no-untyped-def]  # noqa: ANN002, ANN003, ANN201 - as dnspython's
        """Count, and resolve."""
        self.asked += 1
        return super().resolve(*args, **kwargs)


def main(host: str, port: str, threads: str) -> int:
    """Check the MX and SPF of each MAIL FROM domain and the DMARC record of each domain."""
    resolver = Counting(configure=False)
    resolver.nameservers = [host]
    resolver.port = int(port)
    pairs = json.load(sys.stdin)

    def is_well(pair: list[str]) -> bool:
        domain, mail_from = pair
        mx = checkdmarc.utils.get_mx_record_set(mail_from, resolver=resolver)
        spf = checkdmarc.spf.check_spf(mail_from, resolver=resolver)
        dmarc = checkdmarc.dmarc.check_dmarc(domain, resolver=resolver)
        return bool(len(mx["hosts"]) == 1 and spf["valid"] and dmarc["valid"])

    started = time.perf_counter()
    with ThreadPoolExecutor(max_workers=int(threads)) as pool:
        # As checkdmarc.check_domains does it, one after the other, if there is one thread.
        well = list(pool.map(is_well, pairs))
    seconds = time.perf_counter() - started
    wrong = [domain for (domain, _), each in zip(pairs, well, strict=True) if not each]
    sys.stdout.write(json.dumps({"s": seconds, "queries": resolver.asked, "wrong": wrong[:5]}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
