"""What people write back: plain English, one list of wordings an intent, dressed up by a mail program."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import escape

OBJECTIONS: dict[str, tuple[str, ...]] = {
    "timing": (
        "Not right now, we are in the middle of a migration. Please get back to me next quarter.",
        "The timing is not good for us. Maybe later this year.",
        "Now is not a good time, please try again in six months.",
    ),
    "budget": (
        "The budget is tight this quarter.",
        "We don't have the budget for this at the moment.",
        "Our budget for this year is already spent.",
    ),
    "competitor": (
        "We already use another provider for this and we are happy with them.",
        "We are already working with a competitor of yours.",
        "We signed with another vendor in the autumn.",
    ),
    "need": (
        "We don't need this, our own team does it in-house.",
        "There is no need for this at our company.",
        "We have no need for help with this, we handle it in-house.",
    ),
    "authority": (
        "That decision is made at our head office, I have no say in it.",
        "I am not the decision maker for this, our group headquarters decides.",
        "It is not my decision to make, our parent company decides on suppliers.",
    ),
}
"""Wordings of an objection, by its type."""

WORDINGS: dict[str, tuple[str, ...]] = {
    "meeting_request": (
        "Can we schedule a call for Tuesday at 10?",
        "Happy to talk. Are you free for a call on Thursday afternoon?",
        "Let's set up a call next week. Wednesday morning works for me.",
        "Please send me a calendar invite for Monday at 2 pm.",
        "Sounds good, let's book a meeting. Here is my calendar: https://cal.example/book",
        "Could you send me a link to book a time with you?",
        "Yes, let's meet. I am available Friday between 9 and 11.",
        "Could you give us a demo next week? Tuesday or Wednesday would work.",
        "I have 20 minutes on Thursday at 3 pm. Does that work for a call?",
    ),
    "interested": (
        "I'm interested, please send me more information.",
        "This sounds interesting. Tell me more.",
        "Yes, this is relevant for us. Please send over the details.",
        "We stopped using our old tool last year, let's talk.",
        "Interested! Could you share a case study?",
        "Good timing, we are looking at this right now. I would like to learn more.",
        "Sure, I'd be happy to hear more.",
        "We would love to hear how this works.",
    ),
    "positive_question": (
        "How much does it cost?",
        "What does your pricing look like for a team of our size?",
        "How long is the contract, and is there a setup fee?",
        "Does your product integrate with Salesforce?",
        "How soon could you start if we decided in March?",
        "What is included in the price?",
        "Do you offer a free trial?",
    ),
    "other_question": (
        "Who are you?",
        "Where did you get my email address?",
        "How did you get my contact details?",
    ),
    "referral": (
        "{colleague} looks after this at our company, please contact her at {colleague_email}.",
        "I have copied my colleague {colleague}, who is responsible for this. Please talk to her.",
        "You should speak to {colleague} about this: {colleague_email}.",
        "Please reach out to {colleague} ({colleague_email}), she handles this topic for us.",
    ),
    "wrong_person": (
        "I am not the right person for this.",
        "You have the wrong person, I do not work in this area.",
        "I no longer work at this company.",
        "I think you have the wrong contact, this has nothing to do with my role.",
    ),
    "not_interested": (
        "Not interested, thanks.",
        "No thanks.",
        "Thank you, but we are not interested.",
        "No thank you, this is not for us.",
        "We'll pass.",
        "Thanks for reaching out, but I'm not interested.",
    ),
    "unsubscribe": (
        "Please remove me from your list.",
        "Unsubscribe",
        "Please take me off your mailing list.",
        "Please remove me.",
        "Please unsubscribe me from these emails.",
    ),
    "angry": (
        "Stop spamming me! This is harassment.",
        "This is spam. I will report you.",
        "How dare you write to me again. Stop emailing me or you will hear from our lawyer.",
    ),
    "out_of_office": (
        "I am out of the office until {day}. I have limited access to email and will reply on my return.",
        "Thank you for your message. I am on annual leave and will be back on {day}.",
        "I'm out until {day}, contact {colleague} in urgent cases.",
        "Automatic reply: I am currently out of office and will return on {day}. For urgent matters please"
        " contact {colleague} at {colleague_email}.",
        "I am on vacation until {day} with no access to my mailbox.",
    ),
    "auto_reply": (
        "Thank you for contacting us. Your request has been received and a ticket has been created. This is"
        " an automated message, please do not reply.",
        "This is an automatic confirmation that we have received your email. We will get back to you within"
        " two business days.",
        "Your message has been received. Ticket number #{number}. Please do not reply to this automated"
        " email.",
    ),
    "bounce_notice": (
        "Delivery Status Notification (Failure)\n\nYour message to {email} could not be delivered.\n\nThe"
        " response from the remote server was:\n550 5.1.1 The email account that you tried to reach does not"
        " exist.",
        "This is the mail system at host mx.{domain}.\n\nI'm sorry to have to inform you that your message"
        " could not be delivered to one or more recipients.\n\n<{email}>: host mx.{domain} said: 550 5.1.1"
        " User unknown",
    ),
    "soft_bounce_notice": (
        "Delivery Status Notification (Delay)\n\nYour message to {email} has been delayed.\n\nThe response"
        " from the remote server was:\n452 4.2.2 The recipient's mailbox is full.",
    ),
    "unclear": ("Ok", "Hmm.", "See below.", "Noted."),
}
"""Wordings by intent; a question is told apart by whether it is positive, a bounce notice by its kind."""

HARD: dict[str, tuple[str, ...]] = {
    "interested": (
        "My ears pricked up at your second paragraph.",
        "You may be onto something there.",
        "Curiosity got the better of me.",
    ),
    "meeting_request": (
        "The kettle is on at ten every Friday.",
        "You know where to find me on Thursday.",
        "I keep Fridays free for such things.",
    ),
    "positive_question": (
        "Numbers, please, for a crew of twelve.",
        "And in money that makes?",
    ),
    "not_interested": (
        "That ship has sailed, I am afraid.",
        "We would rather leave things the way they are.",
        "We shall keep our powder dry.",
    ),
    "timing": (
        "First the roof, then the curtains.",
        "The move has all of us under boxes.",
    ),
    "budget": (
        "The well has run dry after the office move.",
        "The piggy bank is a ruin.",
        "Our treasurer sleeps on the key.",
    ),
}
"""Indirect wordings, plain to a careful reader and not to rules, by intent or type of objection."""

STYLES = 1 << 30
"""How many styles of a reply there are."""

HARD_STYLES = 0.92 * STYLES
"""From this style on a reply is worded indirectly, where its intent can be: 6 % of what people write."""

COLLEAGUES = ("Maria Lopez", "Anna Keller", "Julia Novak", "Sandra Weiss")
_AUTOMATIC = ("out_of_office", "auto_reply", "bounce_notice", "soft_bounce_notice")


@dataclass(frozen=True)
class Setting:
    """What a reply's text is built with.

    style: picks among everything, 0 to STYLES; quoted: text of the mail answered.
    """

    kind: str
    objection_type: str | None
    style: int
    first_name: str
    last_name: str | None
    title: str
    company: str
    email: str
    sender: str
    sender_email: str
    sent_at: datetime
    quoted: str
    return_on: date | None


def wording(setting: Setting) -> str:
    """Return what the person wrote, without greeting, signature or history."""
    choices = _choices(setting)
    domain = setting.email.partition("@")[2].lower()
    colleague = COLLEAGUES[setting.style // 7 % len(COLLEAGUES)]
    return (
        choices[setting.style % len(choices)]
        .replace("{colleague_email}", f"{colleague.lower().replace(' ', '.')}@{domain}")
        .replace("{colleague}", colleague)
        .replace("{day}", _write_day(setting.return_on, setting.style) if setting.return_on else "")
        .replace("{number}", str(10_000 + setting.style % 90_000))
        .replace("{email}", setting.email.lower())
        .replace("{domain}", domain)
    )


def _choices(setting: Setting) -> tuple[str, ...]:
    name = setting.objection_type or setting.kind
    if setting.style >= HARD_STYLES and name in HARD:
        return HARD[name]
    return OBJECTIONS[name] if setting.objection_type else WORDINGS[name]


def _write_day(day: date, style: int) -> str:
    long = f"{day.day} {day:%B}"
    return (long, f"{day:%B} {day.day}", f"{long} {day.year}", f"{day:%A}, {long}", f"{day:%Y-%m-%d}")[
        style // 3 % 5
    ]


def compose(setting: Setting) -> str:
    """Return the body as a mail program would send it: HTML, or plain text with a quoted history."""
    said = wording(setting)
    style = setting.style // 101
    if setting.kind in _AUTOMATIC:
        return _paragraphs(said.split("\n"))
    lines: list[str] = []
    if style % 3:
        lines += [("Hi {0},", "Hello {0},", "Hey {0},")[style % 9 // 3].format(setting.sender), ""]
    lines.append(said)
    if style % 4:
        lines += ["", *_signature(setting, style)]
    if style % 5 < 2:
        return _paragraphs(lines)
    at = setting.sent_at + timedelta(0)
    head = (
        f"On {at:%a, %b} {at.day}, {at.year} at {at:%H:%M} {setting.sender} <{setting.sender_email}> wrote:"
    )
    if style % 5 == 2:
        return "\n".join([*lines, "", head, *(f"> {line}" for line in setting.quoted.split("\n"))])
    quoted = _paragraphs(setting.quoted.split("\n"))
    return (
        f'{_paragraphs(lines)}<br><div class="gmail_quote">'
        f'<div dir="ltr" class="gmail_attr">{escape(head)}<br></div>'
        f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{quoted}</blockquote></div>'
    )


def _signature(setting: Setting, style: int) -> list[str]:
    name = " ".join(filter(None, (setting.first_name, setting.last_name)))
    if style % 4 == 1:
        return [setting.first_name]
    lines = [("Best regards,", "Thanks,", "Kind regards,")[style % 3], name]
    if style % 4 == 2:
        lines += ["--", f"{name} | {setting.title} | {setting.company}"]
    return lines


def _paragraphs(lines: list[str]) -> str:
    return "".join(f"<div>{escape(line, quote=False) or '<br>'}</div>" for line in lines)
