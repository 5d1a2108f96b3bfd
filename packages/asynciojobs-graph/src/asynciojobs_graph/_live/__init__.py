"""The live view: how a run is shown while it goes on."""
