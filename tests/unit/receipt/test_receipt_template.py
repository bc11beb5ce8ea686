"""The page's template is compiled once, as Python's own modules are, and works where it cannot."""

from __future__ import annotations

import errno
import tempfile

import jinja2
import pytest

from drydock.receipt import page


@pytest.fixture
def compiled(tmp_path, monkeypatch):
    folder = tmp_path / "compiled"
    folder.mkdir()
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setattr(page, "_COMPILED", folder)
    page._template.cache_clear()
    yield folder
    page._template.cache_clear()


def test_the_next_process_takes_what_was_compiled(compiled, monkeypatch):
    """Compiling it is not for every run to pay."""
    page._template()
    (kept,) = compiled.iterdir()
    page._template.cache_clear()
    monkeypatch.setattr(jinja2.Environment, "compile", lambda *_: pytest.fail("compiled again"))
    assert page._template().name == "page.html.j2"
    assert list(compiled.iterdir()) == [kept]


def test_a_changed_template_is_compiled_anew(compiled, tmp_path, monkeypatch):
    """What is kept belongs to one text."""
    page._template()
    (tmp_path / "page.html.j2").write_text("another")
    monkeypatch.setattr(page, "_HERE", tmp_path)
    page._template.cache_clear()
    assert page._template().render() == "another"
    (tmp_path / "page.html.j2").write_text("and another")
    page._template.cache_clear()
    assert page._template().render() == "and another"


@pytest.mark.parametrize("harm", [b"", b"j2\x05no byte code", b"\x00" * 500])
def test_what_was_kept_and_is_damaged_is_compiled_anew(compiled, harm):
    """As Python does with its own."""
    page._template()
    (kept,) = compiled.iterdir()
    kept.write_bytes(harm)
    page._template.cache_clear()
    assert page._template().name == "page.html.j2"
    assert kept.read_bytes() != harm


def test_where_nothing_can_be_kept_the_page_is_made_all_the_same(compiled, monkeypatch):
    """Installed by an administrator, or the disk is full: the receipt matters more."""

    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)  # the fault
    assert page._template().name == "page.html.j2"
    assert list(compiled.iterdir()) == []


def test_whoever_wants_no_byte_code_gets_none(compiled, monkeypatch):
    """The variable is Python's own."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert page._template().name == "page.html.j2"
    assert list(compiled.iterdir()) == []
