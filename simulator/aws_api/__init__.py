"""The AWS side: SES v2 and v1, CloudWatch's AWS/SES metrics and account:ListRegions, for all regions at one address."""
