"""Data Firehose: LocalStack's own provider with the results of transforms, prefixes and GZIP."""
