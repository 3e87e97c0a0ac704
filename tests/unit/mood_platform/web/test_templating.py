"""Templates: everything is escaped, nothing is missing, and assets are what they say they are."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files

import pytest
from jinja2 import UndefinedError

from mood_platform.web.templating import environment, static_address

WEB = files("mood_platform.web")


def test_every_template_is_html_and_escapes() -> None:
    names = environment().list_templates()
    assert names
    assert all(name.endswith(".html") for name in names)
    assert environment().from_string("{{ name }}").render(name="<b>") == "&lt;b&gt;"


def test_words_on_a_page_do_not_steer_their_reader() -> None:
    page = environment().from_string("{{ reason }} {{ reason | prose }} {{ 1 }}")
    assert page.render(reason="a\u202e\x1bb<i>") == "a\ufffd\ufffdb&lt;i&gt; " * 2 + "1"


def test_no_template_trusts_anything() -> None:
    for name in environment().list_templates():
        text = WEB.joinpath("templates", name).read_text()
        assert "|safe" not in text.replace(" ", ""), name
        assert "<script" not in text, name
        assert "style=" not in text, name


def test_a_missing_value_is_an_error_and_not_an_empty_place() -> None:
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nothing }}").render()


def test_static_files_are_named_by_their_content() -> None:
    digest = hashlib.sha256(WEB.joinpath("static", "mood.css").read_bytes()).hexdigest()
    assert static_address("mood.css") == f"/static/mood.css?v={digest[:12]}"


def test_vendored_files_have_the_stated_hash() -> None:
    table = WEB.joinpath("static", "VENDORED.md").read_text()
    rows = re.findall(r"^\| (\S+) \|.*\| ([0-9a-f]{64}) \|$", table, re.MULTILINE)
    assert rows
    for name, digest in rows:
        assert hashlib.sha256(WEB.joinpath("static", name).read_bytes()).hexdigest() == digest


def test_no_style_sheet_asks_another_host() -> None:
    for name in ("pico.min.css", "mood.css"):
        text = WEB.joinpath("static", name).read_text()
        assert not re.search(r"url\((?!\s*[\"']?data:)", text), name
        assert "@import" not in text
