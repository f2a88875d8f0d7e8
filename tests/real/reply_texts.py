"""What a careful reader calls the newest words of each of 90 public mails: how they begin and end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Newest:
    """What the newest words begin and end with, hold, and do not hold."""

    begins: str
    ends: str = ""
    holds: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    def agrees(self, text: str) -> bool:
        """Say whether `text` is what this describes."""
        text = text.strip()
        return (
            text.startswith(self.begins)
            and text.endswith(self.ends)
            and all(part in text for part in self.holds)
            and not any(part in text for part in self.lacks)
        )


PARAGRAPH = Newest("Fusce bibendum", "aliquet nec nec nibh.")
"""The same five lines, over the history of many mailers."""

PARAGRAPHS = frozenset(
    [
        "email_en_multiline_2",
        "email_finnish",
        "email_fr_multiline",
        "email_french_2",
        "email_french_dash_separator",
        "email_german",
        "email_german_2",
        "email_german_3",
        "email_german_outlook",
        "email_gmail_split_line_from",
        "email_ios_outlook",
        "email_ios_outlook_fr",
        "email_italian",
        "email_msn",
        "email_norwegian_gmail",
        "email_original_message",
        "email_original_message_2",
        "email_outlook_split_line_from",
        "email_portuguese",
        "email_russian",
        "email_danish_dash_separator",
        "email_tricky_10_special_chars_in_name",
        "email_tricky_12_no_space_after_header",
        "email_tricky_14_long_quote_header",
        "email_tricky_15_original_message_variations",
        "email_tricky_5_mixed_languages",
    ]
    + [f"email_{number}" for number in (*range(7, 19), *range(22, 27))]
)

OTHERS = {
    "correct_sig": Newest("this is an email", "signature."),
    "email_1": Newest("Hi folks", "Java HTTP API."),
    "email_19": Newest("On Thursday, I get", "rendering."),
    "email_2": Newest("Hi,", 'individually."', ("You can list the keys",), ("Hi folks", "Abhishek")),
    "email_20": Newest("On Thursday.", "On Thursday."),
    "email_21": Newest("On Thursday:", holds=("El jueves:",)),
    "email_2_1": Newest("Outlook with a reply", "a reply"),
    "email_3": Newest("Oh thanks.", "would be great."),
    "email_4": Newest("Awesome!", "problem with it."),
    "email_5": Newest("One: Here's", "for a while.", ("- This is the third bullet", "- And another one")),
    "email_6": Newest("I get proper rendering as well.", lacks=("Was this caching", "wrote:")),
    "email_blackberry": Newest("Here is another email", "email"),
    "email_bullets": Newest("test 2 this", "- and another"),
    "email_custom_quote_header": Newest("Thank you!", "you!"),
    "email_customer_quote_header_2": Newest("Thank you very much.", "much."),
    "email_customer_quote_header_3": Newest("bonjour,", holds=("pas eu de retour",), lacks=("De :", "cdt")),
    "email_emoji": Newest("🎉", "🎉"),
    "email_iphone": Newest("Here is another email", "email"),
    "email_multi_word_sent_from_my_mobile_device": Newest("Here is another email", "email"),
    "email_not_a_signature": Newest("Dear", holds=("facebok.com", "If you have any questions")),
    "email_not_a_signature_2": Newest("Hello,", holds=("third point", "I hope you can check it")),
    "email_one_is_not_on": Newest("Thank, this is", "when I run..."),
    "email_reply_header": Newest("This is the latest", holds=("TWICE!",), lacks=("Hey,", "My name is")),
    "email_sent_from": Newest("Hi it can happen", "words or paragraphs."),
    "email_sent_from_my_not_signature": Newest("Here is another", "mobile phone.", ("from my desk",)),
    "email_thread": Newest("This is new email reply", "from bellow."),
    "email_tricky_11_double_signature": Newest("Thanks for your help!", "help!"),
    "email_tricky_13_timestamp_variations": Newest("Here are", "not quote headers.", ("01/15/2024 at",)),
    "email_tricky_16_unicode_signatures": Newest("Thanks for the update!", "update!"),
    "email_tricky_17_forward_header": Newest("See the forwarded", "message below."),
    "email_tricky_18_inline_reply": Newest(
        "I think option A", "our use case.", ("some drawbacks.",), ("your opinion", "What about", "Should")
    ),
    "email_tricky_19_quote_without_header": Newest(
        "I wanted to respond", "final thoughts.", ("My response to",), ("just angle", "Another quoted")
    ),
    "email_tricky_1_on_false_positive": Newest("On the surface", "is great.", ("On average",)),
    "email_tricky_20_html_entities": Newest("The data", "correctly.", ("> 100 and < 200", "that & sym")),
    "email_tricky_2_url_with_wrote": Newest("Hi there,", '"wrote:" in them.'),
    "email_tricky_3_code_block": Newest("Here's the code", "signatures.", ("my custom mailer",)),
    "email_tricky_4_from_in_body": Newest("I need to parse", "message content.", ("From: our database",)),
    "email_tricky_6_regards_in_sentence": Newest("I wanted to discuss", "visible.", ("In this regards",)),
    "email_tricky_7_multiple_dashes": Newest("Here is my analysis:", "my content.", ("2. Memory usage",)),
    "email_tricky_8_sent_from_in_content": Newest("The notification", "main server.", ("my iPad.",)),
    "email_tricky_9_nested_quotes": Newest("I agree with", "points below."),
    "email_unquoted_reply": Newest("This is my reply.", "reply."),
    "email_with_regards": Newest("Hi,", "Can you help?"),
    "email_zoho": Newest("What is the best", "a test?"),
    "sig_no_empty_line": Newest("this is an email", "empty line above."),
}

UNDECIDABLE = {
    "email_with_date_headers": "a template: [DATE] stands for a header",
    "email_with_from_headers": "a template: [FROM] stands for a header",
}

EXPECTED = {**dict.fromkeys(PARAGRAPHS, PARAGRAPH), **OTHERS}


def read_mails(folder: Path) -> dict[str, str]:
    """Return the text of each mail in `folder`, by its name without ending."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt"))}
