"""What a subscription of CloudWatch Logs gives to a Lambda function: gzipped JSON, in base64, in JSON."""

import base64
import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from simulator.embedded_aws.process import ACCOUNT_ID


def subscription_event(
    messages: Sequence[str], log_group: str, *, at: datetime | None = None, type_: str = "DATA_MESSAGE"
) -> dict[str, Any]:
    """The event of one delivery, of messages that were all logged at `at` (UTC; now)."""
    milliseconds = int((at or datetime.now(UTC)).timestamp() * 1000)
    content = {
        "messageType": type_,
        "owner": ACCOUNT_ID,
        "logGroup": log_group,
        "logStream": "checkout/1",
        "subscriptionFilters": ["ses-monitor"],
        "logEvents": [
            {"id": f"3{milliseconds}{number:020}", "timestamp": milliseconds, "message": message}
            for number, message in enumerate(messages)
        ],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(content).encode())).decode()}}
