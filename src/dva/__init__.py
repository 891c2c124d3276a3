"""The course's own code."""
