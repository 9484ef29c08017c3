"""What each operation answers. A new operation is a function and a line in its module's `OPERATIONS`."""

from collections.abc import Mapping

from simulator.aws_api.operations import account, cloudwatch, configuration_sets, identities, ses, sesv2, writes
from simulator.aws_api.operations.question import Operation

OPERATIONS: Mapping[str, Mapping[str, Operation]] = {
    "account": account.OPERATIONS,
    "cloudwatch": cloudwatch.OPERATIONS,
    "ses": {**ses.OPERATIONS, **identities.V1, **writes.V1},
    "sesv2": {**sesv2.OPERATIONS, **identities.V2, **configuration_sets.OPERATIONS, **writes.V2},
}
