"""A 12-digit access key is an account of its own."""


def test_names_are_separate_between_accounts(aws, another_account):
    other = another_account()
    aws("sqs").create_queue(QueueName="orders")
    assert "QueueUrls" not in other("sqs").list_queues()
    assert aws("sts").get_caller_identity()["Account"] == aws.id
