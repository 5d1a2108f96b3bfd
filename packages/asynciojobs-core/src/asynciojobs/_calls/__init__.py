"""Calls of functions in threads, by executors and by engines, for `CallJob`."""
