"""The chat side: Slack as a webhook or an app sees it; it refuses what Slack refuses, and shows what people read."""
