"""The names people read for the codes the product works with, in the recipient's language."""

from __future__ import annotations

import re
from functools import lru_cache
from gettext import NullTranslations

from monitor.domain import AlertState, Certainty, DayLevel, DeadlineKind, Level, Reason, Severity, Silence, Stage, Tag
from monitor.i18n import N_, base_language

LEVELS = {
    Level.RED: N_("Red"),
    Level.ORANGE: N_("Orange"),
    Level.YELLOW: N_("Yellow"),
    Level.BLUE: N_("Blue"),
}
MARKS = {Level.RED: "▲▲▲▲", Level.ORANGE: "▲▲▲△", Level.YELLOW: "▲▲△△", Level.BLUE: "▲△△△"}
LEVEL_CODES = (N_("red"), N_("orange"), N_("yellow"), N_("blue"))  # Level.word, as lists on the terminal show it
STATES = {
    AlertState.OPEN: N_("open"),
    AlertState.ACKNOWLEDGED: N_("acknowledged"),
    AlertState.ESCALATED: N_("escalated"),
    AlertState.CLOSED: N_("closed"),
    AlertState.DISMISSED: N_("dismissed"),
}
TROUBLES = (  # of feeds, as they are recorded; looked up where they are shown
    *(N_("asks for a password (401)"), N_("refuses us (403)"), N_("not found (404)"), N_("gone for good (410)")),
    *(N_("asks us to come less often (429)"), N_("not available now (503)"), N_("the address is malformed")),
    *(N_("the name is not known"), N_("does not answer"), N_("took too long"), N_("redirects without end")),
    *(N_("closed the connection without an answer"), N_("broke the connection"), N_("does not speak HTTP")),
    *(N_("ended before its announced length"), N_("no secure connection could be made")),
    *(N_("its certificate is not valid"), N_("leads to an address that is not http or https")),
    *(N_("the address is not http or https"), N_("the answer is empty")),
    *(N_("these are packed or binary data, not a feed"), N_("this JSON Feed has no list of items")),
    N_("this is JSON, but not a JSON Feed: look for the feed's address on the publisher's page"),
    *(N_("reading this feed takes more memory than allowed"), N_("parsing was ended before this feed's turn")),
)
TAG_WORDS = {
    Tag.GEOPOLITICAL: N_("Geopolitical"),
    Tag.COMPLIANCE: N_("Compliance"),
    Tag.SUPPLY_CHAIN: N_("Supply chain"),
}
SEVERITIES = {
    Severity.WATCH: N_("worth watching"),
    Severity.WARNING: N_("serious"),
    Severity.CRITICAL: N_("critical"),
}
CERTAINTIES = {
    Certainty.RUMOUR: N_("rumour"),
    Certainty.REPORTED: N_("reported"),
    Certainty.OFFICIAL: N_("official"),
    Certainty.IN_FORCE: N_("in force"),
    Certainty.DENIED: N_("denied"),
    Certainty.WITHDRAWN: N_("withdrawn"),
}
REASONS = {
    Reason.FIRST: N_("New"),
    Reason.WORSENED: N_("Worsened"),
    Reason.REMINDED: N_("Reminder"),
    Reason.ESCALATED: N_("Escalated to you"),
    Reason.DUE_SOON: N_("Due soon"),
    Reason.CORRECTED: N_("Corrected"),
    Reason.WITHDRAWN: N_("Withdrawn"),
}
DEADLINES = {
    DeadlineKind.COMMENTS: N_("comments until"),
    DeadlineKind.TRANSITION: N_("transition until"),
    DeadlineKind.IN_FORCE: N_("in force from"),
    DeadlineKind.COVER_NOTICE: N_("insurer to be told by"),
}
STAGES = {
    Stage.PROPOSAL: N_("proposal"),
    Stage.CONSULTATION: N_("consultation"),
    Stage.ADOPTED: N_("adopted"),
    Stage.PUBLISHED: N_("published"),
    Stage.IN_FORCE: N_("in force"),
}
TOPICS = {
    "geopolitical.sanctions": N_("sanctions"),
    "geopolitical.export_control": N_("export controls"),
    "geopolitical.trade_conflict": N_("tariffs between states"),
    "geopolitical.investment_security": N_("national-security bans and reviews"),
    "geopolitical.conflict": N_("armed conflict"),
    "geopolitical.unrest": N_("unrest"),
    "geopolitical.relations": N_("diplomatic ties"),
    "geopolitical.expropriation": N_("expropriation"),
    "geopolitical.boycott": N_("boycotts"),
    "compliance.trade_remedy": N_("trade remedies"),
    "compliance.customs": N_("customs and tax"),
    "compliance.data": N_("data and digital rules"),
    "compliance.labour": N_("labour law"),
    "compliance.product": N_("product rules"),
    "compliance.competition": N_("competition law"),
    "compliance.integrity": N_("bribery, laundering and fraud"),
    "compliance.carbon": N_("carbon and environment"),
    "compliance.due_diligence": N_("due diligence and forced labour"),
    "compliance.capital": N_("currency, capital and licences"),
    "supply_chain.strike": N_("strikes"),
    "supply_chain.transport": N_("routes and freight"),
    "supply_chain.shortage": N_("shortages of inputs and energy"),
    "supply_chain.plant": N_("plants and accidents"),
    "supply_chain.disaster": N_("natural disasters and epidemics"),
    "supply_chain.insolvency": N_("insolvencies"),
    "supply_chain.cyber": N_("cyber attacks and outages"),
}
# The reasons that warn gives, stored in English with the alert and translated where they are shown.
REASON_SENTENCES = (
    N_("this profile hears of everything that is flagged"),
    N_("one step lower: denied"),
    N_("one step lower: withdrawn"),
    N_("one step lower: a rumour in one feed"),
    N_("one step lower: it is over"),
    N_("no country"),
    N_("it names none of your sites, suppliers, routes, laws, products, brands or sectors"),
)
# The answers of `monitor why` and the words around them, shown on the terminal and the page.
ANSWERS = (
    N_("not judged yet"),
    N_("no alert: no tag reached its threshold"),
    N_("no alert: it was there before the watch began, or is old news"),
    N_("no alert: it does not concern this profile"),
    N_("no alert: milder than this profile wants to hear of"),
    N_("no alert: decided before this profile was written"),
    N_("held back: over the daily budget"),
    N_("alert"),
    N_("Profile"),
    N_("unsure"),
    N_("waits for the digest"),
)
DEFAULT_TITLE = N_("Everything flagged")
_LISTED = re.compile(r"(tag|country|keyword): (.+?)(?P<points> \+\d+)?")
_YOURS = {
    "site": N_("your site: {names}"),
    "supplier": N_("your supplier: {names}"),
    "law": N_("a law you live under: {names}"),
    "route": N_("your route or port: {names}"),
    "product": N_("your product: {names}"),
    "brand": N_("your brand: {names}"),
    "sector": N_("your sector: {names}"),
    "exposure": N_("{names} of your business lies there"),
}
_OF_YOURS = re.compile(rf"({'|'.join(_YOURS)}): (.+?)(?P<points> \+\d+)?")
_REFUSED = (
    (re.compile(r"none of its tags \((?P<names>.*)\) is among yours"), N_("none of its tags ({names}) is among yours")),
    (
        re.compile(r"it lies in (?P<where>.*), outside your countries \((?P<names>.*)\)"),
        N_("it lies in {where}, outside your countries ({names})"),
    ),
    (
        re.compile(r"it is about (?P<names>.*), none of your sectors"),
        N_("it is about {names}, none of your sectors"),
    ),
    (
        re.compile(r"it is about (?P<names>.*), none of your laws"),
        N_("it is about {names}, none of your laws"),
    ),
    (
        re.compile(r"it is about (?P<names>.*), none of your ports"),
        N_("it is about {names}, none of your ports"),
    ),
    (
        re.compile(r"it is a tariff on goods of (?P<names>.*), which yours are not"),
        N_("it is a tariff on goods of {names}, which yours are not"),
    ),
    (
        re.compile(r"none of your keywords \((?P<names>.*)\) stands in it"),
        N_("none of your keywords ({names}) stands in it"),
    ),
)
_BURST_TITLE = re.compile(r"(?P<brand>.+): (?P<n>\d+) mentions on (?P<day>\d{4}-\d\d-\d\d)")
_BRAND = (
    (
        re.compile(r"named (?P<n>\d+) times; its own past lets expect (?P<expected>[\d.]+), at most (?P<most>[\d.]+)"),
        N_("named {n} times; its own past lets expect {expected}, at most {most}"),
    ),
    (
        re.compile(r"tone: (?P<negative>\d+) negative, (?P<positive>\d+) positive"),
        N_("tone: {negative} negative, {positive} positive"),
    ),
)
_LEVEL = (
    (
        re.compile(
            r"(?P<n>\d+) stories on (?P<day>\S+); its own past lets expect (?P<expected>\S+), at most (?P<most>\S+)"
        ),
        N_("{n} stories on {day}; its own past lets expect {expected}, at most {most}"),
    ),
)
_MODEL = re.compile(
    r"(?P<version>\S+) \((?P<tier>exact|fast) tier, (?P<n>\d+) examples, macro-F1 (?P<f1>\S+) in cross-validation\)"
)
_TIERS = (N_("exact tier"), N_("fast tier"))
_FIGURE = re.compile(r"(?P<feeds>\d+) feeds report it|severity (?P<severity>\d)")


def mark(level: Level) -> str:
    """Four triangles, as many filled as the level is high: reads without colour."""
    return MARKS[level]


def level_word(level: Level, say: NullTranslations) -> str:
    return say.gettext(LEVELS[level])


def state_word(state: AlertState, say: NullTranslations) -> str:
    return say.gettext(STATES[state])


def tag_word(tag: Tag, say: NullTranslations) -> str:
    return say.gettext(TAG_WORDS[tag])


def reason_word(reason: Reason, say: NullTranslations) -> str:
    return say.gettext(REASONS[reason])


def severity_word(severity: Severity, say: NullTranslations) -> str:
    """Empty for no severity."""
    return say.gettext(SEVERITIES[severity]) if severity in SEVERITIES else ""


def certainty_word(certainty: Certainty, say: NullTranslations) -> str:
    return say.gettext(CERTAINTIES[certainty])


def deadline_word(kind: DeadlineKind, say: NullTranslations) -> str:
    return say.gettext(DEADLINES[kind])


def stage_word(stage: Stage | None, say: NullTranslations) -> str:
    """Empty where no stage was read."""
    return say.gettext(STAGES[stage]) if stage else ""


def topic_word(topic: str, say: NullTranslations) -> str:
    """The topic's name; of one we have no word for, its id without the tag."""
    if topic in TOPICS:
        return say.gettext(TOPICS[topic])
    return topic.rpartition(".")[2].replace("_", " ")


def country_word(code: str, language: str) -> str:
    """The country's name as CLDR has it; the code itself where it has none."""
    return _territories(base_language(language)).get(code.upper(), code)


@lru_cache(maxsize=4)
def _territories(language: str) -> dict[str, str]:
    from babel import Locale  # loads a big table: only when a mail names a country

    return dict(Locale.parse(language).territories)


def sentences(parts: list[str] | tuple[str, ...], say: NullTranslations) -> str:
    """Parts that are sentences of their own, set apart."""
    return say.pgettext("between sentences of a list", "; ").join(parts)


def joined(parts: list[str] | tuple[str, ...], say: NullTranslations) -> str:
    """Parts of a list, the way the language sets them apart."""
    return say.pgettext("between parts of a list", ", ").join(parts)


def labelled(label: str, value: str, say: NullTranslations) -> str:
    """`Why: …`, with the colon the language uses."""
    return say.gettext("{label}: {value}").format(label=label, value=value)


_WEEKDAYS = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)


def silence_words(found: Silence, say: NullTranslations) -> str:
    """Why a feed is called silent: what is usual, what came, and how rare that is."""
    figures = {
        "usual": f"{found.usual:.0f}" if found.usual >= 10 else f"{found.usual:g}",
        "day": say.gettext(_WEEKDAYS[found.weekday]),
        "hour": f"{found.hour:02}:00",
        "hours": f"{found.hours:.0f}",
        "found": found.found,
        "n": f"{found.once_in:,}",
    }
    if found.found:
        form = say.gettext("usually {usual} items in a week, now {found}; happens once in {n} such weeks")
    else:
        form = say.gettext(
            "usually {usual} items by {day} {hour} UTC, none for {hours} h; happens once in {n} such spans"
        )
    return form.format(**figures)


def why(reason: str, say: NullTranslations, language: str) -> str:
    """A stored reason such as `country: DE`, in the reader's words; one we do not know stays as it is."""
    if listed := _LISTED.fullmatch(reason) or _OF_YOURS.fullmatch(reason):
        return _yours(listed[1], listed[2].split(", "), say, language) + _points(listed["points"], say)
    if figure := _FIGURE.fullmatch(reason):
        if figure["feeds"]:
            return say.gettext("{n} feeds report it").format(n=figure["feeds"])
        return say.gettext("severity {n} of 3").format(n=figure["severity"])
    for pattern, sentence in (*_REFUSED, *_BRAND, *_LEVEL):
        if refused := pattern.fullmatch(reason):
            parts = {name: say.gettext(value) for name, value in refused.groupdict().items()}
            return say.gettext(sentence).format(**parts)
    return say.gettext(reason) if reason else ""


def headline(title: str, say: NullTranslations) -> str:
    """An alert's title in the reader's language where it is ours, that of a brand's burst; else as published."""
    if found := _BURST_TITLE.fullmatch(title):
        return say.gettext("{brand}: {n} mentions on {day}").format(**found.groupdict())
    return title


def level_facts(row: DayLevel, say: NullTranslations) -> str:
    """What the level of a country and tag rests on, its formula in figures, and tomorrow's forecast with its error."""
    counted = say.ngettext(
        "{n} story, {expected} expected, at most {most}", "{n} stories, {expected} expected, at most {most}", row.count
    ).format(n=row.count, expected=f"{row.expected:.1f}", most=f"{row.upper:.1f}")
    tomorrow = say.gettext("tomorrow {forecast}, wrong by {error} on average so far").format(
        forecast=f"{row.forecast:.1f}", error=f"{row.error:.1f}"
    )
    return sentences([counted, *(say.gettext(reason) for reason in row.reasons), tomorrow], say)


def _yours(kind: str, values: list[str], say: NullTranslations, language: str) -> str:
    if kind == "tag":
        named = [say.gettext(TAG_WORDS[Tag(v)]) if v in set(Tag) else v for v in values]
        return say.gettext("your tag: {names}").format(names=joined(named, say))
    if kind == "country":
        named = [country_word(v, language) for v in values]
        return say.gettext("your country: {names}").format(names=joined(named, say))
    if kind == "keyword":
        return say.gettext("your keyword: {names}").format(names=joined(values, say))
    named = list(dict.fromkeys(name_word(kind, v, language) for v in values))  # C29 and HS87 have one name
    return say.gettext(_YOURS[kind]).format(names=joined(named, say))


def model_word(line: str, say: NullTranslations) -> str:
    """What `artefact.describe` says of a classifier, in the reader's language."""
    found = _MODEL.fullmatch(line)
    if not found:
        return line
    form = N_("{version} ({tier}, {n} examples, macro-F1 {f1} in cross-validation)")
    tier = _TIERS[found["tier"] == "fast"]
    return say.gettext(form).format(**found.groupdict() | {"tier": say.gettext(tier)})


def name_word(kind: str, name: str, language: str) -> str:
    """What a route, law or sector of our tables is called in the reader's language; any other name as written."""
    from monitor.warn import tables  # reads a file: only when a reason names one

    table = {"route": tables.routes, "law": tables.laws, "sector": tables.sectors}.get(kind)
    entry = table().get(name) if table else None
    if entry is None:
        return name
    return entry.chinese if base_language(language) == "zh" else entry.english


def _points(found: str | None, say: NullTranslations) -> str:
    return say.gettext(" ({points} points)").format(points=found.strip()) if found else ""
