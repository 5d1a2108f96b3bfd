"""The file of a journal: its records, how it is read and written, and the results beside it."""
