"""Title groups: every trap of the ALS page, and the set-wise step."""

from __future__ import annotations

import pytest

from scoring.titles import TitleGroup, classify, classify_new, rules_version
from warehouse import Connection, Warehouse

POINTS = {
    "founder_owner": 25,
    "chief_executive": 25,
    "chief_officer": 22,
    "partner_president": 22,
    "vice_president": 18,
    "head_director": 15,
    "senior_manager": 10,
    "manager": 7,
    "other": 5,
    "none": 0,
}
TITLES = {
    "founder_owner": [
        "Founder",
        "Co-Founder & CTO",
        "CoFounder",
        "Co founder",
        "CEO/Founder",
        "Founder | Ex-CEO",
        "Co-Founder & former CEO",
        "Owner",
        "Owner/Operator",
        "Business Owner",
        "Franchise Owner",
        "Co-Owner",
        "Founding Partner",
        "Owner & Head Chef",
        "Founder, Owner's Club",
        "🚀 Founder",
        "Executive Chairman & Founder",
        "Gründerin und Inhaberin",
        "Fondateur",
    ],
    "chief_executive": [
        "CEO",
        "ceo",
        "C.E.O.",
        "Interim CEO",
        "Acting CEO",
        "Group CEO",
        "Co-CEO",
        "President & CEO",
        "Chief Executive",
        "Chief Executive Officer",
        "President and Chief Executive Officer",
        "Managing Director",
        "MD",
        "Managing Director, Head of Sales",
        "General Manager",
        "GM",
        "General Manager - North",
        "CEO at President Hotels",
        "CEO @ Owner.com",
        "Geschäftsführer",
        "Geschaeftsfuehrerin",
        "Geschäftsführer (m/w/d)",
        "Directeur général",
        "Président-Directeur Général",
        "Director General",
        "Amministratore Delegato",
        "Gerente General",
    ],
    "chief_officer": [
        "CTO",
        "CFO",
        "COO",
        "CRO",
        "CHRO",
        "CISO",
        "Chief Revenue Officer",
        "Chief Operating  Officer",
        "Chief Technology Officer (CTO)",
        "Chief Health and Safety Officer",
        "Chief Product & Technology Officer",
        "Chief Marketing",
        "Fractional CMO",
        "Director of Operations / Interim COO",
        "CFO, formerly CEO",
        "Deputy CEO",
    ],
    "partner_president": [
        "President",
        "President of Sales",
        "Partner",
        "Partner, Tax",
        "Partner at McKinsey",
        "Managing Partner",
        "Senior Partner",
        "Partner & Head of Tax",
        "Partner, Founders Fund",
    ],
    "vice_president": [
        "VP",
        "V.P.",
        "SVP",
        "EVP Sales",
        "Vice President",
        "Vice-President",
        "VICE PRESIDENT OF SALES",
        "Assistant Vice President",
        "Executive Vice President, Sales",
        "VP, Marketing",
        "Marketing VP",
        "VP of Sales, EMEA",
        "VP Student Affairs",
        "VP of Product (ex-CEO)",
        "Vizepräsident Vertrieb",
    ],
    "head_director": [
        "Director",
        "Dir. of Sales",
        "SALES DIRECTOR",
        "Account Director",
        "Associate Director",
        "Assistant Director",
        "Executive Director",
        "Director, Office of the CEO",
        "Director of Student Affairs",
        "Director of Lead Management",
        "Head of People",
        "Head of Partnerships",
        "Go-to-Market Director",
        "Assistant General Manager",
        "Deputy Managing Director",
        "Head of Marketing & former CEO",
        "Leiter Marketing",
        "Abteilungsleiterin Vertrieb",
    ],
    "senior_manager": [
        "Senior Manager",
        "Sr. Manager",
        "Senior Product Manager",
        "Senior Manager, Partner Success",
    ],
    "manager": [
        "Manager",
        "International Sales Manager",
        "Office Manager",
        "Partner Manager",
        "Senior Consultant and Manager",
        "Product Mgr",
        "Lead",
        "Team Lead",
        "Lead Engineer",
        "Assistant Manager",
        "Intern Program Manager",
        "Student Success Manager",
        "Manager, Office of the CEO",
        "Teamleiter",
        "Chef de projet",
    ],
    "other": [
        "Coordinator",
        "Software Engineer",
        "Product Owner",
        "Technical Product Owner",
        "Data Owner",
        "Principal Engineer",
        "Executive Assistant to the CEO",
        "Executive Assistant to the CEO, CFO and Founder",
        "EA to CEO & Founder",
        "CEO Assistant",
        "Executive Assistant CEO",
        "Assistant to the Regional Manager",
        "Advisor to the CEO",
        "CEO Coach",
        "Chief of Staff",
        "Chief Engineer",
        "Founding Engineer",
        "Founder's Associate",
        "Business Partner",
        "HR Business Partner",
        "Client Partner",
        "Partner Success Specialist",
        "Lead Generation Specialist",
        "Head Chef",
        "former CEO",
        "CEO (retired)",
        "Retired, CEO",
        "Ex-CEO",
        "Past President",
        "President Emeritus",
        "Product Manager Intern",
        "Student Body President",
        "Headhunter",
        "Ownership Analyst",
        "Presidential Advisor",
        "Internal Auditor",
        "Cardiologist, MD",
    ],
    "none": [None, "", "  ", "-", "N/A", "none"],
}
CASES = [
    pytest.param(title, group, id=f"{title} is {group}")
    for group, titles in TITLES.items()
    for title in titles
]


@pytest.mark.parametrize(("title", "group"), CASES)
def test_a_title_belongs_to(title: str | None, group: str) -> None:
    found = classify(title)
    assert (found.title_group, found.authority_points) == (group, POINTS[group])


@pytest.mark.parametrize(
    "title",
    [
        "Assistant",
        "Executive Assistant to the CEO",
        "Personal Assistant to Managing Director",
        "Marketing Intern",
        "Product Manager Intern",
        "Student",
        "Werkstudent Marketing",
        "Sales Coordinator",
        "Sales Co-ordinator",
        "Coordinator, Office of the President",
        "Receptionist",
        "Executive Assistant / Office Manager",
    ],
)
def test_a_title_is_unsuitable(title: str) -> None:
    assert classify(title).is_unsuitable


@pytest.mark.parametrize(
    "title",
    [
        "International Sales Manager",
        "Internal Auditor",
        "Assistant Vice President",
        "Assistant Director",
        "Assistant General Manager",
        "Intern Program Manager",
        "Student Success Manager",
        "Director of Student Affairs",
        "Assistant Professor",
        "Founder & Volunteer Coordinator",
        "CEO",
        None,
    ],
)
def test_a_title_is_not_unsuitable(title: str | None) -> None:
    assert not classify(title).is_unsuitable


@pytest.mark.parametrize("title", ["Software Engineer", "Consultant", "Chairman", "Principal", "N/A", None])
def test_without_a_word_of_seniority_the_provider_decides(title: str | None) -> None:
    assert not classify(title).says_something


@pytest.mark.parametrize(
    "title",
    ["CEO", "Product Owner", "former CEO", "CEO (retired)", "Intern", "Advisor to the CEO", "Chief of Staff"],
)
def test_what_a_title_says_wins_over_the_provider(title: str) -> None:
    assert classify(title).says_something


def given_titles(connection: Connection, *titles: str | None) -> None:
    connection.create_table("facts.lead_pool", {"lead_id": "integer", "title": "text"})
    connection.insert("facts.lead_pool", ["lead_id", "title"], list(enumerate(titles)))


def test_new_titles_are_classified_once_each(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        given_titles(connection, "CEO", "CEO", "ceo", "Sales Intern", "", None)
        assert classify_new(connection) == 4
        assert classify_new(connection) == 0
        rows = connection.rows("select * from scoring.title_groups")
    found = {row.pop("title"): row for row in rows}
    assert set(found) == {"CEO", "ceo", "Sales Intern", ""}
    assert found["Sales Intern"] == {
        "title_group": "other",
        "authority_points": 5,
        "is_unsuitable": True,
        "says_something": True,
        "rules_version": rules_version(),
    }


def test_other_rules_are_replaced(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        given_titles(connection, "CEO")
        classify_new(connection)
        connection.execute("update scoring.title_groups set rules_version = 'old', title_group = 'none'")
        assert classify_new(connection) == 1
        assert connection.scalar("select title_group from scoring.title_groups") == "chief_executive"


def test_a_classification_is_a_value() -> None:
    assert classify("VP") == TitleGroup("vice_president", 18, False, True)
