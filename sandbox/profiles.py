"""The simulated agency's clients: who they sell to, in which currency, and where their accounts are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClientProfile:
    """One client of the agency.

    id, name, postal_address: as in winnow.yml. time_zone: of its own office and its campaigns' schedule.
    provider_client_id: its number in the shared Smartlead workspace; None where the client has one of its
    own. portal_id: its HubSpot portal. industries and bands: each person's company has one of them, all
    equally likely. countries: (country, weight). offer: what its e-mails talk about. price: (low, high) of
    a deal.
    """

    id: str
    name: str
    time_zone: str
    currency: str
    provider_client_id: int | None
    portal_id: int
    industries: tuple[str, ...]
    bands: tuple[tuple[int, int], ...]
    countries: tuple[tuple[str, int], ...]
    technologies: tuple[str, ...]
    offer: str
    price: tuple[int, int]
    sender: tuple[str, str]
    postal_address: str

    @property
    def employees(self) -> tuple[int, int]:
        """Smallest and largest company size of the client's ideal customer."""
        return self.bands[0][0], self.bands[-1][1]

    @property
    def mail_domain(self) -> str:
        """Domain of the mailboxes that write for the client."""
        return f"try-{self.id}.example"


PROFILES: tuple[ClientProfile, ...] = (
    ClientProfile(
        id="brightpath",
        name="Brightpath Analytics",
        time_zone="America/New_York",
        currency="USD",
        provider_client_id=4101,
        portal_id=44237313,
        industries=(
            "computer software",
            "information technology & services",
            "internet",
            "marketing & advertising",
        ),
        bands=((6, 15), (16, 30), (31, 50), (51, 100)),
        countries=(("United States", 7), ("Canada", 3)),
        technologies=("HubSpot", "Salesforce", "Segment", "Google Analytics", "Snowflake"),
        offer="revenue dashboards",
        price=(4_000, 24_000),
        sender=("Laura", "Meyers"),
        postal_address="350 Fifth Avenue, New York, NY 10118",
    ),
    ClientProfile(
        id="nordwind",
        name="Nordwind Freight Systems",
        time_zone="Europe/Berlin",
        currency="EUR",
        provider_client_id=4102,
        portal_id=44623425,
        industries=("logistics & supply chain", "wholesale", "machinery", "food production"),
        bands=((16, 30), (31, 50), (51, 100), (101, 250)),
        countries=(("Germany", 5), ("Austria", 2), ("Netherlands", 3)),
        technologies=("SAP", "Microsoft Office 365", "Shopify", "DHL", "Oracle"),
        offer="freight cost audits",
        price=(6_000, 40_000),
        sender=("Jonas", "Adler"),
        postal_address="Brandstwiete 1, 20457 Hamburg",
    ),
    ClientProfile(
        id="harbour",
        name="Harbour People",
        time_zone="Europe/London",
        currency="GBP",
        provider_client_id=None,
        portal_id=148543157,
        industries=("financial services", "legal services", "accounting", "insurance"),
        bands=((31, 50), (51, 100), (101, 250), (251, 500)),
        countries=(("United Kingdom", 7), ("Ireland", 2), ("Australia", 1)),
        technologies=("Xero", "Workday", "Microsoft Office 365", "DocuSign", "BambooHR"),
        offer="interim finance hires",
        price=(3_000, 18_000),
        sender=("Amelia", "Hart"),
        postal_address="1 Poultry, London EC2R 8EJ",
    ),
    ClientProfile(
        id="solstice",
        name="Solstice Energy Desk",
        time_zone="Europe/Madrid",
        currency="EUR",
        provider_client_id=4104,
        portal_id=148543201,
        industries=("hospitality", "retail", "apparel & fashion", "consumer goods"),
        bands=((16, 30), (31, 50), (51, 100), (101, 250)),
        countries=(("Spain", 6), ("Portugal", 2), ("France", 2)),
        technologies=("Shopify", "Klaviyo", "Stripe", "Odoo", "Zendesk"),
        offer="energy contract reviews",
        price=(2_000, 12_000),
        sender=("Ines", "Molina"),
        postal_address="Calle de Alcalá 48, 28014 Madrid",
    ),
    ClientProfile(
        id="kestrel",
        name="Kestrel Security",
        time_zone="America/Denver",
        currency="USD",
        provider_client_id=4105,
        portal_id=148543307,
        industries=("hospital & health care", "education management", "real estate", "construction"),
        bands=((51, 100), (101, 250), (251, 500), (501, 1200)),
        countries=(("United States", 9), ("Canada", 1)),
        technologies=("Okta", "Cisco", "AWS", "Microsoft Azure", "Zoom"),
        offer="access reviews",
        price=(9_000, 60_000),
        sender=("Owen", "Reyes"),
        postal_address="1701 Wynkoop Street, Denver, CO 80202",
    ),
)
"""Clients, in the order in which `Params.clients` takes them."""

PLACES: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "United States": (
        ("New York", "New York", "America/New_York", "10018"),
        ("Massachusetts", "Boston", "America/New_York", "02110"),
        ("Illinois", "Chicago", "America/Chicago", "60606"),
        ("Texas", "Austin", "America/Chicago", "78701"),
        ("Colorado", "Denver", "America/Denver", "80202"),
        ("California", "San Francisco", "America/Los_Angeles", "94105"),
        ("Washington", "Seattle", "America/Los_Angeles", "98101"),
    ),
    "Canada": (
        ("Ontario", "Toronto", "America/Toronto", "M5H 2N2"),
        ("British Columbia", "Vancouver", "America/Vancouver", "V6B 1A1"),
    ),
    "Germany": (
        ("Hamburg", "Hamburg", "Europe/Berlin", "20457"),
        ("Bavaria", "Munich", "Europe/Berlin", "80331"),
        ("North Rhine-Westphalia", "Cologne", "Europe/Berlin", "50667"),
    ),
    "Austria": (("Vienna", "Vienna", "Europe/Vienna", "1010"), ("Styria", "Graz", "Europe/Vienna", "8010")),
    "Netherlands": (
        ("South Holland", "Rotterdam", "Europe/Amsterdam", "3011"),
        ("North Holland", "Amsterdam", "Europe/Amsterdam", "1012"),
    ),
    "United Kingdom": (
        ("England", "London", "Europe/London", "EC2A 4NE"),
        ("England", "Manchester", "Europe/London", "M1 1AE"),
        ("Scotland", "Edinburgh", "Europe/London", "EH2 2ER"),
    ),
    "Ireland": (("Leinster", "Dublin", "Europe/Dublin", "D02 X285"),),
    "Australia": (
        ("New South Wales", "Sydney", "Australia/Sydney", "2000"),
        ("Victoria", "Melbourne", "Australia/Melbourne", "3000"),
    ),
    "Spain": (
        ("Community of Madrid", "Madrid", "Europe/Madrid", "28001"),
        ("Catalonia", "Barcelona", "Europe/Madrid", "08002"),
    ),
    "Portugal": (("Lisbon", "Lisbon", "Europe/Lisbon", "1100-148"),),
    "France": (
        ("Île-de-France", "Paris", "Europe/Paris", "75002"),
        ("Auvergne-Rhône-Alpes", "Lyon", "Europe/Paris", "69002"),
    ),
    "Brazil": (("São Paulo", "São Paulo", "America/Sao_Paulo", "01310-100"),),
}
"""country → (state, city, IANA time zone, postal code); Brazil is in nobody's ideal profile."""

TITLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "founder_owner": ("founder", ("Founder", "Co-Founder", "Founder & CEO", "Co-Founder & CTO")),
    "chief_executive": ("c_suite", ("CEO", "Chief Executive Officer", "Managing Director")),
    "chief_officer": ("c_suite", ("Chief Operating Officer", "CFO", "Chief Marketing Officer")),
    "vice_president": ("vp", ("VP Operations", "Vice President of Sales", "VP, Marketing")),
    "head_director": ("director", ("Director of Operations", "Marketing Director", "Finance Director")),
    "manager": ("manager", ("Operations Manager", "Marketing Manager", "Procurement Manager")),
}
"""title group → (Apollo's seniority, titles). The seniority `founder` is the group `founder_owner`."""

TITLE_WEIGHTS: dict[str, int] = {
    "founder_owner": 25,
    "chief_executive": 15,
    "chief_officer": 10,
    "vice_president": 15,
    "head_director": 20,
    "manager": 15,
}
"""How common the title groups are, in percent."""

EMPLOYEE_BANDS: tuple[tuple[int, int | None], ...] = (
    (1, 5), (6, 15), (16, 30), (31, 50), (51, 100), (101, 250), (251, 500), (501, None),
)  # fmt: skip


def employee_band(count: int) -> str:
    """Return the label of the company size band that `count` employees fall in, e.g. `51-100` or `501+`."""
    for low, high in EMPLOYEE_BANDS:
        if high is None:
            return f"{low}+"
        if count <= high:
            return f"{low}-{high}"
    raise AssertionError("the last band is open")


def all_titles() -> tuple[str, ...]:
    """Return every title that people have, which is also every client's list of wanted titles."""
    return tuple(title for _, titles in TITLES.values() for title in titles)
