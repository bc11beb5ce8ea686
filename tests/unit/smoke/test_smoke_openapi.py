import pytest

from drydock.smoke.openapi import checks

DOCUMENT = {
    "components": {"parameters": {"a/b": {"name": "x", "in": "query", "required": True}}},
    "paths": {
        "/plain": {"get": {}},
        "/optional": {"get": {"parameters": [{"name": "q", "in": "query", "required": False}]}},
        "/required": {"get": {"parameters": [{"name": "q", "in": "query", "required": True}]}},
        "/referred": {"get": {"parameters": [{"$ref": "#/components/parameters/a~1b"}]}},
        "/shared": {"parameters": [{"name": "h", "in": "header", "required": True}], "get": {}},
        "/item/{id}": {"get": {}},
        "/written": {"post": {}},
        "/events/live": {"get": {}},
        "/body": {"get": {"requestBody": {"required": True}}},
        "http://evil.example/": {"get": {}},
    },
}


def test_gets_that_need_nothing_are_checked():
    """Not those with a parameter that is required, wherever it is declared; never a POST."""
    found = checks(DOCUMENT, exclude=("/events*",))
    assert [each.path for each in found] == ["/plain", "/optional"]
    assert {each.method for each in found} == {"GET"}
    assert {each.status for each in found} == {None}


def test_exclude_needs_the_whole_path():
    """A pattern without a star leaves out that one path."""
    assert "/events/live" in [each.path for each in checks(DOCUMENT, exclude=("/events",))]


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"paths": []},
        {"paths": {"/x": None, "/y": {"get": []}, "/z": {"post": {}}}},
    ],
)
def test_a_document_of_another_shape_gives_no_checks(document):
    """It is somebody else's, and may be anything."""
    assert checks(document) == ()


def test_parameters_of_another_shape_are_not_required():
    """A reference into nothing does not end the smoke test."""
    strange = [None, {"$ref": "#/a/b"}, {"$ref": 3}, "x"]
    item = {"get": {"parameters": strange}, "parameters": {}}
    assert [each.path for each in checks({"paths": {"/x": item}})] == ["/x"]
