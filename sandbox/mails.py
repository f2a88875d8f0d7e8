"""The e-mails that the agency sends: sequences of three steps, the first two with two variants each."""

from __future__ import annotations

from sandbox.model import Company, Person, Template
from sandbox.profiles import ClientProfile

STEP_WAITS = (0, 3, 5)
"""Days after the step before; their sum is the length of the sequence."""

_SUBJECTS_A = (
    "Quick question about {{company_name}}",
    "{{first_name}}, a thought on __OFFER__",
    "__OFFER__ at {{company_name}}",
)
_SUBJECTS_B = (
    "Worth ten minutes, {{first_name}}?",
    "How {{company_name}} could save a week a month",
    "An idea for {{company_name}}",
)
_OPENINGS_A = (
    "I noticed that {{company_name}} has been growing, and __OFFER__ often become a headache at that stage.",
    "Teams like yours usually look at __OFFER__ once a year, and then lose a month to it.",
    "Your team at {{company_name}} came up when we spoke about __OFFER__ with a peer of yours.",
)
_OPENINGS_B = (
    "Three companies of your size cut the time they spend on __OFFER__ by 41 % last quarter with us.",
    "How does {{company_name}} handle __OFFER__ today?",
    "Most people in your role tell us that __OFFER__ are where their Fridays go.",
)


def make_templates(
    profile: ClientProfile, wave: int, step: int, variant_ids: tuple[int, int] | None
) -> tuple[Template, ...]:
    """Return the variants of one step of a client's campaign number `wave` (step from 1)."""
    offer = profile.offer
    pick = wave % 3
    first, last = profile.sender
    closing = f"<div><br></div><div>Best,</div><div>{first} {last}</div><div>{profile.name}</div>"
    if variant_ids is None:
        body = (
            f"<div>Hi {{{{first_name}}}},</div><div>I will not chase you any further. If {offer} come up"
            f" again, you know where to find me.</div>{closing}"
        )
        return (Template(None, "", "", body),)
    if step == 1:
        texts = (
            (_SUBJECTS_A[pick], _OPENINGS_A[pick], "Would a short call next week make sense?"),
            (_SUBJECTS_B[pick], _OPENINGS_B[pick], "Open to a look?"),
        )
    else:
        texts = (
            (
                "",
                "Just floating this back to the top of your inbox.",
                "Is this something for you or for a colleague?",
            ),
            (
                "",
                f'Here is a <a href="https://{profile.mail_domain}/case-study">two-page case study</a>.',
                "Shall I send the numbers?",
            ),
        )
    return tuple(
        Template(
            variant_ids[arm],
            "AB"[arm],
            subject.replace("__OFFER__", offer),
            "<div>Hi {{first_name}},</div><div><br></div>"
            f"<div>{opening.replace('__OFFER__', offer)}</div><div>{ask}</div>{closing}",
        )
        for arm, (subject, opening, ask) in enumerate(texts)
    )


def fill_in(text: str, person: Person, company: Company) -> str:
    """Replace the template's placeholders by the recipient's values."""
    return text.replace("{{first_name}}", person.first_name).replace("{{company_name}}", company.name)
