"""Names of the score: the waterfall's columns and labels, the options of a signal, the table of scores."""

from __future__ import annotations

SIGNALS: dict[str, tuple[str, str]] = {
    "email_points": ("data_quality", "email"),
    "phone_points": ("data_quality", "phone"),
    "linkedin_points": ("data_quality", "LinkedIn profile"),
    "personal_email_points": ("data_quality", "personal email"),
    "title_points": ("authority", "title"),
    "seniority_points": ("authority", "provider's seniority"),
    "industry_points": ("company_fit", "industry in the ICP"),
    "employees_points": ("company_fit", "employees against the ICP"),
    "country_points": ("company_fit", "country against the ICP"),
    "role_points": ("timing", "new in the role"),
    "hiring_points": ("timing", "company is hiring"),
    "funding_points": ("timing", "recently funded"),
    "risk_points": ("risk", "no known risk"),
    "hard_bounce_points": ("risk", "hard bounce"),
    "unsubscribed_points": ("risk", "unsubscribed"),
    "competitor_points": ("risk", "competitor's domain"),
    "unsuitable_title_points": ("risk", "unsuitable title"),
    "buyer_points": ("boost", "has bought such services"),
    "own_posts_points": ("boost", "posts on LinkedIn"),
    "recent_post_points": ("boost", "posted lately"),
    "connections_points": ("boost", "well connected"),
    "company_posts_points": ("boost", "company posts on LinkedIn"),
    "company_followers_points": ("boost", "company is followed"),
}
"""Column of the waterfall → the component it belongs to, and its label."""

WEIGHTED = ("data_quality", "authority", "company_fit", "timing", "risk")
ACTIVITY = tuple(name for name, (group, _) in SIGNALS.items() if group == "boost" and name != "buyer_points")

TITLE_GROUPS = (
    "founder_owner",
    "chief_executive",
    "chief_officer",
    "partner_president",
    "vice_president",
    "head_director",
    "senior_manager",
    "manager",
    "other",
    "none",
)
EMAIL_STATUSES = ("verified", "catch_all", "guessed", "invalid")
SENIORITIES = (
    "owner",
    "founder",
    "c_suite",
    "partner",
    "vp",
    "head",
    "director",
    "manager",
    "senior",
    "entry",
    "intern",
)

SCORE_COLUMNS: dict[str, str] = {
    "lead_id": "uuid",
    "client_id": "uuid",
    "weights_version": "text",
    **dict.fromkeys(SIGNALS, "integer"),
    "rounding_and_cap": "integer",
    **dict.fromkeys(WEIGHTED, "integer"),
    "boosts": "integer",
    "score": "integer",
    "tier": "text",
    "als_coverage": "numeric(4,3)",
    "next_change_at": "timestamptz",
    "scored_at": "timestamptz",
}
"""scoring.als_scores, one row a pair. The signals and rounding_and_cap add up to score; data_quality … risk
are the components before weights; boosts is what was added after them; next_change_at is the first moment at
which the score may change although no input does."""
