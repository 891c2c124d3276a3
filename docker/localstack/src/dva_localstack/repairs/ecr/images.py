"""Images as they are described, put and deleted.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html
"""

import json
from typing import Any


def apply(module: Any) -> None:
    """Repair descriptions and deletions."""
    describe_sizes(module)
    delete_tags(module)


def describe_sizes(module: Any) -> None:
    """Faults: an image's size is its manifest's, and images that do not exist are left out instead of not found."""
    describe = module._describe_images

    def described(request: dict[str, Any]) -> Any:
        name = request["repositoryName"]
        for wanted in request.get("imageIds") or () if name in module._repositories else ():
            if module._find_image(name, wanted) is None:
                said = ", ".join(f"{key}:'{value}'" for key, value in wanted.items())
                text = f"The image with imageId {{{said}}} does not exist within the repository with name '{name}'"
                return module.error_response_json("ImageNotFoundException", text, 400)
        status, headers, body = describe(request)
        if status != 200:
            return status, headers, body
        rows = json.loads(body)["imageDetails"]
        wanted = (request.get("filter") or {}).get("tagStatus", "ANY")
        rows = [row for row in rows if wanted == "ANY" or (wanted == "TAGGED") == bool(row["imageTags"])]
        for row in rows:
            image = module._find_image(name, {"imageDigest": row["imageDigest"]})
            row["imageSizeInBytes"] = size(image["imageManifest"])
            if not row["imageTags"]:
                del row["imageTags"]
        return module.json_response({"imageDetails": rows})

    module._describe_images = described


def size(manifest: str) -> int:
    """Return the bytes of an image's layers, as its manifest tells them."""
    return sum(int(layer.get("size") or 0) for layer in json.loads(manifest).get("layers") or ())


def delete_tags(module: Any) -> None:
    """Fault: deleting one tag of an image deletes the image; on AWS, deleting its last one does.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
    """
    delete = module._batch_delete_image

    def deleted(request: dict[str, Any]) -> Any:
        name, removed, others = request["repositoryName"], [], []
        for wanted in request.get("imageIds") or ():
            image = module._find_image(name, wanted)
            tag = wanted.get("imageTag")
            if image and tag and not wanted.get("imageDigest") and len(image["imageTags"]) > 1:
                image["imageTags"].remove(tag)
                image["imageId"]["imageTag"] = image["imageTags"][-1]
                removed.append({"imageDigest": image["imageDigest"], "imageTag": tag})
            else:
                others.append(wanted)
        status, headers, body = delete({**request, "imageIds": others})
        if status != 200 or not removed:
            return status, headers, body
        answer = json.loads(body)
        answer["imageIds"] += removed
        return module.json_response(answer)

    module._batch_delete_image = deleted
