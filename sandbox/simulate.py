"""From parameters to an agency's whole timeline: pure, seeded, the same every time."""

from __future__ import annotations

from sandbox.crm import make_crm
from sandbox.crm_extras import add_extras
from sandbox.model import Agency
from sandbox.outreach import make_campaigns, make_enrolments
from sandbox.params import Params
from sandbox.people import make_population


def simulate(params: Params | None = None) -> Agency:
    """Return the agency that `params` (default: Params()) determine, with all nights until their horizon."""
    params = params or Params()
    population = make_population(params)
    campaigns = make_campaigns(params)
    enrolments = make_enrolments(params, population, campaigns)
    client_of = {campaign.id: campaign.client for campaign in campaigns}
    crm, associations = make_crm(params, population, enrolments, client_of)
    if params.has_crm_extras:
        crm, associations = add_extras(params, (crm, associations))
    return Agency(
        params=params,
        companies=tuple(population.companies),
        people=tuple(population.people),
        campaigns=campaigns,
        enrolments=enrolments,
        crm=crm,
        associations=associations,
    )
