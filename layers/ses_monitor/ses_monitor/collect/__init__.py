"""The only readers of AWS. Each returns facts or the reason there are none; none of them judges."""
