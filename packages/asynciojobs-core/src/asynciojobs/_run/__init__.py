"""One run of a scheduler, from its start to its verdict, and the shutdown after it."""
