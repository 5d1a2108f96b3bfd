"""Commands: what a program is called with, how it is started and ended, what it prints."""
