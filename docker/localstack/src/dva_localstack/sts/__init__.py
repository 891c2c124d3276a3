"""STS of the course: sessions that remember who made them, for how long and with what, and roles that trust."""
