"""SNS: LocalStack's own provider with subjects, numbers, endpoints and empty batches checked."""
