"""The one table: what is open, what changed, what the channels were told. Nothing else touches DynamoDB."""
