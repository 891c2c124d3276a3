"""What CloudFront refuses and MiniStack accepts.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateDistribution.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html
"""

from types import ModuleType
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

RSA_BITS = 2048


def apply(module: ModuleType) -> None:
    """Check distributions and public keys before MiniStack keeps them."""
    check_distribution, parse_key = module._distribution_vpc_origin_error, module._parse_public_key_config

    def distribution_error(config: Any) -> Any:
        return check_distribution(config) or origin_error(module, config)

    def public_key(element: Any) -> Any:
        found, error = parse_key(element)
        return (None, key_error(module)) if found and not usable(found["EncodedKey"]) else (found, error)

    module._distribution_vpc_origin_error = distribution_error  # type: ignore[attr-defined]
    module._parse_public_key_config = public_key  # type: ignore[attr-defined]


def origin_error(module: Any, config: Any) -> Any:
    """Fault: a cache behavior may send requests to an origin that the distribution does not have."""

    def ids(of: str) -> set[str]:
        parent = module._find(config, of)
        items = module._find(parent, "Items") if parent is not None else None
        return {module._text(item, "Id") for item in items} if items is not None else set()

    behaviors = [module._find(config, "DefaultCacheBehavior")]
    others = module._find(config, "CacheBehaviors")
    items = module._find(others, "Items") if others is not None else None
    behaviors += list(items) if items is not None else []
    targets = {module._text(one, "TargetOriginId") for one in behaviors if one is not None}
    if targets <= ids("Origins") | ids("OriginGroups"):
        return None
    return module._error("NoSuchOrigin", "One or more of your origins or origin groups do not exist.", 404)


def usable(text: str) -> bool:
    """Tell whether a text is a public key that CloudFront takes: RSA with 2048 bits or ECDSA on P-256, in PEM."""
    try:
        key = load_pem_public_key(text.encode())
    except ValueError:
        return False
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size == RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


def key_error(module: Any) -> Any:
    """Fault: a public key may be any text."""
    return module._error("InvalidArgument", "Your request contains empty/invalid/out of limits RSA Encoded Key", 400)
