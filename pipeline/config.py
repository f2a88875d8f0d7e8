"""winnow.yml: read, filled in from the environment, validated; every error names its line and key."""

from __future__ import annotations

import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from ingestion.registry import PROVIDERS
from ingestion.signatures import SIGNING
from pipeline.accounts import Account, Section, Slug, SourceConfig, Sources
from pipeline.claude.settings import ClaudeSettings
from pipeline.money import Cost, Currency, Rate, cost_problem

SOURCES = PROVIDERS
"""`files` needs no configuration."""

WITHOUT_WEBHOOKS = ("salesforce",)

_VARIABLE = re.compile(r"\$\{(\w+)\}")


class ConfigError(Exception):
    """winnow.yml cannot be used; the message is one line per problem, each with line and key."""


class _PlacedError(ValueError):
    """Something refers to what is not there; `place` is where, from the root of the file."""

    def __init__(self, place: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.place = place


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no IANA time zone such as Europe/Berlin") from error
    return name


TimeZone = Annotated[str, AfterValidator(_time_zone)]


class Agency(Section):
    """The installation itself.

    time_zone: the zone whose Mondays begin a cohort week. key_salt: goes into every key; never change it.
    reply_window_days: days after a sequence's last step in which a reply still counts for it.
    reporting_currency: the one that amounts of several currencies are added up in. exchange_rates: what one
    unit of another currency is worth in it.
    """

    name: str
    time_zone: TimeZone = "UTC"
    key_salt: str = "winnow"
    reply_window_days: int = Field(default=14, ge=1, le=90)
    reporting_currency: Currency | None = None
    exchange_rates: dict[Currency, Rate] = Field(default_factory=dict)

    def rates(self) -> dict[str, Decimal]:
        """Return what a unit of each known currency is worth in the reporting one, if there is one."""
        if self.reporting_currency is None:
            return {}
        return {self.reporting_currency: Decimal(1), **self.exchange_rates}


class RunSettings(Section):
    """How a run behaves.

    stage_timeout_seconds: a stage that takes longer is stopped. retries: how often a transient failure of the
    warehouse is tried again; retry_wait_seconds: how long before the first of them, four times as long before
    each next one.
    """

    stage_timeout_seconds: float = Field(default=3600, gt=0)
    retries: int = Field(default=3, ge=0, le=10)
    retry_wait_seconds: float = Field(default=2, ge=0, le=60)


class Employees(Section):
    """An inclusive range of company sizes."""

    min: int = Field(default=1, ge=1)
    max: int = Field(default=1_000_000, ge=1)

    @model_validator(mode="after")
    def _ordered(self) -> Employees:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class Icp(Section):
    """A client's ideal customer profile; names are compared case-insensitively."""

    industries: tuple[str, ...] = ()
    employees: Employees | None = None
    countries: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    seniorities: tuple[str, ...] = ()
    technologies: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Icp:
        if not (self.industries or self.titles or self.countries):
            raise ValueError("give at least one of industries, titles, countries")
        return self


class Client(Section):
    """One client of the agency.

    competitors: their web domains. meetings_target: meetings to be booked for it a month. postal_address: the
    sender's, which its messages give. verified_email_only: whether nobody is written to at a guessed address.
    """

    id: Slug
    name: str
    time_zone: TimeZone = "UTC"
    icp: Icp | None = None
    competitors: tuple[str, ...] = ()
    meetings_target: int | None = Field(default=None, ge=1, le=100_000)
    postal_address: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] | None = None
    verified_email_only: bool = True


class Experiment(Section):
    """A test as it was set up: arms with their shares (which sum to 1) and the metric that decides."""

    id: Slug
    client: Slug
    campaign: str
    metric: str = "positive_reply"
    arms: dict[str, float]

    @model_validator(mode="after")
    def _shares(self) -> Experiment:
        if abs(sum(self.arms.values()) - 1) > 1e-6:
            raise ValueError(f"the shares of the arms sum to {sum(self.arms.values()):g}, not 1")
        return self


class Config(Section):
    """All of winnow.yml.

    state_dir: where ledger, decisions, load states and reports are kept; relative to the file.
    als: a file with scoring points that replace the defaults; relative to the file.
    costs: what the work costs, for the cost of a meeting.
    notify_url_env: name of the environment variable with the URL that `--notify` posts to.
    claude: who reads replies that rules are unsure of; nobody where it is not there.
    """

    agency: Agency
    state_dir: Path = Path(".winnow")
    clients: tuple[Client, ...] = ()
    sources: Sources = Sources()
    run: RunSettings = RunSettings()
    experiments: tuple[Experiment, ...] = ()
    costs: tuple[Cost, ...] = ()
    als: Path | None = None
    notify_url_env: str | None = None
    claude: ClaudeSettings | None = None

    @model_validator(mode="after")
    def _references(self) -> Config:
        known = [client.id for client in self.clients]
        if repeated := {name for name in known if known.count(name) > 1}:
            raise _PlacedError(("clients",), f"client ids must differ: {', '.join(sorted(repeated))}")
        for source in SOURCES:
            for number, account in enumerate(self.sources.accounts(source)):
                if unknown := account.mapped_clients() - set(known):
                    raise _PlacedError(
                        ("sources", source, "accounts", number),
                        f"account {account.name} maps to {', '.join(sorted(unknown))},"
                        f" which clients does not list",
                    )
                if problem := _webhook_problem(source, account):
                    raise _PlacedError(("sources", source, "accounts", number), problem)
        if self.agency.exchange_rates:
            own = self.agency.reporting_currency
            problem = "give reporting_currency, which they lead to" if own is None else ""
            if own in self.agency.exchange_rates:
                problem = f"{own} is the reporting currency; take it out"
            if problem:
                raise _PlacedError(("agency", "exchange_rates"), problem)
        for number in range(len(self.costs)):
            if wrong := cost_problem(number, self.costs, known, set(self.agency.rates())):
                raise _PlacedError(("costs", number, wrong[0]), wrong[1])
        experiments = [experiment.id for experiment in self.experiments]
        for number, experiment in enumerate(self.experiments):
            if experiment.id in experiments[:number]:
                raise _PlacedError(("experiments", number, "id"), f"{experiment.id} is the id of another one")
            if experiment.client not in known:
                raise _PlacedError(
                    ("experiments", number, "client"), f"clients does not list {experiment.client}"
                )
        return self

    def configured_sources(self) -> tuple[str, ...]:
        """Return the providers that have at least one account, in loading order."""
        return tuple(source for source in SOURCES if self.sources.accounts(source))

    def connected(self, client_id: str) -> set[str]:
        """Return the sources with an account that serves a client, and the tables that it pays extra for."""
        found: set[str] = set()
        for source in self.configured_sources():
            for account in self.sources.accounts(source):
                if client_id in (account.mapped_clients() or {client_id}):
                    found.add(source)
                    found |= {f"{source}.phones"} if account.phone_cap else set()
                    found |= {f"{source}.job_postings"} if account.organization_cap else set()
        return found

    def client(self, client_id: str) -> Client:
        """Return the client; raises ConfigError naming the known ones."""
        for client in self.clients:
            if client.id == client_id:
                return client
        known = ", ".join(client.id for client in self.clients) or "none"
        raise ConfigError(f"no client {client_id!r} in winnow.yml (known: {known})")


def load_config(path: Path) -> Config:
    """Read and validate `path`; relative paths in it become absolute. Raises ConfigError."""
    import yaml

    if not path.is_file():
        raise ConfigError(f"{path} is missing; `winnow init` writes one, or pass --config FILE")
    text = path.read_text()
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{path}:{line}: not YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{path}:1: expected keys such as agency, clients, sources")
    data = _fill_in(data, path, tree, ())
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        raise ConfigError("\n".join(_problem(path, tree, item) for item in error.errors())) from error
    base = path.resolve().parent
    return config.model_copy(
        update={
            "state_dir": base / config.state_dir,
            "als": base / config.als if config.als else None,
            "sources": _anchored(config.sources, base),
        }
    )


def _anchored(sources: Sources, base: Path) -> Sources:
    """Return the accounts with absolute folders of webhooks; URLs stay as they are."""
    found: dict[str, SourceConfig] = {}
    for source in SOURCES:
        accounts = tuple(
            account.model_copy(update={"webhooks": str(base / Path(account.webhooks).expanduser())})
            if account.webhooks and "://" not in account.webhooks
            else account
            for account in sources.accounts(source)
        )
        found[source] = SourceConfig(accounts=accounts)
    return sources.model_copy(update=found)


def _webhook_problem(source: str, account: Account) -> str | None:
    """Return why an account's webhooks cannot be as they are written, None where they can."""
    if account.webhooks and source in WITHOUT_WEBHOOKS:
        return f"webhooks: {source} sends none; take it out"
    if account.webhook_secret_env and source not in SIGNING:
        return f"webhook_secret_env: {source} does not sign its webhooks; take it out"
    if account.webhook_secret_env and not account.webhooks:
        return "webhook_secret_env: there are no webhooks; name their folder in webhooks"
    return None


def _fill_in(value: Any, path: Path, tree: Any, place: tuple[str | int, ...]) -> Any:
    """Replace `${NAME}` by the environment's value in every string."""
    if isinstance(value, dict):
        return {key: _fill_in(item, path, tree, (*place, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill_in(item, path, tree, (*place, i)) for i, item in enumerate(value)]
    if not isinstance(value, str):
        return value

    def look_up(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            key = ".".join(map(str, place))
            raise ConfigError(f"{path}:{_line(tree, place)}: {key}: environment variable {name} is not set")
        return os.environ[name]

    return _VARIABLE.sub(look_up, value)


def _problem(path: Path, tree: Any, item: Any) -> str:
    place = tuple(item["loc"])
    cause = item.get("ctx", {}).get("error")
    if isinstance(cause, _PlacedError):
        place = cause.place
    key = ".".join(map(str, place)) or "winnow.yml"
    message = item["msg"].removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        message = "unknown key"
    elif item["type"] == "missing":
        message = "is missing"
    return f"{path}:{_line(tree, place)}: {key}: {message}"


def _line(tree: Any, place: tuple[str | int, ...]) -> int:
    """Return the 1-based line of the deepest part of `place` that the file has."""
    node, line = tree, int(tree.start_mark.line) + 1
    for step in place:
        if isinstance(step, int) and isinstance(node.value, list) and step < len(node.value):
            node = node.value[step]
            line = int(node.start_mark.line) + 1
            continue
        pairs = node.value if isinstance(node.value, list) else []
        found = next((pair for pair in pairs if isinstance(pair, tuple) and pair[0].value == str(step)), None)
        if found is None:
            return line
        line, node = int(found[0].start_mark.line) + 1, found[1]
    return line
