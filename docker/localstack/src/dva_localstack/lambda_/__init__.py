"""Lambda without Docker: each execution environment is an operating system process on this machine."""
