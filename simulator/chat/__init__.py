"""The chat side: a Slack incoming webhook that refuses what Slack refuses, and shows what a person would read."""
