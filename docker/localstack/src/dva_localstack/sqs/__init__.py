"""SQS: LocalStack's own provider with the limits and the redrive of AWS."""
