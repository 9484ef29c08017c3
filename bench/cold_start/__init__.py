"""How long each function takes to start, and the memory it has then, beside one that only makes the same clients."""
