"""Whom a reply sends us to, in seven languages; places, days and products are nobody."""

from __future__ import annotations

import pytest

from scoring.referrals import referred_contact

BY_LANGUAGE: dict[str, list[tuple[str, str | None]]] = {
    "en": [
        ("In urgent cases contact Jane Doe.", "Jane Doe"),
        ("cc'ing Tom Baker who runs this", "Tom Baker"),
        ("My colleague Priya Shah handles this.", "Priya Shah"),
        ("Please reach out to Ms. Wiebke Lorenzen", "Wiebke Lorenzen"),
        ("Talk to Dr. Anna van der Berg (anna@x.example)", "Anna van der Berg <anna@x.example>"),
        ("Please contact us in Berlin on Monday", None),
        ("Forwarded to Dr. Heinemann.", "Heinemann"),
        ("The right contact for this is my colleague Stefanie Ruhland", "Stefanie Ruhland"),
        ("Try again in March", None),
        ("Call me on Zoom", None),
    ],
    "de": [
        ("Bitte wenden Sie sich an Frau Keller (keller@x.example).", "Keller <keller@x.example>"),
        ("In dringenden Fällen wenden Sie sich bitte an Frau Seidl.", "Seidl"),
        ("Ansprechpartner dafür ist Herr Jörg Müller-Lüdenscheidt", "Jörg Müller-Lüdenscheidt"),
        ("Kontaktieren Sie bitte meinen Kollegen Max Öztürk", "Max Öztürk"),
        ("Bitte sprechen Sie mit Petra Groß", "Petra Groß"),
        ("Meine Vertretung ist Frau Ines Lohse", "Ines Lohse"),
        ("Wenden Sie sich an unsere Buchhaltung", None),
        ("Wenden Sie sich an die Zentrale in Hamburg", None),
        ("Melden Sie sich bitte bei SAP", None),
    ],
    "fr": [
        ("Contactez Mme Durand", "Durand"),
        ("Merci de contacter M. Éric Lefèvre (eric@x.example)", "Éric Lefèvre <eric@x.example>"),
        ("Adressez-vous à ma collègue Chloé Martin", "Chloé Martin"),
        ("La bonne personne pour ce sujet est Jean de la Fontaine", "Jean de la Fontaine"),
        ("Je mets en copie Madame Inès Caron", "Inès Caron"),
        ("Je transmets votre message à Luc Petit", "Luc Petit"),
        ("Contactez le standard à Paris", None),
        ("Contactez-nous lundi", None),
    ],
    "es": [
        ("Habla con Juan Pérez", "Juan Pérez"),
        ("Póngase en contacto con la Sra. María de la Cruz", "María de la Cruz"),
        ("Escriba a Íñigo Núñez (inigo@x.example)", "Íñigo Núñez <inigo@x.example>"),
        ("Eso lo ve mi compañera Maricarmen Ulloa", "Maricarmen Ulloa"),
        ("La persona indicada es Pablo Ruiz", "Pablo Ruiz"),
        ("Copio a Teresa Blanch", "Teresa Blanch"),
        ("Hable con Recepción", None),
        ("Escriba a partir de Enero", None),
    ],
    "pt": [
        ("Pode falar com João da Silva", "João da Silva"),
        ("Por favor contacte a Dra. Ana Conceição", "Ana Conceição"),
        ("Quem trata disso é a minha colega Inês Lopes", "Inês Lopes"),
        ("Encaminhei o seu e-mail para Rui Costa", "Rui Costa"),
        ("Falar com a Recepção", None),
        ("Contacte em Lisboa", None),
    ],
    "nl": [
        ("Neem contact op met Sanne de Wit", "Sanne de Wit"),
        ("Neem contact op met mevrouw Van den Berg", "Van den Berg"),
        ("Mijn collega Pieter van der Meer gaat hierover", "Pieter van der Meer"),
        ("Hiervoor moet je bij Ruben de Wit zijn: r.dewit@x.example.", "Ruben de Wit <r.dewit@x.example>"),
        ("De juiste persoon hiervoor is Daniëlle Bakker", "Daniëlle Bakker"),
        ("Ik heb het doorgestuurd naar dhr. Jansen", "Jansen"),
        ("Neem contact op met Inkoop", None),
        ("Neem contact op in Januari", None),
    ],
    "it": [
        ("Si rivolga a Giulia Renzi", "Giulia Renzi"),
        ("Contatti la sig.ra Bellandi, f.bellandi@x.example", "Bellandi <f.bellandi@x.example>"),
        ("La persona competente è Sara Villa", "Sara Villa"),
        ("Ho inoltrato la mail a Luca Ferri", "Luca Ferri"),
        ("Contatti la Segreteria", None),
        ("Scriva a Settembre", None),
    ],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [pytest.param(*case, id=f"{name}: {case[0]}") for name, cases in BY_LANGUAGE.items() for case in cases],
)
def test_whom_it_names(text: str, expected: str | None) -> None:
    assert referred_contact(text) == expected
