"""Faults of MiniStack that labs meet, repaired in its process: a module or folder for each service."""
