"""A small DNS on loopback: a resolver's view and authoritative servers that can disagree, fail, and be late."""
