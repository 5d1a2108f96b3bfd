"""What a run did, and why it took so long: read from the times that its jobs keep."""
