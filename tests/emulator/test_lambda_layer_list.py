"""Layers whose versions are all deleted are not listed, and their numbers are never used again."""

import io
import zipfile


def test_a_layer_without_versions_is_not_listed(aws):
    functions = aws("lambda")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("python/shared.py", "x = 1\n")
    content = {"ZipFile": package.getvalue()}
    for name in ("kept", "gone"):
        assert functions.publish_layer_version(LayerName=name, Content=content)["Version"] == 1
    functions.delete_layer_version(LayerName="gone", VersionNumber=1)
    assert [layer["LayerName"] for layer in functions.list_layers()["Layers"]] == ["kept"]
    # https://docs.aws.amazon.com/lambda/latest/dg/creating-deleting-layers.html: each publication is a new version.
    assert functions.publish_layer_version(LayerName="gone", Content=content)["Version"] == 2
    assert {layer["LayerName"] for layer in functions.list_layers()["Layers"]} == {"kept", "gone"}
