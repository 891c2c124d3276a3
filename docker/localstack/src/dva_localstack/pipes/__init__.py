"""EventBridge Pipes: LocalStack's event source pollers, with filter, enrichment, template and target of a pipe.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes.html
"""
