"""Kinesis Data Streams: forwarded to MiniStack, with the answer to a subscription passed on while it grows."""
