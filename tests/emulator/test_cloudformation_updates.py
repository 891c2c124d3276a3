"""CloudFormation: resources that a new template changes in place, and those that it replaces."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from emulator.cloudformation_tools import create, delete, physical, reasons, template, update

CAPABILITIES = ["CAPABILITY_NAMED_IAM"]


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    """Return a resource of a template."""
    return {"Type": f"AWS::{kind}", "Properties": properties}


def ref(name: str) -> dict[str, str]:
    """Return a reference."""
    return {"Ref": name}


def att(name: str, attribute: str) -> dict[str, list[str]]:
    """Return a reference to an attribute."""
    return {"Fn::GetAtt": [name, attribute]}


def trust(service: str) -> dict[str, Any]:
    """Return the trust policy of a service's role."""
    statement = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def policy(action: str, **more: Any) -> dict[str, Any]:
    """Return a policy that allows an action."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*", **more}]}


def statement(action: str) -> dict[str, Any]:
    """Return a resource policy that allows an action to everybody."""
    return policy(action, Principal="*")


@pytest.fixture
def changed(aws: Any) -> Callable[..., dict[str, str]]:
    """Create a stack, update it, and return the physical ids; those of ``kept`` must be as they were."""

    def change(before: dict[str, Any], after: dict[str, Any], kept: str = "", replaced: str = "") -> dict[str, str]:
        cfn = aws("cloudformation")
        made = create(cfn, "shop", template(before), Capabilities=CAPABILITIES)
        assert made["StackStatus"] == "CREATE_COMPLETE", reasons(cfn, "shop")
        old = {name: physical(cfn, "shop", name) for name in before}
        ended = update(cfn, "shop", template({**before, **after}), Capabilities=CAPABILITIES)
        assert ended["StackStatus"] == "UPDATE_COMPLETE", reasons(cfn, "shop")
        new = {name: physical(cfn, "shop", name) for name in {**before, **after}}
        assert all(old[name] == new[name] for name in kept.split())
        assert all(old[name] != new[name] for name in replaced.split())
        return new

    return change


def test_bucket(aws: Any, changed: Callable[..., dict[str, str]]) -> None:
    """A bucket gets settings, and loses those that leave the template, without being replaced.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
    """
    rule = {"Id": "old", "Status": "Enabled", "ExpirationInDays": 30, "Prefix": "logs/"}
    rule["Transitions"] = [{"StorageClass": "GLACIER", "TransitionInDays": 7}]
    algorithm = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    before = resource(
        "S3::Bucket",
        VersioningConfiguration={"Status": "Enabled"},
        CorsConfiguration={"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]},
        BucketEncryption={"ServerSideEncryptionConfiguration": [algorithm]},
    )
    after = resource(
        "S3::Bucket",
        VersioningConfiguration={"Status": "Suspended"},
        LifecycleConfiguration={"Rules": [rule]},
        Tags=[{"Key": "team", "Value": "shop"}],
        BucketEncryption={"ServerSideEncryptionConfiguration": [algorithm]},
    )
    bucket = changed({"Bucket": before}, {"Bucket": after}, kept="Bucket")["Bucket"]
    s3 = aws("s3")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"
    found = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]
    assert (found["Expiration"], found["Transitions"]) == ({"Days": 30}, [{"StorageClass": "GLACIER", "Days": 7}])
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "team", "Value": "shop"}]
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    with pytest.raises(ClientError, match="NoSuchCORSConfiguration"):
        s3.get_bucket_cors(Bucket=bucket)


def test_bucket_with_objects_is_not_deleted(aws: Any) -> None:
    """CloudFormation deletes empty buckets only: otherwise the deletion fails, and the stack keeps the bucket.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
    """
    cfn = aws("cloudformation")
    stack = create(cfn, "shop", template({"Bucket": resource("S3::Bucket")}))["StackId"]
    bucket = physical(cfn, "shop", "Bucket")
    aws("s3").put_object(Bucket=bucket, Key="a", Body=b"1")
    assert delete(cfn, stack)["StackStatus"] == "DELETE_FAILED"
    assert "not empty" in reasons(cfn, stack)
    assert delete(cfn, stack, RetainResources=["Bucket"])["StackStatus"] == "DELETE_COMPLETE"
    assert aws("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"


def test_messages(aws: Any, changed: Callable[..., dict[str, str]]) -> None:
    """Queue, topic, subscription and their policies change in place; a topic with a made-up name keeps it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-subscription.html
    """

    def app(seconds: int, title: str, action: str, **subscription: Any) -> dict[str, Any]:
        listens = {"TopicArn": ref("Topic"), "Protocol": "sqs", "Endpoint": att("Queue", "Arn")}
        return {
            "Queue": resource("SQS::Queue", VisibilityTimeout=seconds),
            "Reads": resource("SQS::QueuePolicy", Queues=[ref("Queue")], PolicyDocument=statement(f"sqs:{action}")),
            "Topic": resource("SNS::Topic", DisplayName=title),
            "Listens": resource("SNS::Subscription", **listens, **subscription),
        }

    now = changed(
        app(10, "old", "SendMessage"),
        app(20, "new", "ReceiveMessage", RawMessageDelivery=True, FilterPolicy={"kind": ["order"]}),
        kept="Queue Topic Listens",
    )
    attributes = aws("sqs").get_queue_attributes(QueueUrl=now["Queue"], AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "20"
    assert "ReceiveMessage" in attributes["Policy"]
    assert aws("sns").get_topic_attributes(TopicArn=now["Topic"])["Attributes"]["DisplayName"] == "new"
    found = aws("sns").get_subscription_attributes(SubscriptionArn=now["Listens"])["Attributes"]
    assert (found["RawMessageDelivery"], json.loads(found["FilterPolicy"])) == ("true", {"kind": ["order"]})


def test_function(aws: Any, changed: Callable[..., dict[str, str]]) -> None:
    """A function gets other code and settings; those that leave the template go back to their defaults.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
    """
    common = {"Runtime": "python3.13", "Handler": "index.handler", "Role": att("Role", "Arn")}
    old = {"MemorySize": 256, "Timeout": 9, "Environment": {"Variables": {"A": "1"}}}
    before = {
        "Role": resource("IAM::Role", AssumeRolePolicyDocument=trust("lambda")),
        "Function": resource("Lambda::Function", Code={"ZipFile": "def handler(e, c): return 1"}, **common, **old),
        "Url": resource("Lambda::Url", TargetFunctionArn=ref("Function"), AuthType="NONE"),
    }
    code = {"ZipFile": "def handler(e, c): return 2"}
    after = {
        "Function": resource("Lambda::Function", Code=code, ReservedConcurrentExecutions=3, **common),
        "Url": resource("Lambda::Url", TargetFunctionArn=ref("Function"), AuthType="AWS_IAM"),
    }
    name = changed(before, after, kept="Function")["Function"]
    found = aws("lambda").get_function(FunctionName=name)
    configuration = found["Configuration"]
    assert (configuration["MemorySize"], configuration["Timeout"]) == (128, 3)
    assert not configuration.get("Environment", {}).get("Variables")
    assert found["Concurrency"]["ReservedConcurrentExecutions"] == 3
    assert aws("lambda").invoke(FunctionName=name)["Payload"].read() == b"2"
    assert aws("lambda").get_function_url_config(FunctionName=name)["AuthType"] == "AWS_IAM"


def test_identities(aws: Any, changed: Callable[..., dict[str, str]]) -> None:
    """Roles get another trust and other policies; a managed policy gets a new default version; users get policies.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
    """

    def app(service: str, inline: str, arn: str, action: str, **user: Any) -> dict[str, Any]:
        own = [{"PolicyName": inline, "PolicyDocument": policy("s3:GetObject")}]
        managed = {"PolicyDocument": policy(action), "Roles": [ref("Role")]}
        document = trust(service)
        return {
            "Role": resource("IAM::Role", AssumeRolePolicyDocument=document, Policies=own, ManagedPolicyArns=[arn]),
            "Managed": resource("IAM::ManagedPolicy", **managed),
            "User": resource("IAM::User", Policies=own, **user),
        }

    aws_policy = "arn:aws:iam::aws:policy/"
    now = changed(
        app("lambda", "one", f"{aws_policy}ReadOnlyAccess", "sns:*"),
        app("ec2", "two", f"{aws_policy}AmazonS3FullAccess", "sns:Publish", Tags=[{"Key": "a", "Value": "b"}]),
        kept="Role Managed User",
    )
    iam, role = aws("iam"), now["Role"]
    assert "ec2.amazonaws.com" in json.dumps(iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["two"]
    attached = {item["PolicyArn"] for item in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]}
    assert attached == {now["Managed"], f"{aws_policy}AmazonS3FullAccess"}
    assert iam.get_policy(PolicyArn=now["Managed"])["Policy"]["DefaultVersionId"] == "v2"
    assert iam.list_user_policies(UserName=now["User"])["PolicyNames"] == ["two"]
    assert iam.list_user_tags(UserName=now["User"])["Tags"] == [{"Key": "a", "Value": "b"}]


def test_what_refers_to_a_replaced_resource_follows_it(aws: Any, changed: Callable[..., dict[str, str]]) -> None:
    """A role that gets another name is replaced, and the function that has it by Fn::GetAtt gets the new one.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
    """

    def role(name: str) -> dict[str, Any]:
        return resource("IAM::Role", RoleName=name, AssumeRolePolicyDocument=trust("lambda"))

    code = {"Code": {"ZipFile": "def handler(e, c): return 1"}, "Runtime": "python3.13", "Handler": "index.handler"}
    text = {"Fn::Sub": "runs as ${Role.Arn}"}
    before = {
        "Role": role("first"),
        "Function": resource("Lambda::Function", Role=att("Role", "Arn"), **code),
        "Note": resource("SSM::Parameter", Type="String", Value=text),
    }
    now = changed(before, {"Role": role("second")}, kept="Function Note", replaced="Role")
    assert aws("lambda").get_function(FunctionName=now["Function"])["Configuration"]["Role"].endswith("/second")
    assert aws("ssm").get_parameter(Name=now["Note"])["Parameter"]["Value"].endswith("/second")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        aws("iam").get_role(RoleName="first")


def test_rest_api(aws: Any, changed: Callable[..., dict[str, str]]) -> None:
    """Methods, models and stages of a REST API change in place; a resource with another path is a new one.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-stage.html
    """

    def app(path: str, authorization: str, schema: str, **stage: Any) -> dict[str, Any]:
        api = {"RestApiId": ref("Api")}
        mock = {"Type": "MOCK", "IntegrationResponses": [{"StatusCode": "200"}]}
        method = {"HttpMethod": "GET", "AuthorizationType": authorization, "Integration": mock}
        model = {"Name": "Order", "ContentType": "application/json", "Schema": {"type": schema}}
        return {
            "Api": resource("ApiGateway::RestApi", Name="shop"),
            "Path": resource("ApiGateway::Resource", ParentId=att("Api", "RootResourceId"), PathPart=path, **api),
            "Get": resource("ApiGateway::Method", ResourceId=ref("Path"), **method, **api),
            "Model": resource("ApiGateway::Model", **model, **api),
            "Deployment": {**resource("ApiGateway::Deployment", **api), "DependsOn": "Get"},
            "Stage": resource("ApiGateway::Stage", DeploymentId=ref("Deployment"), StageName="prod", **stage, **api),
        }

    settings = {"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingRateLimit": 5, "ThrottlingBurstLimit": 2}
    now = changed(
        app("a", "NONE", "object", Variables={"a": "1", "b": "1"}),
        app("b", "AWS_IAM", "array", Variables={"a": "2"}, MethodSettings=[settings]),
        kept="Api Model Deployment Stage",
        replaced="Path",
    )
    client, api = aws("apigateway"), now["Api"]
    method = client.get_method(restApiId=api, resourceId=now["Path"], httpMethod="GET")
    assert method["authorizationType"] == "AWS_IAM"
    assert "200" in method["methodIntegration"]["integrationResponses"]
    assert "array" in client.get_model(restApiId=api, modelName="Order")["schema"]
    stage = client.get_stage(restApiId=api, stageName="prod")
    assert stage["variables"] == {"a": "2"}
    assert stage["methodSettings"]["*/*"]["throttlingBurstLimit"] == 2


def test_network(aws: Any, changed: Callable[..., dict[str, str]]) -> None:
    """Rules, routes and settings of a network change in place, and a subnet gets another route table.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
    """

    def app(port: int, table: str, public: bool, target: dict[str, Any]) -> dict[str, Any]:
        web = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": "0.0.0.0/0"}
        subnet = {"CidrBlock": "10.0.1.0/24", "MapPublicIpOnLaunch": public}
        vpc = {"VpcId": ref("Vpc")}
        route = {"RouteTableId": ref("First"), "DestinationCidrBlock": "0.0.0.0/0", **target}
        return {
            "Vpc": resource("EC2::VPC", CidrBlock="10.0.0.0/16", EnableDnsHostnames=public),
            "Subnet": resource("EC2::Subnet", **subnet, **vpc),
            "First": resource("EC2::RouteTable", **vpc),
            "Second": resource("EC2::RouteTable", **vpc),
            "Uses": resource("EC2::SubnetRouteTableAssociation", SubnetId=ref("Subnet"), RouteTableId=ref(table)),
            "Gateway": resource("EC2::InternetGateway"),
            "Attached": resource("EC2::VPCGatewayAttachment", InternetGatewayId=ref("Gateway"), **vpc),
            "Card": resource("EC2::NetworkInterface", SubnetId=ref("Subnet")),
            "Route": {**resource("EC2::Route", **route), "DependsOn": "Attached"},
            "Group": resource("EC2::SecurityGroup", GroupDescription="web", SecurityGroupIngress=[web], **vpc),
        }

    before = app(80, "First", False, {"GatewayId": ref("Gateway")})
    after = app(443, "Second", True, {"NetworkInterfaceId": ref("Card")})
    now = changed(before, after, kept="Vpc Subnet Group Route")
    ec2 = aws("ec2")
    group = ec2.describe_security_groups(GroupIds=[now["Group"]])["SecurityGroups"][0]
    assert [item["FromPort"] for item in group["IpPermissions"]] == [443]
    assert ec2.describe_subnets(SubnetIds=[now["Subnet"]])["Subnets"][0]["MapPublicIpOnLaunch"]
    hostnames = ec2.describe_vpc_attribute(VpcId=now["Vpc"], Attribute="enableDnsHostnames")
    assert hostnames["EnableDnsHostnames"]["Value"]
    first, second = (
        ec2.describe_route_tables(RouteTableIds=[now[name]])["RouteTables"][0] for name in ("First", "Second")
    )
    assert now["Card"] in [route.get("NetworkInterfaceId") for route in first["Routes"]]
    assert [item["SubnetId"] for item in second["Associations"]] == [now["Subnet"]]


def test_keys_schedules_and_more(aws: Any, changed: Callable[..., dict[str, str]]) -> None:
    """A key's rotation, an alias's key, a schedule, a state machine and a stream change in place.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-alias.html
    """
    allow = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{aws.id}:root"}, "Action": "kms:*", "Resource": "*"}
    owner = {"KeyPolicy": {"Version": "2012-10-17", "Statement": [allow]}}

    def app(rotates: bool, key: str, state: str, result: str, shards: int) -> dict[str, Any]:
        steps = {"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": result, "End": True}}}
        target = {"Arn": att("Queue", "Arn"), "RoleArn": att("Role", "Arn")}
        timing = {"ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"}, "State": state}
        return {
            "One": resource("KMS::Key", EnableKeyRotation=rotates, **owner),
            "Two": resource("KMS::Key", **owner),
            "Alias": resource("KMS::Alias", AliasName="alias/shop", TargetKeyId=ref(key)),
            "Queue": resource("SQS::Queue"),
            "Role": resource("IAM::Role", AssumeRolePolicyDocument=trust("scheduler")),
            "Schedule": resource("Scheduler::Schedule", Target=target, **timing),
            "Steps": resource("StepFunctions::StateMachine", RoleArn=att("Role", "Arn"), Definition=steps),
            "Stream": resource("Kinesis::Stream", ShardCount=shards),
        }

    before, after = app(False, "One", "ENABLED", "old", 1), app(True, "Two", "DISABLED", "new", 2)
    now = changed(before, after, kept="One Schedule Steps Stream")
    assert aws("kms").get_key_rotation_status(KeyId=now["One"])["KeyRotationEnabled"]
    assert aws("kms").describe_key(KeyId="alias/shop")["KeyMetadata"]["KeyId"] == now["Two"]
    assert aws("scheduler").get_schedule(Name=now["Schedule"])["State"] == "DISABLED"
    assert '"new"' in aws("stepfunctions").describe_state_machine(stateMachineArn=now["Steps"])["definition"]
    summary = aws("kinesis").describe_stream_summary(StreamName=now["Stream"])["StreamDescriptionSummary"]
    assert (summary["OpenShardCount"], summary["StreamModeDetails"]["StreamMode"]) == (2, "PROVISIONED")


def test_table_with_another_key_is_replaced(aws: Any, changed: Callable[..., dict[str, str]]) -> None:
    """The key schema of a table cannot be changed: another one makes another table.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
    """

    def table(key: str) -> dict[str, Any]:
        names = {"AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}]}
        names["KeySchema"] = [{"AttributeName": key, "KeyType": "HASH"}]
        return {"Table": resource("DynamoDB::Table", BillingMode="PAY_PER_REQUEST", **names)}

    name = changed(table("id"), table("order"), replaced="Table")["Table"]
    assert aws("dynamodb").list_tables()["TableNames"] == [name]


def test_rule_leaves_before_its_bus(aws: Any) -> None:
    """A stack with an event bus and a rule on it is deleted, first the rule, then the bus.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
    """
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{aws.id}:orders"}
    rule = {"EventBusName": ref("Bus"), "EventPattern": {"source": ["shop"]}, "Targets": [target]}
    resources = {"Bus": resource("Events::EventBus", Name="shop"), "Rule": resource("Events::Rule", **rule)}
    cfn = aws("cloudformation")
    stack = create(cfn, "shop", template(resources))["StackId"]
    assert delete(cfn, stack)["StackStatus"] == "DELETE_COMPLETE", reasons(cfn, stack)
    assert [bus["Name"] for bus in aws("events").list_event_buses()["EventBuses"]] == ["default"]
