"""Condition keys of services and requests, roles that are handed over, and actions that are not named as operations.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

import pytest
from emulator.people import allow, deny, policy, refused, role, session, user


@pytest.fixture
def table(aws):
    """The ARN of a table of players and their games, with an index."""
    key = [{"AttributeName": "player", "KeyType": "HASH"}, {"AttributeName": "game", "KeyType": "RANGE"}]
    return aws("dynamodb").create_table(
        TableName="games",
        KeySchema=key,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("player", "game")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-game",
                "KeySchema": [{"AttributeName": "game", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )["TableDescription"]["TableArn"]


def item(player, **more):
    """Return an item's key, and more."""
    return {"player": {"S": player}, "game": {"S": "go"}, **more}


def test_items_of_their_own_by_leading_keys(aws, table):
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html"""
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["ann"]}}
    client = user(aws, allow("dynamodb:*", table, Condition=condition))("dynamodb")
    client.put_item(TableName="games", Item=item("ann"))
    assert client.get_item(TableName="games", Key=item("ann"))["Item"]
    query = {"TableName": "games", "KeyConditionExpression": "#p = :p", "ExpressionAttributeNames": {"#p": "player"}}
    assert client.query(**query, ExpressionAttributeValues={":p": {"S": "ann"}})["Count"] == 1
    refused(lambda: client.get_item(TableName="games", Key=item("bob")), "AccessDeniedException", 400)
    refused(lambda: client.query(**query, ExpressionAttributeValues={":p": {"S": "bob"}}), "AccessDeniedException")
    both = {"games": {"Keys": [item("ann"), item("bob")]}}
    refused(lambda: client.batch_get_item(RequestItems=both), "AccessDeniedException", 400)


def test_only_some_attributes(aws, table):
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html"""
    condition = {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["player", "game", "score"]},
        "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
    }
    client = user(aws, allow("dynamodb:GetItem", table, Condition=condition))("dynamodb")
    client.get_item(TableName="games", Key=item("ann"), ProjectionExpression="score")
    refused(
        lambda: client.get_item(TableName="games", Key=item("ann"), ProjectionExpression="score, email"),
        "AccessDeniedException",
    )


def test_an_index_is_a_resource_of_its_own(aws, table):
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/security_iam_service-with-iam.html"""
    query = {
        "TableName": "games",
        "IndexName": "by-game",
        "KeyConditionExpression": "game = :g",
        "ExpressionAttributeValues": {":g": {"S": "go"}},
    }
    message = refused(
        lambda: user(aws, allow("dynamodb:Query", table))("dynamodb").query(**query), "AccessDeniedException"
    )
    assert f"on resource: {table}/index/by-game" in message
    user(aws, allow("dynamodb:Query", f"{table}/index/*"))("dynamodb").query(**query)


def test_a_transaction_needs_the_permission_of_each_part(aws, table):
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html"""
    parts = [
        {"Put": {"TableName": "games", "Item": item("ann")}},
        {"Delete": {"TableName": "games", "Key": item("bob")}},
    ]
    client = user(aws, allow("dynamodb:PutItem"))("dynamodb")
    message = refused(lambda: client.transact_write_items(TransactItems=parts), "AccessDeniedException", 400)
    assert "dynamodb:DeleteItem" in message
    client = user(aws, allow(["dynamodb:PutItem", "dynamodb:DeleteItem"]))("dynamodb")
    client.transact_write_items(TransactItems=parts)


def test_partiql_has_actions_of_its_own(aws, table):
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html"""
    client = user(aws, allow("dynamodb:PartiQLSelect", table), allow("dynamodb:*Item"))("dynamodb")
    client.execute_statement(Statement="SELECT * FROM games WHERE player='ann'")
    insert = "INSERT INTO games VALUE {'player': 'ann', 'game': 'go'}"
    message = refused(lambda: client.execute_statement(Statement=insert), "AccessDeniedException", 400)
    assert "dynamodb:PartiQLInsert" in message


def test_a_role_is_handed_over_only_with_pass_role(aws):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"""
    arn = role(aws, principal={"Service": "states.amazonaws.com"})
    request = {
        "name": "machine",
        "definition": '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}',
        "roleArn": arn,
    }
    person = user(aws, allow("states:*"))
    message = refused(lambda: person("stepfunctions").create_state_machine(**request), "AccessDeniedException", 400)
    assert f"iam:PassRole on resource: {arn}" in message

    def let(service):
        condition = {"StringEquals": {"iam:PassedToService": service}}
        document = policy(allow("states:*"), allow("iam:PassRole", arn, Condition=condition))
        aws("iam").put_user_policy(UserName=person.name, PolicyName="inline", PolicyDocument=document)

    let("lambda.amazonaws.com")
    refused(lambda: person("stepfunctions").create_state_machine(**request), "AccessDeniedException", 400)
    let("states.amazonaws.com")
    person("stepfunctions").create_state_machine(**request)


def test_tags_of_caller_and_resource(aws):
    """Attribute-based access: the queue's team has to be the caller's.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/introduction_attribute-based-access-control.html
    """
    mine, other = (aws("sqs").create_queue(QueueName=name, tags={"team": name})["QueueUrl"] for name in ("red", "blue"))
    condition = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    person = user(aws, allow("sqs:SendMessage", Condition=condition), Tags=[{"Key": "team", "Value": "red"}])
    person("sqs").send_message(QueueUrl=mine, MessageBody="x")
    refused(lambda: person("sqs").send_message(QueueUrl=other, MessageBody="x"), "AccessDenied", 403)


def test_tags_that_a_call_sets(aws):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html#access_tags_control-requests"""
    conditions = {
        "StringEquals": {"aws:RequestTag/cost": "42"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["cost"]},
    }
    sqs = user(aws, allow("sqs:*", Condition=conditions))("sqs")
    sqs.create_queue(QueueName="right", tags={"cost": "42"})
    refused(lambda: sqs.create_queue(QueueName="none"), "AccessDenied", 403)
    refused(lambda: sqs.create_queue(QueueName="more", tags={"cost": "42", "x": "y"}), "AccessDenied", 403)


def test_region_and_address(aws):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_deny-requested-region.html"""
    elsewhere = deny("*", Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-central-1"}})
    refused(user(aws, allow("*"), elsewhere)("sqs").list_queues, "AccessDenied", 403)
    outside = deny("*", Condition={"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}})
    user(aws, allow("*"), outside)("sqs").list_queues()


def test_keys_that_a_long_term_key_has_not(aws):
    """BoolIfExists also catches calls without MFA information.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_mfa-dates.html
    """
    without = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    refused(user(aws, allow("*"), deny("*", Condition=without))("sqs").list_queues, "AccessDenied", 403)
    strict = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    user(aws, allow("*"), deny("*", Condition=strict))("sqs").list_queues()


def test_an_encryption_context_can_be_demanded(aws):
    """https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context"""
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    condition = {"StringEquals": {"kms:EncryptionContext:order": "7"}}
    kms = user(aws, allow(["kms:Encrypt", "kms:Decrypt"], key, Condition=condition))("kms")
    blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"order": "7"})["CiphertextBlob"]
    kms.decrypt(CiphertextBlob=blob, EncryptionContext={"order": "7"})
    refused(lambda: kms.encrypt(KeyId=key, Plaintext=b"x"), "AccessDeniedException", 400)
    refused(lambda: kms.decrypt(CiphertextBlob=blob, EncryptionContext={"order": "8"}), "AccessDeniedException")


def test_a_key_policy_has_to_agree(aws):
    """Identity policies count only where the key policy leaves the decision to the account.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    admin = user(aws)
    document = policy(allow("kms:*", Principal={"AWS": admin.arn}))
    key = admin_key(aws, document)
    message = refused(lambda: user(aws, allow("kms:*"))("kms").describe_key(KeyId=key), "AccessDeniedException", 400)
    assert message.endswith("because no resource-based policy allows the kms:DescribeKey action")
    admin("kms").describe_key(KeyId=key)
    refused(lambda: aws("kms").describe_key(KeyId=key), "AccessDeniedException", 400)


def admin_key(aws, document):
    """Create a key with a policy that shuts out its own account, and return its ARN."""
    return aws("kms").create_key(Policy=document, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["Arn"]


def test_a_grant_allows_its_operations(aws):
    """https://docs.aws.amazon.com/kms/latest/developerguide/grants.html"""
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    person = user(aws)
    refused(lambda: person("kms").encrypt(KeyId=key, Plaintext=b"x"), "AccessDeniedException", 400)
    aws("kms").create_grant(KeyId=key, GranteePrincipal=person.arn, Operations=["Encrypt"])
    blob = person("kms").encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    refused(lambda: person("kms").decrypt(CiphertextBlob=blob), "AccessDeniedException", 400)


def test_session_policies_limit_a_session(aws):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session"""
    guest = session(aws, allow(["sqs:*", "sns:*"]), Policy=policy(allow("sqs:*")))
    guest("sqs").list_queues()
    message = refused(guest("sns").list_topics, "AuthorizationError", 403)
    assert message.endswith("because no session policy allows the SNS:ListTopics action")


def test_a_batch_needs_the_single_permission(aws):
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html"""
    url = aws("sqs").create_queue(QueueName="batch")["QueueUrl"]
    sqs = user(aws, allow("sqs:SendMessage"))("sqs")
    assert sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x"}])["Successful"]
    refused(lambda: sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "1", "ReceiptHandle": "x"}]), "AccessDenied")


def test_a_secrets_arn_ends_in_six_characters(aws):
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples.html"""
    aws("secretsmanager").create_secret(Name="app/db", SecretString="s")
    arn = f"arn:aws:secretsmanager:us-east-1:{aws.id}:secret:app/db"
    exact = user(aws, allow("secretsmanager:GetSecretValue", arn))("secretsmanager")
    refused(lambda: exact.get_secret_value(SecretId="app/db"), "AccessDeniedException", 400)
    fitting = user(aws, allow("secretsmanager:GetSecretValue", f"{arn}-??????"))("secretsmanager")
    assert fitting.get_secret_value(SecretId="app/db")["SecretString"] == "s"


def test_api_gateway_is_managed_by_methods_on_paths(aws):
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples.html"""
    client = user(aws, allow("apigateway:GET", "arn:aws:apigateway:us-east-1::/restapis*"))("apigateway")
    assert client.get_rest_apis()["items"] == []
    message = refused(lambda: client.create_rest_api(name="no"), "AccessDeniedException", 403)
    assert "apigateway:POST on resource: arn:aws:apigateway:us-east-1::/restapis" in message


def test_a_key_that_does_not_exist_is_not_found(aws):
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html"""
    missing = "11111111-2222-3333-4444-555555555555"
    refused(lambda: aws("kms").describe_key(KeyId=missing), "NotFoundException", 400)
    refused(lambda: user(aws)("kms").describe_key(KeyId=missing), "AccessDeniedException", 400)


def test_an_alias_begins_with_its_word(aws):
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html"""
    key = aws("kms").create_key()["KeyMetadata"]["KeyId"]
    refused(lambda: aws("kms").create_alias(AliasName="orders", TargetKeyId=key), "ValidationException", 400)
    aws("kms").create_alias(AliasName="alias/orders", TargetKeyId=key)
    assert aws("kms").describe_key(KeyId="alias/orders")["KeyMetadata"]["KeyId"] == key
