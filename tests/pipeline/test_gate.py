"""The gate judges metrics by rules, one line a failed check."""

from pipeline.gate import judge


def test_metrics_as_expected_pass() -> None:
    assert judge({}) == []
    metrics = {
        "rows.leads": 10,
        "repeated.leads.client_lead_id": 0,
        "null_rate.replies.lead_id": 0.05,
        "scores.outside_0_100": 0,
        "unaccounted.smartlead.main.leads": 0,
        "a metric without a rule": 99,
    }
    assert judge(metrics) == []


def test_each_rule_catches_its_fault() -> None:
    metrics = {
        "rows.leads": 10,
        "repeated.leads.client_lead_id": 2,
        "repeated.deals.deal_id": 0,
        "null_rate.replies.lead_id": 0.06,
        "null_rate.messages.sent_at": 0.001,
        "scores.outside_0_100": 1,
        "scores.not_explained": 3,
        "unaccounted.smartlead.main.leads": -1,
        "quarantine_rate.hubspot.portal.deals": 0.5,
    }
    found = {verdict.metric: verdict for verdict in judge(metrics)}
    assert {name: verdict.severity for name, verdict in found.items()} == {
        "repeated.leads.client_lead_id": "error",
        "null_rate.replies.lead_id": "warn",
        "null_rate.messages.sent_at": "error",
        "scores.outside_0_100": "error",
        "scores.not_explained": "error",
        "unaccounted.smartlead.main.leads": "error",
        "quarantine_rate.hubspot.portal.deals": "warn",
    }
    line = found["quarantine_rate.hubspot.portal.deals"].line
    assert line == "check quarantine_rate.hubspot.portal.deals: 50.0% of the records were quarantined"
