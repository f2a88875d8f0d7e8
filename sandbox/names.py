"""Invented names of people and companies."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES: tuple[str, ...] = _words(
    """
    Adam Agnes Alan Alice Amir Ana Andrew Anna Anton Beatriz Ben Brigitte Carla Carlos Catherine Chloe
    Claire Daniel Daria David Diana Dirk Edward Elena Elias Elsa Emil Emma Erik Eva Farid Felix Fiona
    Florian Frank Gabriel Gemma George Grace Greta Hannah Harold Helen Henrik Hugo Ian Ida Ingrid Isaac Jack
    James Jan Jane Jasmin Jean Johanna John Jonas Julia Karin Karl Katya Kevin Lara Laurent Leo Lena Liam
    Linda Lucas Lucy Magnus Marco Maria Mark Marta Martin Mathilde Max Maya Mia Michael Miguel Mina Nadia
    Nathan Nicole Nils Nina Noah Nora Oliver Olivia Omar Oscar Pablo Paul Paula Pavel Peter Priya Rafael
    Rahel Rebecca Richard Rita Robert Rosa Ruth Samir Samuel Sandra Sara Sebastian Simon Sofia Stefan Susan
    Sven Tara Thomas Tim Tobias Ursula Vera Victor Walter Wendy Yara Yusuf Zoe
    """
)

LAST_NAMES: tuple[str, ...] = _words(
    """
    Abbott Acker Albrecht Alvarez Amos Anders Archer Ashdown Bachmann Baker Barlow Bauer Becker Bennett
    Bergmann Blake Bosch Brandt Brennan Brooks Burke Calder Carver Castell Chapman Clarke Cole Conrad Cooper
    Costa Cross Cruz Dahl Dalton Daniels Dekker Delgado Dietrich Doyle Drake Duarte Eckert Ellis Engel Falk
    Faber Fischer Fletcher Ford Foster Franke Frost Fuentes Gallagher Garner Gerber Gibson Graf Grant Greene
    Haas Hale Hansen Harper Hartley Hayes Heller Henson Herrera Holt Horvath Huber Hughes Ibarra Ivers
    Jansen Jarvis Jensen Kaiser Keane Keller Kendall Kern Klein Koch Kowal Kramer Krause Lambert Lange
    Larsen Lehmann Lindner Lopez Lowe Lund Maddox Maier Marsh Meier Mendes Mercer Moreau Morris Moss Nash
    Neumann Nolan Novak Nunez Olsen Ortega Osborne Otto Page Palmer Park Patel Pearce Perez Pohl Porter
    Prado Quinn Ramos Reed Reuter Rhodes Richter Rios Roth Rowe Russo Salazar Sander Santos Schmid Schulz
    Seidel Serrano Sharp Silva Sommer Stark Stone Sutter Tanner Thorne Torres Turner Vance Vargas Vogel
    Wagner Walsh Weber Weiss Wells Winter Wolf Wright York Young Zimmer
    """
)

COMPANY_HEADS: tuple[str, ...] = _words(
    """
    Alder Amber Anchor Apex Arbor Argent Ashen Aspen Atlas Aurora Basalt Beacon Birch Blue Bold Bright
    Bronze Cedar Cinder Clear Cobalt Copper Coral Crest Crown Delta Dusk Eagle Ember Falcon Fern Flint Forge
    Gold Granite Green Harbor Hazel Heron Hill Iron Ivory Jade Juniper Keystone Lake Lark Laurel Linden
    Lumen Maple Marble Meadow Mercury Mill North Nova Oak Ocean Olive Onyx Opal Orchard Osprey Otter Pearl
    Pine Polar Prairie Quartz Raven Red Ridge River Rowan Saffron Sage Sierra Silver Slate Solar Spruce
    Stone Summit Swift Tern Thistle Tidal Timber Topaz Umber Valley Vertex Walnut Wave West Willow Wind
    """
)

COMPANY_TAILS: tuple[str, ...] = _words(
    """
    bridge brook craft crest dale field fold gate grove hall haven house lane leaf line loop mark mast mere
    path peak point port quay rise rock root sail shore side span spring stead tide trail view ward way wood
    works yard
    """
)

INDUSTRY_WORDS: dict[str, str] = {
    "computer software": "Software",
    "information technology & services": "IT",
    "internet": "Online",
    "marketing & advertising": "Media",
    "logistics & supply chain": "Logistics",
    "wholesale": "Trading",
    "machinery": "Machines",
    "food production": "Foods",
    "financial services": "Capital",
    "legal services": "Legal",
    "accounting": "Accounting",
    "insurance": "Insurance",
    "hospitality": "Hotels",
    "retail": "Retail",
    "apparel & fashion": "Apparel",
    "consumer goods": "Goods",
    "hospital & health care": "Health",
    "education management": "Academy",
    "real estate": "Property",
    "construction": "Construction",
    "sports": "Sports",
}
"""What companies of an industry append to their name."""

ROLE_MAILBOXES: tuple[str, ...] = ("info", "sales", "office", "hello", "contact")

FUNDING_STAGES: tuple[str, ...] = ("Seed", "Series A", "Series B", "Series C")
