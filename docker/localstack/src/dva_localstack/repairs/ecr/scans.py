"""Scans as states: each is complete at once and has no findings, since nothing is looked at.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html
"""

import time
from typing import Any

SCANNED = "dvaScannedAt"
"""The key of an image's record under which the time of its last scan is."""


def apply(module: Any) -> None:
    """Fault: images of a repository that scans on push are not scanned."""
    put = module._put_image

    def scanned(request: dict[str, Any]) -> Any:
        answer = put(request)
        repository = module._repositories.get(request["repositoryName"]) or {}
        if answer[0] == 200 and (repository.get("imageScanningConfiguration") or {}).get("scanOnPush"):
            image = module._find_image(
                request["repositoryName"], {"imageDigest": module._image_digest(request["imageManifest"])}
            )
            if image:
                image[SCANNED] = int(time.time())
        return answer

    module._put_image = scanned


def found(module: Any, request: dict[str, Any]) -> tuple[Any, Any]:
    """Return the image of a request, or why there is none."""
    name, wanted = request["repositoryName"], request["imageId"]
    if image := module._find_image(name, wanted):
        return image, None
    said = ", ".join(f"{key}:'{value}'" for key, value in wanted.items())
    text = f"The image with imageId {{{said}}} does not exist within the repository with name '{name}'"
    return None, module.error_response_json("ImageNotFoundException", text, 400)


def told(module: Any, request: dict[str, Any], image: dict[str, Any]) -> dict[str, Any]:
    """Return what answers say of an image and its scan."""
    wanted = {"imageDigest": image["imageDigest"]} | request["imageId"]
    status = {"status": "COMPLETE", "description": "The scan was completed successfully."}
    place = {"registryId": module._registry_id(), "repositoryName": request["repositoryName"]}
    return place | {"imageId": wanted, "imageScanStatus": status}


def start(module: Any, request: dict[str, Any]) -> Any:
    """Answer StartImageScan."""
    image, refusal = found(module, request)
    if refusal:
        return refusal
    image[SCANNED] = int(time.time())
    return module.json_response(told(module, request, image) | {"imageScanStatus": {"status": "IN_PROGRESS"}})


def describe(module: Any, request: dict[str, Any]) -> Any:
    """Answer DescribeImageScanFindings."""
    image, refusal = found(module, request)
    if refusal:
        return refusal
    if SCANNED not in image:
        text = f"Image scan does not exist for the image with '{image['imageDigest']}'"
        return module.error_response_json("ScanNotFoundException", text, 400)
    times = {"imageScanCompletedAt": image[SCANNED], "vulnerabilitySourceUpdatedAt": image[SCANNED]}
    findings = {"findings": [], "findingSeverityCounts": {}} | times
    return module.json_response(told(module, request, image) | {"imageScanFindings": findings})


OPERATIONS = {"StartImageScan": start, "DescribeImageScanFindings": describe}
