"""What the monitor costs a month: what its functions use in a stretch of time, counted, at AWS's list prices."""
