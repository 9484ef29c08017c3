"""The account service: which regions the account may use."""

from collections.abc import Mapping
from typing import Any

from simulator.aws_api.errors import bad_request
from simulator.aws_api.operations.question import Operation, Question
from simulator.aws_api.pages import BadTokenError, page
from simulator.world import aws_regions

LARGEST_PAGE = 50  # account API, ListRegions: MaxResults 1 to 50
USUAL_PAGE = 20  # not documented; smaller than the number of regions, so that callers must follow NextToken


def list_regions(question: Question) -> Mapping[str, Any]:
    """Every region of the partition, those without SES too, with its opt-in status."""
    size = question.params.get("MaxResults", USUAL_PAGE)
    if not 1 <= size <= LARGEST_PAGE:
        raise bad_request("account", f"MaxResults must be between 1 and {LARGEST_PAGE}")
    wanted = question.params.get("RegionOptStatusContains") or ()
    regions = [
        {"RegionName": name, "RegionOptStatus": status}
        for name, status in ((name, question.facts.opt_status(name)) for name in aws_regions())
        if not wanted or status in wanted
    ]
    try:
        shown, following = page(regions, size, question.params.get("NextToken"), {"wanted": sorted(wanted)})
    except BadTokenError as error:
        raise bad_request("account", "NextToken is invalid") from error
    return {"Regions": shown} if following is None else {"Regions": shown, "NextToken": following}


OPERATIONS: Mapping[str, Operation] = {"ListRegions": list_regions}
