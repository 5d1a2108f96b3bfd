"""Commands: their arguments, how they are started and ended, and what they print."""
