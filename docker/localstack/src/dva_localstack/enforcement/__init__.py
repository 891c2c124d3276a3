"""IAM enforcement: every call through the gateway is judged by the policies that AWS would judge it by.

``handler`` is what the gateway runs. For each call it asks: who calls (``callers``), is the signature theirs
(``signatures``), what does the call need (``needs``: actions, resources, condition keys), which policies have a say
(``identities``, ``resources``), and hands all of it to :mod:`dva_localstack.policy`. A refusal is worded as AWS words
it (``refusals``) and remembered with its explanation (``denials``).
"""
