"""Resources of LocalStack's providers that a call or two change: what its providers leave out."""

import json
from collections.abc import Callable
from typing import Any

from localstack.services.cloudformation.provider_utils import generate_default_name
from localstack.services.cloudformation.resource_provider import ResourceRequest

from ..convert import call
from ..tags import as_list, difference, retag

Properties = dict[str, Any]


def again(service: str, operation: str) -> Callable[[ResourceRequest[Any], Properties, Properties], None]:
    """Return what changes a resource by the operation that made it, or one that takes the same parameters."""

    def change(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
        call(getattr(request.aws_client_factory, service), operation, after)

    return change


def log_group(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change how long a log group keeps its events, and its tags."""
    days, name = after.get("RetentionInDays"), after["LogGroupName"]
    logs = request.aws_client_factory.logs
    if days and days != before.get("RetentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=int(days))
    elif before.get("RetentionInDays") and not days:
        logs.delete_retention_policy(logGroupName=name)
    retag(logs, after["Arn"].removesuffix(":*"), before.get("Tags"), after.get("Tags"))


def rule(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Put an EventBridge rule again, and its targets; those that left are removed.

    Fault: a rule of another bus than the default one was not deleted.
    """
    events, bus = request.aws_client_factory.events, after.get("EventBusName") or "default"
    name = after["Name"]
    if "EventPattern" not in after and "ScheduleExpression" not in after:
        own = before.get("EventBusName") or "default"
        if targets := [target["Id"] for target in before.get("Targets") or []]:
            events.remove_targets(Rule=name, EventBusName=own, Ids=targets)
        events.delete_rule(Name=name, EventBusName=own)
        return
    call(events, "put_rule", {**after, "EventBusName": bus})
    kept = {target["Id"] for target in after.get("Targets") or []}
    gone = [target["Id"] for target in before.get("Targets") or [] if target["Id"] not in kept]
    if gone:
        events.remove_targets(Rule=name, EventBusName=bus, Ids=gone)
    if kept:
        call(events, "put_targets", {"Rule": name, "EventBusName": bus, "Targets": after["Targets"]})


def event_bus(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change an event bus's tags. LocalStack's EventBridge has no UpdateEventBus."""
    events = request.aws_client_factory.events
    if before and after.get("Description") != before.get("Description"):
        raise NotImplementedError
    retag(events, after["Arn"], before.get("Tags"), after.get("Tags"))


def bus_policy(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Put a statement of an event bus's policy again."""
    events, bus = request.aws_client_factory.events, after.get("EventBusName") or "default"
    if before:
        events.remove_permission(StatementId=after["StatementId"], EventBusName=bus)
    statement = after.get("Statement")
    if statement:
        policy = {"Version": "2012-10-17", "Statement": [{"Sid": after["StatementId"], **statement}]}
        events.put_permission(EventBusName=bus, Policy=json.dumps(policy))
    else:
        call(events, "put_permission", {**after, "EventBusName": bus})


def topic(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change a topic's attributes, its own subscriptions and its tags."""
    sns, arn = request.aws_client_factory.sns, after["TopicArn"]
    defaults = {"DisplayName": "", "SignatureVersion": "1", "TracingConfig": "PassThrough", "KmsMasterKeyId": ""}
    defaults |= {"ContentBasedDeduplication": "false"}
    for name in (*defaults, "FifoThroughputScope"):
        if after.get(name) != before.get(name):
            value = after.get(name, defaults.get(name))
            text = str(value).lower() if isinstance(value, bool) else str(value)
            sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=text)
    old, new = before.get("Subscription") or [], after.get("Subscription") or []
    for item in [item for item in new if item not in old]:
        sns.subscribe(TopicArn=arn, Protocol=item["Protocol"], Endpoint=item["Endpoint"])
    gone = [(item["Protocol"], item["Endpoint"]) for item in old if item not in new]
    for item in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"] if gone else []:
        if (item["Protocol"], item["Endpoint"]) in gone:
            sns.unsubscribe(SubscriptionArn=item["SubscriptionArn"])
    retag(sns, arn, before.get("Tags"), after.get("Tags"))


def subscription(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change a subscription's filter and other attributes; those that left get their defaults."""
    sns, defaults = (
        request.aws_client_factory.sns,
        {"RawMessageDelivery": "false", "FilterPolicyScope": "MessageAttributes"},
    )
    for name in ("FilterPolicyScope", "FilterPolicy", "DeliveryPolicy", "RawMessageDelivery", "RedrivePolicy"):
        value = after.get(name)
        if value != before.get(name):
            text = json.dumps(value) if isinstance(value, dict) else str(value)
            text = text.lower() if isinstance(value, bool) else text
            text = defaults.get(name, "{}") if value is None else text
            sns.set_subscription_attributes(SubscriptionArn=after["Id"], AttributeName=name, AttributeValue=text)


def topic_policy(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Put the policy of topics again."""
    for topic in after["Topics"]:
        request.aws_client_factory.sns.set_topic_attributes(
            TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(after["PolicyDocument"])
        )


def bucket_policy(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Put a bucket's policy again."""
    request.aws_client_factory.s3.put_bucket_policy(Bucket=after["Bucket"], Policy=json.dumps(after["PolicyDocument"]))


def secret(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change a secret's description, key, value and tags."""
    client = request.aws_client_factory.secretsmanager
    names = ("Description", "SecretString", "KmsKeyId")
    given = {name: after[name] for name in names if name in after and after[name] != before.get(name)}
    if given:
        client.update_secret(SecretId=after["Id"], **given)
    retag(client, after["Id"], before.get("Tags"), after.get("Tags"))


def secret_policy(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Put a secret's resource policy again."""
    request.aws_client_factory.secretsmanager.put_resource_policy(
        SecretId=after["SecretId"], ResourcePolicy=json.dumps(after["ResourcePolicy"])
    )


def key(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change a KMS key's description, policy, rotation, state and tags."""
    kms, name = request.aws_client_factory.kms, after["KeyId"]
    if after.get("Description") != before.get("Description"):
        kms.update_key_description(KeyId=name, Description=after.get("Description", ""))
    if after.get("KeyPolicy") and after["KeyPolicy"] != before.get("KeyPolicy"):
        kms.put_key_policy(KeyId=name, PolicyName="default", Policy=json.dumps(after["KeyPolicy"]))
    for setting, default, on, off in (
        ("EnableKeyRotation", "false", kms.enable_key_rotation, kms.disable_key_rotation),
        ("Enabled", "true", kms.enable_key, kms.disable_key),
    ):
        wanted = str(after.get(setting, default)).lower()
        if wanted != str(before.get(setting, default)).lower():
            (on if wanted == "true" else off)(KeyId=name)
    retag(kms, name, before.get("Tags"), after.get("Tags"))


def stream_mode(request: ResourceRequest[Any]) -> Properties:
    """Return the mode of a stream with a number of shards, which LocalStack's provider takes for on demand."""
    return {"StreamModeDetails": {"StreamMode": "PROVISIONED"}} if request.desired_state.get("ShardCount") else {}


def stream(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change a Kinesis stream's mode, number of shards, retention, encryption and tags, one after the other."""
    kinesis, name = request.aws_client_factory.kinesis, after["Name"]
    exists = kinesis.get_waiter("stream_exists")

    def ready() -> None:
        exists.wait(StreamName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 1200})

    old = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    mode = (after.get("StreamModeDetails") or {}).get("StreamMode") or (
        "PROVISIONED" if "ShardCount" in after else "ON_DEMAND"
    )
    if before and mode != (old.get("StreamModeDetails") or {}).get("StreamMode", "PROVISIONED"):
        kinesis.update_stream_mode(StreamARN=after["Arn"], StreamModeDetails={"StreamMode": mode})
        ready()
    shards = int(after.get("ShardCount") or 1)
    if before and mode == "PROVISIONED" and shards != old["OpenShardCount"]:
        kinesis.update_shard_count(StreamName=name, TargetShardCount=shards, ScalingType="UNIFORM_SCALING")
        ready()
    hours, now = int(after.get("RetentionPeriodHours") or 24), old["RetentionPeriodHours"]
    if hours != now:
        change = kinesis.increase_stream_retention_period if hours > now else kinesis.decrease_stream_retention_period
        change(StreamName=name, RetentionPeriodHours=hours)
        ready()
    encryption = after.get("StreamEncryption")
    if encryption != before.get("StreamEncryption"):
        if before.get("StreamEncryption"):
            call(kinesis, "stop_stream_encryption", {"StreamName": name, **before["StreamEncryption"]})
            ready()
        if encryption:
            call(kinesis, "start_stream_encryption", {"StreamName": name, **encryption})
            ready()
    changed, gone = difference(before.get("Tags"), after.get("Tags"))
    if changed:
        kinesis.add_tags_to_stream(StreamName=name, Tags=changed)
    if gone:
        kinesis.remove_tags_from_stream(StreamName=name, TagKeys=gone)


def named(name: str) -> Callable[[ResourceRequest[Any]], Properties]:
    """Return what makes the name of a resource, which LocalStack's provider does not note or breaks without."""
    return lambda request: {name: generate_default_name(request.stack_name, request.logical_resource_id)}


def delivery_stream(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change a Firehose stream's destination and tags."""
    firehose, name = request.aws_client_factory.firehose, after["DeliveryStreamName"]
    described = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    named = {
        "DeliveryStreamName": name,
        "CurrentDeliveryStreamVersionId": described["VersionId"],
        "DestinationId": described["Destinations"][0]["DestinationId"],
    }
    for prefix in ("S3", "ExtendedS3", "HttpEndpoint", "Redshift", "Splunk"):
        value = after.get(f"{prefix}DestinationConfiguration")
        if value and value != before.get(f"{prefix}DestinationConfiguration"):
            call(firehose, "update_destination", {**named, f"{prefix}DestinationUpdate": value})
    changed, gone = difference(before.get("Tags"), after.get("Tags"))
    if changed:
        firehose.tag_delivery_stream(DeliveryStreamName=name, Tags=as_list(changed))
    if gone:
        firehose.untag_delivery_stream(DeliveryStreamName=name, TagKeys=gone)


def schedule_group(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change the tags of a group of schedules."""
    retag(request.aws_client_factory.scheduler, after["Arn"], before.get("Tags"), after.get("Tags"))


def parameter(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Put an SSM parameter again, and change its tags."""
    ssm = request.aws_client_factory.ssm
    given = {name: value for name, value in after.items() if name != "Tags"}
    call(ssm, "put_parameter", {**given, "Description": after.get("Description", ""), "Overwrite": True})
    retag(ssm, after["Name"], before.get("Tags"), after.get("Tags"), ResourceType="Parameter")


def state_machine(request: ResourceRequest[Any], before: Properties, after: Properties) -> None:
    """Change a state machine's tags; LocalStack's provider changes the rest."""
    retag(request.aws_client_factory.stepfunctions, after["Arn"], before.get("Tags"), after.get("Tags"))
