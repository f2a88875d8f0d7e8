from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.normalise import (
    clean_text,
    domain_key,
    email_key,
    is_placeholder_email,
    lead_key,
    linkedin_key,
    record_key,
)

MESSY = st.one_of(
    st.text(max_size=40),
    st.builds(
        "{}{}{}@{}.{}".format,
        st.text(max_size=6),
        st.sampled_from(["", "+", "+tag", "."]),
        st.text(max_size=6),
        st.text(max_size=8),
        st.sampled_from(["com", "de", "co.uk", "münchen", "中国"]),
    ),
    st.builds(
        "https://{}/in/{}".format, st.sampled_from(["linkedin.com", "de.linkedin.com"]), st.text(max_size=9)
    ),
    st.builds("http://www.{}:80/{}".format, st.text(max_size=9), st.text(max_size=9)),
)


@pytest.mark.parametrize(
    "normalise", [clean_text, email_key, domain_key, linkedin_key], ids=lambda f: f.__name__
)
@given(text=MESSY)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_text_is_taken_and_a_second_time_changes_nothing(
    normalise: Callable[[str], str | None], text: str
) -> None:
    once = normalise(text)
    if once is not None:
        assert normalise(once) == once


@pytest.mark.parametrize(
    ("given_text", "key"),
    [
        ("  Jane.Doe+crm@Example.COM ", "jane.doe@example.com"),
        ("J.a.n.e+x@googlemail.com", "jane@gmail.com"),
        ("jane@münchen.de", "jane@xn--mnchen-3ya.de"),
        ("jane@mu\u0308nchen.de", "jane@xn--mnchen-3ya.de"),
        ("Jane Doe <jane@example.com>", "jane@example.com"),
        ("mailto:jane@example.com", "jane@example.com"),
        ("+only-tag@example.com", "+only-tag@example.com"),
        ("email_not_unlocked@domain.com", None),
        ("email_not_unlocked@example.com", None),
        ("domain_catch_all@acme.io", None),
        ("jane@localhost", None),
        ("two words@example.com", None),
        ("n/a", None),
        ("", None),
        (None, None),
    ],
)
def test_an_email_address_has_one_written_form(given_text: str | None, key: str | None) -> None:
    assert email_key(given_text) == key


@pytest.mark.parametrize(
    ("given_text", "key"),
    [
        ("https://www.Acme.com:443/about?x=1", "acme.com"),
        ("acme.com.", "acme.com"),
        ("http://bücher.example", "xn--bcher-kva.example"),
        ("www.www.acme.com", "acme.com"),
        ("www.com", "www.com"),
        ("jane@acme.com", "acme.com"),
        ("acme", None),
        (None, None),
    ],
)
def test_a_domain_has_one_written_form(given_text: str | None, key: str | None) -> None:
    assert domain_key(given_text) == key


@pytest.mark.parametrize(
    ("given_text", "key"),
    [
        ("http://www.linkedin.com/in/Tim-Zheng-677ba010", "in/tim-zheng-677ba010"),
        ("uk.linkedin.com/in/jane-doe/?trk=x", "in/jane-doe"),
        ("/in/j%C3%BCrgen/en", "in/jürgen"),
        ("in/jane-doe", "in/jane-doe"),
        ("https://linkedin.com/pub/jane-doe/1/2b/3c", "pub/jane-doe/1/2b/3c"),
        ("https://twitter.com/in/jane", None),
        ("jane-doe", None),
        ("--", None),
        (None, None),
    ],
)
def test_a_linkedin_profile_has_one_written_form(given_text: str | None, key: str | None) -> None:
    assert linkedin_key(given_text) == key


def test_a_reference_to_a_person_is_namespaced() -> None:
    assert lead_key("files", "files", "Jane+x@Example.com") == "email:jane@example.com"
    assert lead_key("files", "files", " 17 ") == "files:files:17"
    assert lead_key("hubspot", "acme", "501") == "hubspot:acme:501"
    assert lead_key("files", "files", "email_not_unlocked@domain.com") is None
    assert lead_key("files", "files", " ") is None
    assert record_key("apollo", "one", "64a7") == "apollo:one:64a7"


def test_placeholders_are_told_from_addresses() -> None:
    assert is_placeholder_email("Email_Not_Unlocked@x.com")
    assert not is_placeholder_email("jane@x.com")
    assert not is_placeholder_email(None)


def test_text_no_engine_can_hold_is_made_holdable() -> None:
    assert clean_text(" a\x00b ") == "ab"
    assert clean_text("\ud800x") == "?x"
    assert clean_text("\x00 ") is None
