"""What users and their groups may do, by their identity-based policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
"""

import json

import pytest
import requests
from emulator.people import allow, deny, policy, refused, user


def test_a_new_user_may_do_nothing(aws):
    """Requests are denied implicitly by default.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html
    """
    person = user(aws)
    message = refused(person("dynamodb").list_tables, "AccessDeniedException", 400)
    assert message == (
        f"User: {person.arn} is not authorized to perform: dynamodb:ListTables on resource: * "
        "because no identity-based policy allows the dynamodb:ListTables action"
    )


def test_everybody_may_ask_who_they_are(aws):
    """No permission is needed for GetCallerIdentity, not even against a Deny.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    person = user(aws, deny("*"))
    assert person("sts").get_caller_identity()["Arn"] == person.arn


def test_an_inline_policy_allows_its_action_on_its_resource_only(aws):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html"""
    sqs = aws("sqs")
    mine, other = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("mine", "other"))
    person = user(aws, allow("sqs:SendMessage", f"arn:aws:sqs:*:{aws.id}:mine"))("sqs")
    person.send_message(QueueUrl=mine, MessageBody="x")
    message = refused(lambda: person.send_message(QueueUrl=other, MessageBody="x"), "AccessDenied", 403)
    assert message.endswith("because no identity-based policy allows the sqs:sendmessage action")
    refused(lambda: person.receive_message(QueueUrl=mine), "AccessDenied", 403)


def test_a_deny_wins_over_an_allow(aws):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html"""
    person = user(aws, allow("sqs:*"), deny("sqs:CreateQueue"))("sqs")
    assert "QueueUrls" not in person.list_queues()
    message = refused(lambda: person.create_queue(QueueName="no"), "AccessDenied", 403)
    assert message.endswith("with an explicit deny in an identity-based policy")


def test_a_managed_policy_counts_while_it_is_attached(aws):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html"""
    iam = aws("iam")
    person = user(aws)
    arn = iam.create_policy(PolicyName="read", PolicyDocument=policy(allow("ssm:GetParameter")))["Policy"]["Arn"]
    aws("ssm").put_parameter(Name="/app/color", Value="blue", Type="String")
    iam.attach_user_policy(UserName=person.name, PolicyArn=arn)
    assert person("ssm").get_parameter(Name="/app/color")["Parameter"]["Value"] == "blue"
    iam.detach_user_policy(UserName=person.name, PolicyArn=arn)
    message = refused(lambda: person("ssm").get_parameter(Name="/app/color"), "AccessDeniedException", 400)
    assert f"on resource: arn:aws:ssm:us-east-1:{aws.id}:parameter/app/color " in message


def test_the_default_version_of_a_managed_policy_counts(aws):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html"""
    iam = aws("iam")
    person = user(aws)
    arn = iam.create_policy(PolicyName="versions", PolicyDocument=policy(allow("sns:ListTopics")))["Policy"]["Arn"]
    iam.attach_user_policy(UserName=person.name, PolicyArn=arn)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(deny("sns:ListTopics")), SetAsDefault=False)
    assert person("sns").list_topics()["Topics"] == []
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    refused(person("sns").list_topics, "AuthorizationError", 403)


def test_a_policy_of_aws_can_be_attached(aws):
    """AmazonS3ReadOnlyAccess reads everything and writes nothing.

    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonS3ReadOnlyAccess.html
    """
    aws("s3").create_bucket(Bucket=f"readonly-{aws.id}")
    person = user(aws)
    aws("iam").attach_user_policy(UserName=person.name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    s3 = person("s3")
    assert s3.list_objects_v2(Bucket=f"readonly-{aws.id}")["KeyCount"] == 0
    refused(lambda: s3.put_object(Bucket=f"readonly-{aws.id}", Key="k", Body=b""), "AccessDenied", 403)


def test_policies_of_a_group_count_for_its_members(aws):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups.html"""
    iam = aws("iam")
    person = user(aws)
    iam.create_group(GroupName="senders")
    iam.put_group_policy(GroupName="senders", PolicyName="send", PolicyDocument=policy(allow("sqs:ListQueues")))
    refused(person("sqs").list_queues, "AccessDenied", 403)
    iam.add_user_to_group(GroupName="senders", UserName=person.name)
    person("sqs").list_queues()
    iam.remove_user_from_group(GroupName="senders", UserName=person.name)
    refused(person("sqs").list_queues, "AccessDenied", 403)


def test_a_boundary_limits_what_policies_allow(aws):
    """A boundary allows nothing by itself, and takes away what it does not allow.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    boundary = aws("iam").create_policy(PolicyName="limit", PolicyDocument=policy(allow(["sqs:*", "kms:*"])))
    person = user(aws, allow(["sqs:*", "sns:*"]), PermissionsBoundary=boundary["Policy"]["Arn"])
    person("sqs").list_queues()
    message = refused(person("sns").list_topics, "AuthorizationError", 403)
    assert message.endswith("because no permissions boundary allows the SNS:ListTopics action")
    message = refused(person("kms").list_keys, "AccessDeniedException", 400)
    assert message.endswith("because no identity-based policy allows the kms:ListKeys action")


def test_a_user_may_read_itself_by_a_policy_variable(aws):
    """``${aws:username}`` is the caller's name.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    own = f"arn:aws:iam::{aws.id}:user/${{aws:username}}"
    person, other = user(aws, allow("iam:GetUser", own)), user(aws)
    assert person("iam").get_user(UserName=person.name)["User"]["Arn"] == person.arn
    refused(lambda: person("iam").get_user(UserName=other.name), "AccessDenied", 403)


def test_not_action_and_not_resource_leave_out(aws):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html"""
    person = user(aws, {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})
    person("sqs").list_queues()
    refused(person("iam").list_users, "AccessDenied", 403)


def test_the_last_denials_say_which_statement_decided(aws):
    """The emulator's own answer to "why was I denied?", for learners."""
    person = user(aws, allow("sqs:*"), deny("sqs:CreateQueue", Sid="NoQueues"))
    refused(lambda: person("sqs").create_queue(QueueName="no"), "AccessDenied", 403)
    answer = requests.get(f"{aws.endpoint}/_dva/iam/last-denials", params={"account": aws.id}).json()
    denial = answer["denials"][0]
    assert denial["principal"] == person.arn
    assert denial["action"] == "sqs:CreateQueue"
    assert denial["reason"] == "explicit-deny"
    assert [each["statement"] for each in denial["statements"]] == ["NoQueues"]
    assert "NoQueues" in denial["explanation"]


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("sqs", "list_queues", "AccessDenied", 403),
        ("sns", "list_topics", "AuthorizationError", 403),
        ("iam", "list_users", "AccessDenied", 403),
        ("s3", "list_buckets", "AccessDenied", 403),
        ("lambda", "list_functions", "AccessDeniedException", 403),
        ("dynamodb", "list_tables", "AccessDeniedException", 400),
        ("kms", "list_keys", "AccessDeniedException", 400),
        ("ssm", "describe_parameters", "AccessDeniedException", 400),
        ("secretsmanager", "list_secrets", "AccessDeniedException", 400),
        ("logs", "describe_log_groups", "AccessDeniedException", 400),
        ("events", "list_rules", "AccessDeniedException", 400),
        ("kinesis", "list_streams", "AccessDeniedException", 400),
        ("stepfunctions", "list_state_machines", "AccessDeniedException", 400),
        ("cognito-idp", "list_user_pools", "AccessDeniedException", 400),
        ("apigateway", "get_rest_apis", "AccessDeniedException", 403),
        ("cloudformation", "list_stacks", "AccessDenied", 403),
        ("ec2", "describe_instances", "UnauthorizedOperation", 403),
    ],
)
def test_each_service_refuses_in_its_own_way(aws, service, operation, code, status):
    """Code and status of the refusal differ by protocol and service.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    request = {"MaxResults": 1} if service == "cognito-idp" else {}
    refused(lambda: getattr(user(aws)(service), operation)(**request), code, status)


def test_the_root_is_above_identity_policies(aws):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html"""
    person = user(aws, deny("*"))
    aws("iam").put_user_policy(UserName=person.name, PolicyName="more", PolicyDocument=policy(deny("*")))
    assert json.dumps(aws("iam").get_user_policy(UserName=person.name, PolicyName="more")["PolicyDocument"])
