"""Imports a function's module and tells, as JSON, the AWS clients it makes meanwhile and whom it calls.

Runs under the functions' interpreter, in an environment of theirs: `python -P recorder.py MODULE`.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

from botocore.config import Config
from botocore.session import Session

REACHING_OUT = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"})
"""Python's audit events (https://docs.python.org/3/library/audit_events.html)."""


def main(module: str) -> None:
    """Print `{"clients": [{"service", "region", "config"}], "reached_for": [text]}`."""
    clients: list[dict[str, Any]] = []
    reached_for: list[str] = []
    create_client = Session.create_client

    def recorded(session: Session, service_name: str, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - passed on
        region = named.get("region_name")
        clients.append({"service": service_name, "region": region, "config": _changed(named.get("config"))})
        return create_client(session, service_name, *arguments, **named)

    Session.create_client = recorded  # type: ignore[method-assign,assignment]

    def heard(event: str, arguments: tuple[object, ...]) -> None:
        if event in REACHING_OUT:
            reached_for.append(f"{event} {arguments[-2:]!r}")

    sys.addaudithook(heard)
    importlib.import_module(module)
    sys.stdout.write(json.dumps({"clients": clients, "reached_for": reached_for}) + "\n")


def _changed(config: Config | None) -> dict[str, Any]:
    """Return the options that are not botocore's own."""
    usual, names = Config(), Config.OPTION_DEFAULTS
    made = usual if config is None else config
    return {name: getattr(made, name) for name in names if getattr(made, name) != getattr(usual, name)}


if __name__ == "__main__":
    main(sys.argv[1])
