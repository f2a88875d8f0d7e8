"""The newest words of a mail."""

from __future__ import annotations

import pytest

from scoring.text import newest_text, to_plain_text

ATTRIBUTION = "On Mon, Jan 5, 2026 at 9:00 AM Anna Keller <anna@x.example> wrote:"
GMAIL = (
    '<div dir="ltr">Not interested, thanks.<div><br></div></div><br><div class="gmail_quote"><div dir="ltr" '
    'class="gmail_attr">On Mon, Jan 5, 2026 at 9:00 AM Anna &lt;<a href="mailto:a@x.example">a@x.example</a>'
    "&gt; wrote:<br></div><blockquote>Book a demo?</blockquote></div>"
)
GMAIL_INLINE = (
    '<div dir="ltr">See below.<br></div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On '
    "Mon, Jan 5, 2026 Anna wrote:<br></div><blockquote>When?</blockquote><div>Friday.</div><blockquote>How "
    "many?</blockquote><div>Ten.</div></div>"
)
OUTLOOK = (
    "<html><head><style>p {color: red}</style></head><body><p class=MsoNormal>Yes, Tuesday&nbsp;works.</p>"
    '<div id="divRplyFwdMsg"><b>From:</b> Anna<br><b>Sent:</b> Monday</div><div>Old words</div></body></html>'
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("Sounds good?", "Sounds good?", id="nothing to strip"),
        pytest.param(f"Yes.\n\n{ATTRIBUTION}\n> Old\n> words", "Yes.", id="quoted reply"),
        pytest.param(f"{ATTRIBUTION}\n> Old words\n\nYes, send it.", "Yes, send it.", id="answer below"),
        pytest.param("> Old?\nNew.\n> Older?\nNewer.", "New.\nNewer.", id="answers between"),
        pytest.param(
            f"See below.\n\n{ATTRIBUTION}\n> Old?\n\nNew.\n\n> Older?\nnewer.\n\n-- \nJane\nCEO",
            "See below.\n\nNew.\n\nnewer.",
            id="answers above and between",
        ),
        pytest.param(
            f"Yes.\n\n{ATTRIBUTION}\n> Old words that go on and on until a mailer breaks them somewhere\n"
            "in the middle.\n> More old words.",
            "Yes.",
            id="quoted line that was broken",
        ),
        pytest.param(
            f"Yes.\n\n{ATTRIBUTION}\n> Old.\n\nOn Jan 2, 2026, Bob <b@x.example> wrote:\nOlder.",
            "Yes.",
            id="history in history",
        ),
        pytest.param(f"{ATTRIBUTION}\n> Old\n> words\n\n-- \nJane\nCEO", "", id="only history and signature"),
        pytest.param("> Old\n> words", "", id="only quoted lines"),
        pytest.param("From: Anna\nSent: Monday\nTo: Jane\n\nOld", "", id="only an outlook thread"),
        pytest.param(
            "Yes.\n\nOn Jan 5, 2026,\nat 9:00, Anna\n<anna@x.example> wrote:\n\n> Old",
            "Yes.",
            id="attribution over three lines",
        ),
        pytest.param(
            "No.\n________________________________\nFrom: Anna\nSent: Monday\nOld", "No.", id="outlook line"
        ),
        pytest.param(
            "No.\n\nFrom: Anna\nSent: Monday\nTo: Jane\nSubject: Hi\n\nOld", "No.", id="outlook header"
        ),
        pytest.param("No.\n\n-----Original Message-----\nFrom: Anna\n\nOld", "No.", id="original message"),
        pytest.param(
            "See below.\n---------- Forwarded message ---------\nFrom: A\nOld", "See below.", id="forwarded"
        ),
        pytest.param("Nein.\n\nAm 05.01.2026 um 09:00 schrieb Anna:\n> Hallo", "Nein.", id="german"),
        pytest.param(
            "Non.\n\nLe lun. 5 janv. 2026 à 09:00, Anna <a@x.example> a écrit :\n> Salut", "Non.", id="french"
        ),
        pytest.param(
            "No.\n\nEl lun, 5 ene 2026 a las 9:00, Anna (<a@x.example>) escribió:\n> Hola",
            "No.",
            id="spanish",
        ),
        pytest.param(
            "Não.\n\nEm 5 de jan. de 2026, Anna <a@x.example> escreveu:\n> Olá", "Não.", id="portuguese"
        ),
        pytest.param("No.\n\nIl 5 gennaio 2026 Anna <a@x.example> ha scritto:\n> Ciao", "No.", id="italian"),
        pytest.param(
            "Nee.\n\nOp 5 januari 2026 09:00 schreef Anna <a@x.example>:\n> Hoi", "Nee.", id="dutch"
        ),
        pytest.param(
            "Nej.\n\nDen 5 jan. 2026 kl. 09:00 skrev Anna <a@x.example>:\n> Hej", "Nej.", id="swedish"
        ),
        pytest.param(
            "Ei.\n\nma 5. tammik. 2026 klo 9.00 Anna (a@x.example) kirjoitti:\n> Moi", "Ei.", id="finnish"
        ),
        pytest.param(
            "Нет.\n\nпн, 5 янв. 2026 г. в 09:00, Anna <a@x.example>:\n> Привет", "Нет.", id="russian"
        ),
        pytest.param("Yes.\n\n-- \nJane Doe\nCEO", "Yes.", id="signature mark"),
        pytest.param("Yes.\nBest regards,\nJane Doe", "Yes.", id="signature words"),
        pytest.param("Yes.\nThanks,\nJane", "Yes.", id="thanks as closing"),
        pytest.param("Yes.\n\n-Jane", "Yes.", id="name after a dash"),
        pytest.param("Nein.\n\nMit freundlichen Grüßen\nHans", "Nein.", id="german signature"),
        pytest.param("Yes.\n\nSent from my iPhone", "Yes.", id="mobile footer"),
        pytest.param("Yes.\nGet Outlook for iOS", "Yes.", id="outlook mobile footer"),
        pytest.param(
            "Yes.\nThis email is confidential and intended for the addressee only.", "Yes.", id="disclaimer"
        ),
        pytest.param("Yes.\nTo unsubscribe from our mails click here", "Yes.", id="unsubscribe footer"),
        pytest.param("Hi Anna,\nThanks, but we're not interested.", None, id="thanks that is no signature"),
        pytest.param("Best time is Tuesday.\nThank you, let's talk then.", None, id="thank you in the text"),
        pytest.param("Hi Anna,\nThanks!\nPlease send me the deck.", None, id="thanks before the text"),
        pytest.param("Thanks, but no\nJane", None, id="refusal that begins with thanks"),
        pytest.param("Open points:\n- price\n- start date", None, id="list"),
        pytest.param("I could do\n\n-Tuesday\n-Friday", None, id="list of names"),
        pytest.param("I could do:\n\n- Friday", None, id="list of one name"),
        pytest.param("No.\n\n-Jane\n\n__\nUsers mailing list", "No.", id="name above a footer"),
        pytest.param("It was\nsent from my desk, not from home.", None, id="sent from in a sentence"),
        pytest.param("Price:\n----\n\n10 a month\n\n====\n\nFine?", None, id="rules between paragraphs"),
        pytest.param("Unsubscribe", None, id="unsubscribe as the whole text"),
        pytest.param("Please unsubscribe me.\nThis is the third mail.", None, id="unsubscribe as wish"),
        pytest.param("On Thursday, maybe:\nlet me see", None, id="on at the beginning"),
        pytest.param("Is it < $500 & > $100?", None, id="signs that are no tags"),
        pytest.param("<div>Hi,</div><div>Yes &amp; no.</div>", "Hi,\nYes & no.", id="simple html"),
        pytest.param("<html>Thanks, I&#39;m in</html>", "Thanks, I'm in", id="bare html"),
        pytest.param(GMAIL, "Not interested, thanks.", id="gmail html"),
        pytest.param(OUTLOOK, "Yes, Tuesday works.", id="outlook html"),
        pytest.param(
            '<p>No.</p><div class="yahoo_quoted"><p>Anna:</p><p>Old words</p></div>', "No.", id="yahoo html"
        ),
        pytest.param("<blockquote>Old</blockquote><p>New</p>", "New", id="answer below in html"),
        pytest.param("<p>No.</p><p>Best regards,<br>Jane</p>", "No.", id="signature in html"),
        pytest.param(GMAIL_INLINE, "See below.\n\nFriday.\nTen.", id="answers between in gmail html"),
        pytest.param(
            f"<head><style>{'p {color: red} ' * 4000}</style></head><p>Yes, please.</p>",
            "Yes, please.",
            id="html with more style than text",
        ),
    ],
)
def test_the_newest_words(body: str, expected: str | None) -> None:
    assert newest_text("Re: Quick question", body) == (body if expected is None else expected)


SENDER = "Anna Keller <anna@x.example>"
HEADERS = {
    "english": (
        f"On Mon, Jan 5, 2026 at 9:00 AM {SENDER} wrote:",
        f"From: {SENDER}\nSent: Monday, January 5, 2026 9:00 AM\nTo: Jane\nSubject: Hello",
        f"On 5 Jan 2026, at 09:00, {SENDER} wrote:",
    ),
    "german": (
        f"Am Mo., 5. Jan. 2026 um 09:00 Uhr schrieb {SENDER}:",
        f"Von: {SENDER}\nGesendet: Montag, 5. Januar 2026 09:00\nAn: Jane\nBetreff: Hallo",
        f"Am 05.01.2026 um 09:00 schrieb {SENDER}:",
    ),
    "french": (
        f"Le lun. 5 janv. 2026 à 09:00, {SENDER} a écrit :",
        f"De : {SENDER}\nEnvoyé : lundi 5 janvier 2026 09:00\nÀ : Jane\nObjet : Bonjour",
        f"Le 5 janv. 2026 à 09:00, {SENDER} a écrit :",
    ),
    "spanish": (
        "El lun, 5 ene 2026 a las 9:00, Anna Keller (<anna@x.example>) escribió:",
        f"De: {SENDER}\nEnviado el: lunes, 5 de enero de 2026 9:00\nPara: Jane\nAsunto: Hola",
        f"El 5 ene 2026, a las 9:00, {SENDER} escribió:",
    ),
    "portuguese": (
        f"Em seg., 5 de jan. de 2026 às 09:00, {SENDER} escreveu:",
        f"De: {SENDER}\nEnviada em: segunda-feira, 5 de janeiro de 2026 09:00\nPara: Jane\nAssunto: Olá",
        f"{SENDER} escreveu (segunda, 5/01/2026 à(s) 09:00):",
    ),
    "italian": (
        f"Il giorno lun 5 gen 2026 alle ore 09:00 {SENDER} ha scritto:",
        f"Da: {SENDER}\nInviato: lunedì 5 gennaio 2026 09:00\nA: Jane\nOggetto: Ciao",
        f"Il giorno 5 gen 2026, alle ore 09:00, {SENDER} ha scritto:",
    ),
    "dutch": (
        f"Op ma 5 jan 2026 om 09:00 schreef {SENDER}:",
        f"Van: {SENDER}\nVerzonden: maandag 5 januari 2026 09:00\nAan: Jane\nOnderwerp: Hallo",
        f"Op 5 jan 2026, om 09:00 heeft {SENDER} het volgende geschreven:",
    ),
    "polish": (
        f"pon., 5 sty 2026 o 09:00 {SENDER} napisał(a):",
        f"Od: {SENDER}\nWysłane: poniedziałek, 5 stycznia 2026 09:00\nDo: Jane\nTemat: Cześć",
        f"Wiadomość napisana przez {SENDER} w dniu 5 sty 2026, o godz. 09:00:",
    ),
    "swedish": (
        f"Den mån 5 jan. 2026 kl 09:00 skrev {SENDER}:",
        f"Från: {SENDER}\nSkickat: den 5 januari 2026 09:00\nTill: Jane\nÄmne: Hej",
        f"5 jan. 2026 kl. 09:00 skrev {SENDER}:",
    ),
    "danish": (
        f"Den man. 5. jan. 2026 kl. 09.00 skrev {SENDER}:",
        f"Fra: {SENDER}\nSendt: 5. januar 2026 09:00\nTil: Jane\nEmne: Hej",
        "Den 5. jan. 2026 kl. 09.00 skrev Anna Keller:",
    ),
    "norwegian": (
        f"man. 5. jan. 2026 kl. 09:00 skrev {SENDER}:",
        f"Fra: {SENDER}\nSendt: mandag 5. januar 2026 09:00\nTil: Jane\nEmne: Hei",
        "5. jan. 2026 kl. 09:00 skrev Anna Keller:",
    ),
    "finnish": (
        "ma 5. tammik. 2026 klo 9.00 Anna Keller (anna@x.example) kirjoitti:",
        f"Lähettäjä: {SENDER}\nLähetetty: maanantai 5. tammikuuta 2026 9.00\nVastaanottaja: Jane\nAihe: Hei",
        f"{SENDER} kirjoitti 5.1.2026 kello 9.00:",
    ),
    "russian": (
        f"пн, 5 янв. 2026 г. в 09:00, {SENDER}:",
        f"От: {SENDER}\nОтправлено: 5 января 2026 г. 9:00\nКому: Jane\nТема: Привет",
        f"5 янв. 2026 г., в 09:00, {SENDER} написал(а):",
    ),
    "japanese": (
        f"2026年1月5日(月) 9:00 {SENDER}:",
        f"差出人: {SENDER}\n送信日時: 2026年1月5日 9:00\n宛先: Jane\n件名: こんにちは",
        f"2026/01/05 9:00、{SENDER}のメール:",
    ),
    "chinese": (
        f"{SENDER} 于2026年1月5日周一 09:00写道：",
        f"发件人: {SENDER}\n发送时间: 2026年1月5日 9:00\n收件人: Jane\n主题: 你好",
        f"2026年1月5日 09:00，{SENDER} 写道：",
    ),
    "korean": (
        f"2026년 1월 5일 (월) 오전 9:00, {SENDER}님이 작성:",
        f"보낸 사람: {SENDER}\n보낸 날짜: 2026년 1월 5일 월요일 오전 9:00\n받는 사람: Jane\n제목: 안녕하세요",
        f"2026. 1. 5. 오전 9:00, {SENDER} 작성:",
    ),
    "czech": (
        f"po 5. 1. 2026 v 9:00 odesílatel {SENDER} napsal:",
        f"Od: {SENDER}\nOdesláno: pondělí 5. ledna 2026 9:00\nKomu: Jane\nPředmět: Ahoj",
        f"5. 1. 2026 v 9:00, {SENDER}:",
    ),
    "turkish": (
        f"{SENDER}, 5 Oca 2026 Pzt, 09:00 tarihinde şunu yazdı:",
        f"Gönderen: {SENDER}\nTarih: 5 Ocak 2026 Pazartesi 09:00\nKime: Jane\nKonu: Merhaba",
        f"5 Oca 2026 tarihinde {SENDER} şunları yazdı:",
    ),
}


@pytest.mark.parametrize(
    "mailer", [pytest.param(0, id="gmail"), pytest.param(1, id="outlook"), pytest.param(2, id="apple")]
)
@pytest.mark.parametrize("language", HEADERS)
def test_quote_headers_of_a_language(language: str, mailer: int) -> None:
    header = HEADERS[language][mailer]
    own = "OK, 15:30.\n\nJane: +47 22 33 44 55"
    for below in ("\n\nOld words.\nMore of them.", "\n\n> Old words.\n> More of them."):
        assert newest_text("Re: Hello", f"{own}\n\n{header}{below}") == own
        assert newest_text("Re: Hello", f"{header}{below}") == ""
    folded = header.replace(" <anna", "\n<anna")
    assert newest_text("Re: Hello", f"{own}\n\n{folded}\n\n> Old words.") == own


@pytest.mark.parametrize(
    "footer",
    [
        "Sent from my iPhone",
        "Sent from my iPhone, please excuse typos.",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Von meinem iPhone gesendet",
        "Gesendet von Outlook für Android",
        "Envoyé de mon iPhone",
        "Obtenir Outlook pour iOS",
        "Enviado desde mi iPhone",
        "Enviado do meu iPhone",
        "Inviato da iPhone",
        "Verstuurd vanaf mijn iPhone",
        "Wysłane z iPhone'a",
        "Skickat från min iPhone",
        "Sendt fra min iPhone",
        "Lähetetty iPhonesta",
        "Отправлено с iPhone",
        "iPhoneから送信",
        "发自我的 iPhone",
    ],
)
def test_mobile_footers(footer: str) -> None:
    assert newest_text(None, f"OK, do it.\n\n{footer}") == "OK, do it."
    assert newest_text(None, f"{footer}\n\n{HEADERS['english'][1]}\n\nOld words.") == ""
    assert newest_text("Re: x", footer) == ""


@pytest.mark.parametrize(
    "closing",
    [
        "Mit freundlichen Grüßen",
        "Viele Grüße aus Berlin",
        "LG Jane",
        "Bien cordialement,",
        "Bien à vous,",
        "Un saludo,",
        "Atentamente",
        "Atenciosamente,",
        "Cordiali saluti",
        "Met vriendelijke groet,",
        "Z poważaniem",
        "Med vänliga hälsningar",
        "Med venlig hilsen",
        "Med vennlig hilsen",
        "Ystävällisin terveisin",
        "С уважением,",
        "Kind regards, Jane",
        "Cheers 🎉",
        "Thanks!",
    ],
)
def test_closings(closing: str) -> None:
    assert newest_text(None, f"OK, 15:30.\n\n{closing}\nJane Doe\nCEO, Acme") == "OK, 15:30."


def test_the_subject_stands_in_for_an_empty_body() -> None:
    assert newest_text("Unsubscribe", "<div><br></div>") == "Unsubscribe"
    assert newest_text(None, None) == ""


def test_a_subject_that_answers_ours_says_nothing() -> None:
    assert newest_text("Re: Unsubscribe from bad data", "") == ""


def test_invisible_characters_are_gone() -> None:
    assert to_plain_text("in\u200bter\u00adested\u00a0now\r\n") == "interested now"


def test_an_endless_body_is_read_from_its_beginning() -> None:
    assert newest_text(None, "Yes.\n" + "x" * 1_000_000).startswith("Yes.")
