"""EC2 with repairs."""
