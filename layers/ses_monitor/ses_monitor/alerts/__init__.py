"""What people and machines are told of a change, and the channels that carry it."""
