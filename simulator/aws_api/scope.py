"""Who a request says it is for: region and service stand in the SigV4 credential scope. Signatures are not verified."""

import re
from dataclasses import dataclass

from simulator.aws_api.errors import AwsError
from simulator.loopback import HttpRequest

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")


@dataclass(frozen=True, slots=True)
class Scope:
    """The credential scope."""

    region: str
    service: str  # the signing name: ses, monitoring, account


def credential_scope(request: HttpRequest) -> Scope:
    """Read the scope. Raises the AwsError that AWS answers unsigned and badly signed requests with."""
    header = request.headers.get("authorization")
    if not header:
        raise AwsError(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    match = _CREDENTIAL.search(header)
    if not header.startswith("AWS4-HMAC-SHA256 ") or match is None or "Signature=" not in header:
        raise AwsError(
            403,
            "IncompleteSignatureException",
            "Authorization header requires existence of a 'Credential', a 'SignedHeaders' and a 'Signature' parameter.",
        )
    return Scope(region=match[3], service=match[4])
