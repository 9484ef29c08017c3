"""The audit of one region's identities and configuration sets, and of the DNS behind them, from end to end."""
