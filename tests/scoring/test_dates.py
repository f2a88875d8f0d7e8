"""Return dates of absence notes, relative to the day the note came."""

from __future__ import annotations

from datetime import date

import pytest

from scoring.dates import return_date

DAY = date(2025, 12, 22)  # a Monday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I'm out until 5 January, contact Bob", date(2026, 1, 5)),
        ("out of office until January 5th.", date(2026, 1, 5)),
        ("away from 22 December to 5 January", date(2026, 1, 5)),
        ("between December 22nd and January 5th", date(2026, 1, 5)),
        ("I return on Monday, January 5, 2026.", date(2026, 1, 5)),
        ("through Jan 5", date(2026, 1, 6)),
        ("until 2026-01-05", date(2026, 1, 5)),
        ("until 05/01", date(2026, 1, 5)),
        ("until 1/5/2026", date(2026, 1, 5)),
        ("until 13/01/2026", date(2026, 1, 13)),
        ("bis 5.1. nicht im Büro", date(2026, 1, 5)),
        ("until the 5th", date(2026, 1, 5)),
        ("returning Jan. 5", date(2026, 1, 5)),
        ("back in the office on Tuesday the 6th of January", date(2026, 1, 6)),
        ("returning in March", date(2026, 3, 1)),
        ("back on Monday", date(2025, 12, 29)),
        ("back next week", date(2025, 12, 29)),
        ("back tomorrow", date(2025, 12, 23)),
        ("from Dec 20 through Jan 2. For urgent matters call 555-1234.", date(2026, 1, 3)),
        ("on leave until further notice", None),
        ("out of the office today", None),
        ("I will be back and may be slow to answer", None),
        ("until 31 February", None),
    ],
)
def test_the_day_they_are_back(text: str, expected: date | None) -> None:
    assert return_date(text, DAY) == expected


def test_a_date_just_past_is_not_taken_for_next_year() -> None:
    assert return_date("I am away until 18 December", DAY) == date(2025, 12, 18)


BY_LANGUAGE = {
    "en": [
        ("I'm back at my desk on the first of February.", "2026-02-01"),
        ("away until the end of January", "2026-01-31"),
        ("until 5 January inclusive", "2026-01-06"),
        ("I will not be checking this account before 1 March.", "2026-03-01"),
        ("back on Fri", "2025-12-26"),
        ("returning mid-March", "2026-03-15"),
        ("back 12/26", "2025-12-26"),
        ("until Dec 29th; reachable 24/7 by phone", "2025-12-29"),
    ],
    "de": [
        ("Ich bin bis zum 5. Januar im Urlaub.", "2026-01-05"),
        ("Ab dem 7.1. wieder erreichbar.", "2026-01-07"),
        ("bis einschließlich 5.1. nicht im Büro", "2026-01-06"),
        ("Ich bin bis 05.01.2026 (einschließlich) abwesend", "2026-01-06"),
        ("vom 22.12. bis 9.1. im Urlaub", "2026-01-09"),
        ("Am Montag bin ich wieder da.", "2025-12-29"),
        ("zurück am 12. März 2026", "2026-03-12"),
        ("Ich bin am 7. Jänner wieder im Büro", "2026-01-07"),
        ("bis Ende Februar in Elternzeit", "2026-02-28"),
        ("Ich bin nächste Woche wieder da, zurück nächste Woche", "2025-12-29"),
        ("bis 31.2. im Urlaub", None),
        ("bis auf Weiteres nicht im Büro", None),
    ],
    "fr": [
        ("Absente jusqu'au 5 janvier inclus.", "2026-01-06"),
        ("Je suis absent jusqu’au 5 janvier", "2026-01-05"),
        ("de retour le lundi 12", "2026-01-12"),
        ("Absente du bureau, de retour lundi 12.", "2026-01-12"),
        ("en congés du 22 décembre au 4 janvier", "2026-01-04"),
        ("de retour le 1er février 2026", "2026-02-01"),
        ("Je serai absent jusqu'à lundi", "2025-12-29"),
        ("Le 6 janvier, je serai de retour", "2026-01-06"),
        ("jusqu'à fin janvier", "2026-01-31"),
        ("de retour la semaine prochaine", "2025-12-29"),
        ("jusqu'à nouvel ordre", None),
    ],
    "es": [
        ("Estoy fuera hasta el lunes", "2025-12-29"),
        ("vuelvo el 3 de marzo", "2026-03-03"),
        ("fuera de la oficina hasta el 5 de enero inclusive", "2026-01-06"),
        ("de vacaciones del 22 de diciembre al 7 de enero", "2026-01-07"),
        ("Regreso el miércoles 7 de enero de 2026", "2026-01-07"),
        ("Estaré de vuelta el 8", "2026-01-08"),
        ("hasta finales de enero", "2026-01-31"),
        ("hasta el 07/01", "2026-01-07"),
        ("El 9 de enero estaré de vuelta", "2026-01-09"),
        ("hasta nuevo aviso", None),
    ],
    "pt": [
        ("Estou de férias até 10/02", "2026-02-10"),
        ("volto no dia 14/07", "2026-07-14"),
        ("ausente até dia 3 de março por motivo de Carnaval", "2026-03-03"),
        ("Estou de férias, volto na segunda feira.", "2025-12-29"),
        ("Encontro-me ausente do escritório até dia 15.", "2026-01-15"),
        ("Regresso a 7 de janeiro", "2026-01-07"),
        ("de férias de 22 de dezembro a 5 de janeiro", "2026-01-05"),
        ("até 5 de janeiro, inclusive", "2026-01-06"),
        ("volto amanhã", "2025-12-23"),
        ("até novo aviso", None),
    ],
    "nl": [
        ("Ik ben afwezig t/m 5 mei", "2026-05-06"),
        ("terug op maandag", "2025-12-29"),
        ("met vakantie tot en met 4 januari", "2026-01-05"),
        ("tot 5 januari niet op kantoor", "2026-01-05"),
        ("Ik ben met vakantie en op 11 augustus weer op kantoor.", "2026-08-11"),
        ("van 22 december tot 2 januari", "2026-01-02"),
        ("vanaf 6 januari weer bereikbaar", "2026-01-06"),
        ("terug in maart", "2026-03-01"),
        ("volgende week terug, dus terug volgende week", "2025-12-29"),
        ("tot nader order", None),
    ],
    "it": [
        ("Sono in ferie fino al 3 settembre compreso", "2026-09-04"),
        ("rientro il 4", "2026-01-04"),
        ("fino a lunedì", "2025-12-29"),
        ("Sono in ferie fino al 24 agosto e risponderò al mio rientro.", "2026-08-24"),
        ("in ferie dal 22 dicembre al 6 gennaio", "2026-01-06"),
        ("tornerò mercoledì 7 gennaio", "2026-01-07"),
        ("Rientrerò il 07/01/2026", "2026-01-07"),
        ("fino a fine gennaio", "2026-01-31"),
        ("Il 9 gennaio sarò di ritorno", "2026-01-09"),
        ("fino a nuova comunicazione", None),
    ],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [pytest.param(*case, id=f"{name}: {case[0]}") for name, cases in BY_LANGUAGE.items() for case in cases],
)
def test_the_day_in_seven_languages(text: str, expected: str | None) -> None:
    assert return_date(text, DAY) == (date.fromisoformat(expected) if expected else None)


def test_numbers_beside_foreign_words_have_the_day_first() -> None:
    october = date(2025, 10, 20)
    assert return_date("back on 11/02", october) == date(2025, 11, 2)
    assert return_date("até 11/02", october) == date(2026, 2, 11)
