"""CloudFormation: the types of services that other processes serve are made, changed and deleted."""

import json
from typing import Any

from emulator.cloudformation_tools import create, delete, outputs, parameter, reasons, template, update


def deployed(aws: Any, resources: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Deploy resources; return the stack, whose outputs are ``values``."""
    body = template(resources, Outputs={name: {"Value": value} for name, value in values.items()})
    stack = create(aws("cloudformation"), "types", body, Capabilities=["CAPABILITY_IAM"])
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons(aws("cloudformation"), "types")
    return stack


def removed(aws: Any, stack: dict[str, Any]) -> None:
    """Delete a stack that must go."""
    ended = delete(aws("cloudformation"), stack["StackId"])
    assert ended["StackStatus"] == "DELETE_COMPLETE", reasons(aws("cloudformation"), stack["StackId"])


def att(name: str, attribute: str) -> dict[str, Any]:
    """Return a reference to an attribute."""
    return {"Fn::GetAtt": [name, attribute]}


def ref(name: str) -> dict[str, Any]:
    """Return a reference."""
    return {"Ref": name}


def test_table_with_index_stream_and_expiry(aws: Any) -> None:
    """A table has its indexes, its stream and its time to live; an update adds an index.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
    """
    index = {
        "IndexName": "by-day",
        "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    properties = {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "day", "AttributeType": "S"},
        ],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [index],
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
        "TimeToLiveSpecification": {"AttributeName": "ends", "Enabled": True},
    }
    resources = {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": properties}}
    stack = deployed(aws, resources, Stream=att("Table", "StreamArn"), Arn=att("Table", "Arn"), Name=ref("Table"))
    found, client = outputs(stack), aws("dynamodb")
    table = client.describe_table(TableName=found["Name"])["Table"]
    assert (table["TableArn"], table["LatestStreamArn"]) == (found["Arn"], found["Stream"])
    assert [item["IndexName"] for item in table["GlobalSecondaryIndexes"]] == ["by-day"]
    expiry = client.describe_time_to_live(TableName=found["Name"])["TimeToLiveDescription"]
    assert (expiry["AttributeName"], expiry["TimeToLiveStatus"]) == ("ends", "ENABLED")
    properties["GlobalSecondaryIndexes"] = [index, {**index, "IndexName": "by-day-too"}]
    assert update(aws("cloudformation"), "types", template(resources))["StackStatus"] == "UPDATE_COMPLETE"
    table = client.describe_table(TableName=found["Name"])["Table"]
    assert {item["IndexName"] for item in table["GlobalSecondaryIndexes"]} == {"by-day", "by-day-too"}
    removed(aws, stack)
    assert client.list_tables()["TableNames"] == []


def test_kinesis_stream(aws: Any) -> None:
    """A stream has its shards and an ARN.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kinesis-stream.html
    """
    resources = {"Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 2}}}
    stack = deployed(aws, resources, Name=ref("Stream"), Arn=att("Stream", "Arn"))
    found = outputs(stack)
    described = aws("kinesis").describe_stream(StreamName=found["Name"])["StreamDescription"]
    assert described["StreamARN"] == found["Arn"]
    assert len(described["Shards"]) == 2
    removed(aws, stack)


def test_cognito(aws: Any) -> None:
    """A user pool with a client, a domain, a group and a user; an identity pool that trusts it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cognito-userpool.html
    """
    pool = ref("Pool")
    resources = {
        "Pool": {
            "Type": "AWS::Cognito::UserPool",
            "Properties": {
                "UserPoolName": "people",
                "Policies": {"PasswordPolicy": {"MinimumLength": 12}},
                "MfaConfiguration": "OPTIONAL",
                "EnabledMfas": ["SOFTWARE_TOKEN_MFA"],
            },
        },
        "Client": {
            "Type": "AWS::Cognito::UserPoolClient",
            "Properties": {"UserPoolId": pool, "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"], "GenerateSecret": True},
        },
        "Domain": {
            "Type": "AWS::Cognito::UserPoolDomain",
            "Properties": {"UserPoolId": pool, "Domain": f"people-{aws.id}"},
        },
        "Group": {"Type": "AWS::Cognito::UserPoolGroup", "Properties": {"UserPoolId": pool, "GroupName": "staff"}},
        "User": {"Type": "AWS::Cognito::UserPoolUser", "Properties": {"UserPoolId": pool, "Username": "ann"}},
        "Member": {
            "Type": "AWS::Cognito::UserPoolUserToGroupAttachment",
            "Properties": {"UserPoolId": pool, "GroupName": ref("Group"), "Username": ref("User")},
        },
        "Identities": {
            "Type": "AWS::Cognito::IdentityPool",
            "Properties": {
                "AllowUnauthenticatedIdentities": False,
                "CognitoIdentityProviders": [{"ClientId": ref("Client"), "ProviderName": att("Pool", "ProviderName")}],
            },
        },
    }
    stack = deployed(aws, resources, Pool=pool, Arn=att("Pool", "Arn"), Client=ref("Client"), Ids=ref("Identities"))
    found, idp = outputs(stack), aws("cognito-idp")
    described = idp.describe_user_pool(UserPoolId=found["Pool"])["UserPool"]
    assert described["Arn"] == found["Arn"]
    assert described["Policies"]["PasswordPolicy"]["MinimumLength"] == 12
    client = idp.describe_user_pool_client(UserPoolId=found["Pool"], ClientId=found["Client"])["UserPoolClient"]
    assert client["ClientSecret"]
    assert idp.list_users_in_group(UserPoolId=found["Pool"], GroupName="staff")["Users"][0]["Username"] == "ann"
    trusted = aws("cognito-identity").describe_identity_pool(IdentityPoolId=found["Ids"])["CognitoIdentityProviders"]
    assert trusted[0]["ClientId"] == found["Client"]
    resources["Pool"]["Properties"]["Policies"]["PasswordPolicy"]["MinimumLength"] = 16
    assert update(aws("cloudformation"), "types", template(resources))["StackStatus"] == "UPDATE_COMPLETE"
    described = idp.describe_user_pool(UserPoolId=found["Pool"])["UserPool"]
    assert described["Policies"]["PasswordPolicy"]["MinimumLength"] == 16
    factors = idp.get_user_pool_mfa_config(UserPoolId=found["Pool"])
    assert (factors["MfaConfiguration"], factors["SoftwareTokenMfaConfiguration"]) == ("OPTIONAL", {"Enabled": True})
    removed(aws, stack)
    assert idp.list_user_pools(MaxResults=1)["UserPools"] == []


def test_containers(aws: Any) -> None:
    """A repository, a cluster, a task definition and a service; a changed definition is a new revision.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-taskdefinition.html
    """
    container = {"Name": "web", "Image": {"Fn::Sub": "${Images.RepositoryUri}:1"}, "Memory": 128, "Essential": True}
    container["PortMappings"] = [{"ContainerPort": 80}]
    selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 5}
    policy = {"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]}
    rules = {"LifecyclePolicyText": json.dumps(policy)}
    resources: dict[str, Any] = {
        "Images": {
            "Type": "AWS::ECR::Repository",
            "Properties": {"ImageTagMutability": "IMMUTABLE", "LifecyclePolicy": rules},
        },
        "Cluster": {"Type": "AWS::ECS::Cluster"},
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {"Family": "web", "ContainerDefinitions": [container]},
        },
        "Service": {
            "Type": "AWS::ECS::Service",
            "Properties": {"Cluster": ref("Cluster"), "TaskDefinition": ref("Task"), "DesiredCount": 0},
        },
    }
    stack = deployed(
        aws, resources, Cluster=ref("Cluster"), Service=att("Service", "Name"), Uri=att("Images", "RepositoryUri")
    )
    found, ecs = outputs(stack), aws("ecs")
    [repository] = aws("ecr").describe_repositories()["repositories"]
    assert repository["repositoryUri"] == found["Uri"]
    assert repository["imageTagMutability"] == "IMMUTABLE"
    container["Memory"] = 256
    assert update(aws("cloudformation"), "types", template(resources))["StackStatus"] == "UPDATE_COMPLETE"
    [service] = ecs.describe_services(cluster=found["Cluster"], services=[found["Service"]])["services"]
    assert service["taskDefinition"].endswith("task-definition/web:2")
    removed(aws, stack)
    assert ecs.list_clusters()["clusterArns"] == []


def test_load_balancer_and_scaling_group(aws: Any) -> None:
    """A load balancer with target group, listener and rule, and a group of instances behind it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-loadbalancer.html
    """
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    resources: dict[str, Any] = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        **{
            f"Subnet{zone}": {
                "Type": "AWS::EC2::Subnet",
                "Properties": {
                    "VpcId": ref("Vpc"),
                    "CidrBlock": f"10.0.{index}.0/24",
                    "AvailabilityZone": f"us-east-1{zone}",
                },
            }
            for index, zone in enumerate("ab")
        },
        "Balancer": {
            "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "Properties": {"Subnets": [ref("Subneta"), ref("Subnetb")]},
        },
        "Targets": {
            "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
            "Properties": {"Port": 80, "Protocol": "HTTP", "VpcId": ref("Vpc"), "HealthCheckPath": "/ok"},
        },
        "Listener": {
            "Type": "AWS::ElasticLoadBalancingV2::Listener",
            "Properties": {
                "LoadBalancerArn": ref("Balancer"),
                "Port": 80,
                "Protocol": "HTTP",
                "DefaultActions": [fixed],
            },
        },
        "Rule": {
            "Type": "AWS::ElasticLoadBalancingV2::ListenerRule",
            "Properties": {
                "ListenerArn": ref("Listener"),
                "Priority": 5,
                "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/app/*"]}}],
                "Actions": [{"Type": "forward", "TargetGroupArn": ref("Targets")}],
            },
        },
        "Template": {
            "Type": "AWS::EC2::LaunchTemplate",
            "Properties": {"LaunchTemplateData": {"ImageId": "ami-12345678", "InstanceType": "t3.micro"}},
        },
        "Group": {
            "Type": "AWS::AutoScaling::AutoScalingGroup",
            "Properties": {
                "MinSize": "0",
                "MaxSize": "2",
                "LaunchTemplate": {
                    "LaunchTemplateId": ref("Template"),
                    "Version": att("Template", "LatestVersionNumber"),
                },
                "VPCZoneIdentifier": [ref("Subneta")],
                "TargetGroupARNs": [ref("Targets")],
            },
        },
    }
    stack = deployed(aws, resources, Name=att("Balancer", "DNSName"), Listener=ref("Listener"), Group=ref("Group"))
    found, elb = outputs(stack), aws("elbv2")
    assert elb.describe_load_balancers()["LoadBalancers"][0]["DNSName"] == found["Name"]
    priorities = [rule["Priority"] for rule in elb.describe_rules(ListenerArn=found["Listener"])["Rules"]]
    assert sorted(priorities) == ["5", "default"]
    [group] = aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert (group["AutoScalingGroupName"], group["MaxSize"]) == (found["Group"], 2)
    removed(aws, stack)
    assert elb.describe_load_balancers()["LoadBalancers"] == []


def test_cache_parameters_and_subnets(aws: Any) -> None:
    """Cache subnet groups and parameter groups are made with the subnets of EC2.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticache-subnetgroup.html
    """
    resources = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": ref("Vpc"), "CidrBlock": "10.0.1.0/24"}},
        "Places": {
            "Type": "AWS::ElastiCache::SubnetGroup",
            "Properties": {"CacheSubnetGroupName": "places", "Description": "of caches", "SubnetIds": [ref("Subnet")]},
        },
    }
    stack = deployed(aws, resources, Places=ref("Places"))
    [group] = aws("elasticache").describe_cache_subnet_groups(CacheSubnetGroupName="places")["CacheSubnetGroups"]
    assert group["CacheSubnetGroupDescription"] == "of caches"
    removed(aws, stack)


def test_schedule_and_pipe(aws: Any) -> None:
    """A schedule and a pipe between two queues.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-pipes-pipe.html
    """

    def trusting(service: str) -> dict[str, Any]:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        document = {"Version": "2012-10-17", "Statement": [statement]}
        return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document}}

    resources = {
        "From": {"Type": "AWS::SQS::Queue"},
        "To": {"Type": "AWS::SQS::Queue"},
        "PipeRole": trusting("pipes"),
        "ClockRole": trusting("scheduler"),
        "Pipe": {
            "Type": "AWS::Pipes::Pipe",
            "Properties": {
                "RoleArn": att("PipeRole", "Arn"),
                "Source": att("From", "Arn"),
                "Target": att("To", "Arn"),
                "DesiredState": "STOPPED",
            },
        },
        "Clock": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "ScheduleExpression": "rate(1 day)",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"Arn": att("To", "Arn"), "RoleArn": att("ClockRole", "Arn")},
            },
        },
    }
    stack = deployed(aws, resources, Pipe=ref("Pipe"), Clock=ref("Clock"))
    found = outputs(stack)
    assert aws("pipes").describe_pipe(Name=found["Pipe"])["DesiredState"] == "STOPPED"
    assert aws("scheduler").get_schedule(Name=found["Clock"])["ScheduleExpression"] == "rate(1 day)"
    removed(aws, stack)


def test_attribute_of_a_resource_that_a_type_does_not_know_fails(aws: Any) -> None:
    """A value that a service refuses fails its resource with the service's reason.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
    """
    resources = {
        "Pool": {"Type": "AWS::Cognito::UserPool"},
        "Client": {
            "Type": "AWS::Cognito::UserPoolClient",
            "Properties": {"UserPoolId": ref("Pool"), "ExplicitAuthFlows": ["ALLOW_ANYTHING"]},
        },
    }
    cfn = aws("cloudformation")
    assert create(cfn, "types", template(resources))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "ALLOW_ANYTHING" in reasons(cfn, "types")
    assert aws("cognito-idp").list_user_pools(MaxResults=1)["UserPools"] == []


def test_a_type_that_the_emulator_does_not_have(aws: Any) -> None:
    """A type of AWS's that is not emulated fails its stack instead of pretending.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
    """
    cfn = aws("cloudformation")
    resources = {"Kept": parameter("x"), "Robot": {"Type": "AWS::IoT::Thing"}}
    assert create(cfn, "types", template(resources))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "AWS::IoT::Thing" in reasons(cfn, "types")
    assert aws("ssm").describe_parameters()["Parameters"] == []


def test_updates_in_place(aws: Any) -> None:
    """A log group's retention, an alarm's threshold, a rule's target and a secret's value change in place.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
    """

    def app(days: int, threshold: int, target: str, word: str) -> dict[str, Any]:
        alarm = {"Namespace": "Shop", "MetricName": "Errors", "Period": 60, "EvaluationPeriods": 1, "Statistic": "Sum"}
        alarm |= {"ComparisonOperator": "GreaterThanThreshold", "Threshold": threshold, "AlarmName": "errors"}
        return {
            "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/shop", "RetentionInDays": days}},
            "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm},
            "One": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "one"}},
            "Two": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "two"}},
            "Rule": {
                "Type": "AWS::Events::Rule",
                "Properties": {
                    "Name": "orders",
                    "EventPattern": {"source": ["shop"]},
                    "Targets": [{"Id": target, "Arn": att(target, "Arn")}],
                },
            },
            "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "word", "SecretString": word}},
        }

    stack = deployed(aws, app(1, 5, "One", "old"))
    cfn = aws("cloudformation")
    ended = update(cfn, "types", template(app(7, 9, "Two", "new")))
    assert ended["StackStatus"] == "UPDATE_COMPLETE", reasons(cfn, "types")
    assert aws("logs").describe_log_groups(logGroupNamePrefix="/shop")["logGroups"][0]["retentionInDays"] == 7
    assert aws("cloudwatch").describe_alarms(AlarmNames=["errors"])["MetricAlarms"][0]["Threshold"] == 9
    assert [item["Id"] for item in aws("events").list_targets_by_rule(Rule="orders")["Targets"]] == ["Two"]
    assert aws("secretsmanager").get_secret_value(SecretId="word")["SecretString"] == "new"
    removed(aws, stack)


def test_an_update_that_the_emulator_does_not_know_fails(aws: Any) -> None:
    """What cannot be updated in place here says so, and the update is rolled back.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
    """
    cfn = aws("cloudformation")

    def bus(text: str) -> str:
        return template({"Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "bus", "Description": text}}})

    create(cfn, "types", bus("old"))
    assert update(cfn, "types", bus("new"))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "cannot update resources of type AWS::Events::EventBus in place" in reasons(cfn, "types")
