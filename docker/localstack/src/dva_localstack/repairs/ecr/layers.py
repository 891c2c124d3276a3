"""Layers that are pushed part by part, and got by a URL.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_InitiateLayerUpload.html
"""

import base64
import hashlib
import os
from typing import Any

Refused = tuple[int, dict[str, str], bytes]


def apply(module: Any) -> None:
    """Faults: what is uploaded is thrown away, and no layer is ever there."""

    def refuse(code: str, message: str) -> Refused:
        return module.error_response_json(code, message, 400)  # type: ignore[no-any-return]

    def unknown(request: dict[str, Any]) -> Refused | None:
        name = request["repositoryName"]
        if name in module._repositories:
            return None
        registry = module._registry_id()
        text = f"The repository with name '{name}' does not exist in the registry with id '{registry}'"
        return refuse("RepositoryNotFoundException", text)

    def uploads(request: dict[str, Any]) -> dict[str, bytearray]:
        return module._uploads.setdefault(request["repositoryName"], {})  # type: ignore[no-any-return]

    def blobs(request: dict[str, Any]) -> dict[str, bytes]:
        return module._layer_blobs.setdefault(request["repositoryName"], {})  # type: ignore[no-any-return]

    def answer(request: dict[str, Any], **more: Any) -> Any:
        place = {"registryId": module._registry_id(), "repositoryName": request["repositoryName"]}
        return module.json_response(place | more)

    def initiate(request: dict[str, Any]) -> Any:
        if refused := unknown(request):
            return refused
        upload = module.new_uuid()
        uploads(request)[upload] = bytearray()
        return module.json_response({"uploadId": upload, "partSize": 10485760})

    def upload(request: dict[str, Any]) -> Any:
        if refused := unknown(request):
            return refused
        held = uploads(request).get(request["uploadId"])
        if held is None:
            return refuse("UploadNotFoundException", f"The upload '{request['uploadId']}' could not be found")
        part = base64.b64decode(request["layerPartBlob"])
        first, last = request["partFirstByte"], request["partLastByte"]
        if first != len(held) or last - first + 1 != len(part):
            text = f"Invalid layer part: it must begin at byte {len(held)} and be as long as it says"
            return refuse("InvalidLayerPartException", text)
        held.extend(part)
        return answer(request, uploadId=request["uploadId"], lastByteReceived=len(held) - 1)

    def complete(request: dict[str, Any]) -> Any:
        if refused := unknown(request):
            return refused
        held = uploads(request).get(request["uploadId"])
        if held is None:
            return refuse("UploadNotFoundException", f"The upload '{request['uploadId']}' could not be found")
        if not held:
            return refuse("EmptyUploadException", "The upload contains no layer parts")
        digest = f"sha256:{hashlib.sha256(held).hexdigest()}"
        if digest not in request["layerDigests"]:
            text = f"The layer's digest is {digest}, which is not among those that the request names"
            return refuse("InvalidLayerException", text)
        if digest in blobs(request):
            return refuse("LayerAlreadyExistsException", f"The layer with digest '{digest}' already exists")
        blobs(request)[digest] = bytes(uploads(request).pop(request["uploadId"]))
        return answer(request, uploadId=request["uploadId"], layerDigest=digest)

    def available(request: dict[str, Any]) -> Any:
        if refused := unknown(request):
            return refused
        found, failures = [], []
        for digest in request["layerDigests"]:
            if layer := blobs(request).get(digest):
                found.append({"layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": len(layer)})
            else:
                reason = f"Layer with digest '{digest}' is not in the repository"
                failure = {"layerDigest": digest, "failureCode": "MissingLayerDigest", "failureReason": reason}
                failures.append(failure)
        return module.json_response({"layers": found, "failures": failures})

    def url(request: dict[str, Any]) -> Any:
        if refused := unknown(request):
            return refused
        digest = request["layerDigest"]
        if digest not in blobs(request):
            return refuse("LayersNotFoundException", f"Layers with digests '{digest}' not found")
        place = f"{module.get_account_id()}/{module.get_region()}/{request['repositoryName']}"
        found = f"{os.environ['DVA_GATEWAY_URL']}/_dva/ecr/layers/{place}/{digest}"
        return module.json_response({"downloadUrl": found, "layerDigest": digest})

    module._initiate_layer_upload = initiate
    module._upload_layer_part = upload
    module._complete_layer_upload = complete
    module._batch_check_layer_availability = available
    module._get_download_url_for_layer = url
