"""How bad, how soon, how sure: three answers kept apart, each with the words that decided it.

Source: docs/codebook.md#severity; CAP 1.2 (OASIS, 2010) for the three axes; the stages of a
policy after 001#III.1 (draft rules are worth hearing of while they can still be commented on).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from monitor.domain import TAGS, Assessment, Certainty, FeedKind, Judgement, Severity, Stage, Text, Trust, Urgency
from monitor.i18n import N_

SUMMARY_MOST = 400  # characters: what decides stands at the beginning

_OFFICIAL_KINDS = frozenset({FeedKind.POLICY, FeedKind.REGULATOR, FeedKind.SANCTIONS})

# Each cue: spaced scripts as whole words (a trailing * lets the word go on), Chinese as it stands.
_CUES: dict[str, tuple[str, str]] = {
    "denied": ("denie*, dismisses report*, rejects report*, refutes", "否认, 辟谣, 不实"),
    "withdrawn": (
        "withdraw* proposed, withdraws proposal, withdraws rule, rescind*, revok*, repeal*, withdrawal of proposed",
        "撤回, 废止, 撤销, 取消了",
    ),
    "permission": (  # taken away it is a measure, not news that is taken back
        "licence*, license*, permits, operating permit*, export permit*, waiver*, visa*, registration*, exemption*, "
        "accreditation*, authorisation*, authorization*, clearance*, trade status, certificat*",
        "许可, 牌照, 执照, 资质, 豁免, 签证, 注册, 资格, 认证, 待遇",
    ),
    "over": (
        "reopen*, resum*, strike ends, called off, calls off, lifted, lifts, ceasefire, truce, "
        "restored, eases, delist*",
        "恢复, 解除, 复工, 停火, 重新开放, 移出",
    ),
    "rumour": (
        "reportedly, rumour*, rumor*, sources say, sources said, people familiar, unconfirmed, said to, is said",
        "据传, 传闻, 消息人士, 知情人士, 网传, 或将, 疑似",
    ),
    "proposal": (
        "propos*, draft, drafts, bill, plans to, planning to, consider*, mull*, weigh*, eyes, seeks, "
        "seeking, could, may,"
        " might, threat*, warn*, vow*, pledge*, urge*, call for, calls for, push for, wants, looks to, "
        "if, advance notice",
        "拟, 草案, 威胁, 考虑, 可能, 计划, 警告, 提议, 呼吁, 敦促, 酝酿, 建议, 将对, 若, 如果",
    ),
    "consultation": (
        "consult*, comment period, request for comment*, comments until, public comment*, feedback on",
        "征求意见, 公开征集, 意见稿",
    ),
    "adopted": (
        "adopt*, approv*, pass, passes, passed, final rule, impos*, signs, signed, orders, ordered, "
        "enact*, launch*, slap*,"
        " determination, designat*, sanctions regulations, blacklist*, rules that, fined, fines, agreed",
        "通过, 批准, 公布, 发布, 决定, 宣布, 列入, 加征, 印发, 出台, 处罚",
    ),
    "in_force": (
        "takes effect, take effect, took effect, in force, into force, effective, comes into, "
        "enters into, as of, starts charging,"
        " begins, from today, now required",
        "生效, 施行, 实施, 起执行, 正式执行, 自即日起, 开始执行",
    ),
    "happening": (
        "halt*, suspend*, shut, shuts, shutdown, closed, closes, closure, clash*, attack*, struck, hit, "
        "hits, explo*, fire,"
        " strike, strikes, striking, walk out, walkout, block*, seiz*, strand*, disrupt*, outage*, "
        "escalat*, killed, kills,"
        " bomb*, shell*, missile*, drone*, evacuat*, flood*, quake, earthquake, typhoon, hurricane, storm, drought,"
        " shortage*, ration*, soar*, surg*, spik*, jump*, plung*, insolven*, bankrupt*, expel*, "
        "recall*, riot*, protest*",
        "停产, 停工, 停航, 停运, 暂停, 关闭, 袭击, 打击, 空袭, 爆炸, 火灾, 罢工, 封锁, 扣押, 中断, 瘫痪, 冲突, 升级,"
        " 导弹, 无人机,"
        " 疏散, 洪水, 洪灾, 地震, 台风, 干旱, 短缺, 限电, 暴涨, 飙升, 破产, 驱逐, 召回, 骚乱, 抗议",
    ),
    "stopped": (
        "halt*, suspend*, shut, shuts, shutdown, closed, closes, closure*, standstill, paralys*, paralyz*, "
        "force majeure, stranded, stops, stopped, cut off",
        "停产, 停工, 停航, 停运, 暂停, 关闭, 中断, 瘫痪, 封锁, 滞留, 不可抗力",
    ),
    "broad": (
        "nationwide, national, worldwide, global*, all imports, all exports, sweeping, blanket, "
        "across the, major, biggest,"
        " largest, record, massive, severe, widespread, billion, million, thousands, hundreds, dozens, "
        "region*, industry-wide,"
        " full-scale, total, unprecedented, criminal",
        "全国, 全球, 全面, 大规模, 大范围, 所有, 最大, 严重, 重大, 亿, 万, 多国, 多地, 全部, 史上, 创纪录",
    ),
    "grave": (
        "war, invasion, invades, invaded, blockade, coup, martial law, state of emergency, airstrike*, "
        "air strike*, missile strike*,"
        " ground offensive, strait, nationwide strike, general strike, embargo, nationwide blackout, "
        "paralysed, paralyzed,"
        " force majeure, lockdown, mobilis*, mobiliz*, default, standstill",
        "战争, 开战, 入侵, 海峡, 政变, 戒严, 紧急状态, 禁运, 全面封锁, 封城, 不可抗力, 全国大停电, 总罢工, 全面停",
    ),
    "routine": (
        "review, reviews, guidance, procedures, clarification*, correction, amend*, scheduling, "
        "initiation, report, analysis,"
        " analysts, why, how, what, opinion, explain*, interview, technical, talks, diploma*, condemn*, "
        "complain*, criticis*",
        "会谈, 表示, 称, 回应, 评论, 分析, 指南, 解读, 谴责, 抗议, 敦促, 警示函",
    ),
}


@dataclass(frozen=True, slots=True)
class Cues:
    """The kinds of cue that stand in a text."""

    found: frozenset[str]

    def __getitem__(self, kind: str) -> bool:
        return kind in self.found


def cues_in(text: Text) -> Cues:
    """The kinds of cue in title and the beginning of the summary."""
    raw = f"{text.title} . {text.summary[:SUMMARY_MOST]}".lower()
    automaton, cues = _searched()
    found: set[str] = set()
    for number, start, _end in automaton.find_matches_as_indexes(raw, overlapping=True):
        for kind, whole in cues[number]:
            if kind not in found and (whole is None or (whole.match(raw, start) and not _in_word(raw, start))):
                found.add(kind)
    return Cues(frozenset(found))


def _in_word(raw: str, start: int) -> bool:
    before = raw[start - 1 : start]
    return before == "_" or before.isalnum()


@cache
def _searched() -> tuple[Any, list[list[tuple[str, re.Pattern[str] | None]]]]:
    """All cues as one automaton, so that a text is read once: for each of its words the kinds of cue that it begins,
    and for spaced scripts the whole cue, which has to stand there as words of its own.
    """
    from ahocorasick_rs import AhoCorasick

    begins: dict[str, list[tuple[str, re.Pattern[str] | None]]] = {}
    for kind, (spaced, chinese) in _CUES.items():
        for cue in (word.strip() for word in spaced.split(",")):
            whole = re.compile(re.escape(cue).replace(r"\*", r"\w*") + r"\b")
            begins.setdefault(cue.partition("*")[0], []).append((kind, whole))
        for cue in (word.strip() for word in chinese.split(",")):
            begins.setdefault(cue, []).append((kind, None))
    return AhoCorasick(list(begins)), list(begins.values())


def assess(text: Text, judgement: Judgement, *, trust: Trust, kind: FeedKind) -> Assessment:
    """Severity, urgency, certainty and stage of a judged text, with reasons."""
    if not judgement.labels:
        return Assessment()
    cues = cues_in(text)
    stage, why_stage = _stage(cues)
    certainty, why_certainty = _certainty(cues, stage, official=trust is Trust.OFFICIAL or kind in _OFFICIAL_KINDS)
    urgency = _urgency(cues, stage)
    severity, why_severity = _severity(cues, stage, judgement)
    reasons = tuple(reason for reason in (*why_severity, why_stage, why_certainty) if reason)
    return Assessment(severity=severity, urgency=urgency, certainty=certainty, stage=stage, reasons=reasons)


def _severity(cues: Cues, stage: Stage | None, judgement: Judgement) -> tuple[Severity, tuple[str, ...]]:
    """Points towards warning and towards critical, added up: at 0 a step is as likely as not."""
    found = [name for name, holds in _facts(cues, stage, judgement).items() if holds]
    warning = sum((_POINTS[name][0] for name in found), start=_START[0])
    critical = sum((_POINTS[name][1] for name in found), start=_START[1])
    severity = Severity.WATCH if warning < 0 else Severity.WARNING if critical < 0 else Severity.CRITICAL
    side = 1 if severity > Severity.WATCH else -1
    telling = sorted((name for name in found if name in _SAID), key=lambda name: -side * _POINTS[name][0])
    said = [_SAID[name] for name in telling if side * _POINTS[name][0] > 0]
    return severity, tuple(said[:3]) or (N_("local, or of small scope"),)


def _facts(cues: Cues, stage: Stage | None, judgement: Judgement) -> dict[str, bool]:
    early = bool(cues["proposal"] or cues["consultation"]) and not (cues["in_force"] or cues["adopted"])
    return {
        **{name: bool(cues[name]) for name in _CUES if name in _POINTS},
        "early": early,
        "grave happening": bool(cues["grave"] and cues["happening"]),
        "broad happening": bool(cues["broad"] and cues["happening"]),
        "eases": bool(cues["over"] and not cues["grave"]),
        **{tag.value: tag in judgement.labels for tag in TAGS},
        "several tags": len(judgement.labels) > 1,
    }


# Points towards (warning, critical): a logistic regression over the seeds' own severities, weighed to
# the shares 60, 33 and 7 of a hundred that watch, warning and critical have among risks in the news; rounded.
_START = (-1.9, -5.3)
_POINTS = {
    "denied": (-0.6, -0.1),
    "proposal": (-0.8, -0.6),
    "consultation": (-1.2, -0.2),
    "adopted": (0.3, 0.4),
    "in_force": (1.2, 1.2),
    "happening": (0.3, 0.5),
    "stopped": (0.8, 1.0),
    "broad": (0.9, 1.7),
    "grave": (0.0, 0.6),
    "routine": (-0.1, -0.3),
    "early": (-0.4, -0.7),
    "grave happening": (1.0, 1.0),
    "broad happening": (0.1, -0.1),
    "eases": (-0.5, -0.1),
    "geopolitical": (0.3, 0.7),
    "compliance": (0.6, 0.3),
    "supply_chain": (1.7, 1.3),
    "several tags": (1.8, 1.2),
}
_SAID = {
    "denied": N_("denied"),
    "consultation": N_("still open for comment"),
    "early": N_("early: proposed, threatened or talked of"),
    "eases": N_("it eases"),
    "in_force": N_("in force"),
    "adopted": N_("decided"),
    "happening": N_("under way"),
    "stopped": N_("something stands still"),
    "broad": N_("wide in scope"),
    "grave happening": N_("severe and happening now"),
    "supply_chain": N_("supply or transport is hit"),
    "several tags": N_("several kinds of risk at once"),
}


def _stage(cues: Cues) -> tuple[Stage | None, str]:
    if cues["consultation"]:
        return Stage.CONSULTATION, N_("stage: consultation")
    if cues["in_force"]:
        return Stage.IN_FORCE, N_("stage: in force")
    if cues["adopted"]:
        return Stage.ADOPTED, N_("stage: adopted")
    if cues["proposal"]:
        return Stage.PROPOSAL, N_("stage: proposal")
    return None, ""


def _certainty(cues: Cues, stage: Stage | None, *, official: bool) -> tuple[Certainty, str]:
    if cues["denied"]:
        return Certainty.DENIED, N_("certainty: denied")
    if cues["withdrawn"] and not cues["permission"]:
        return Certainty.WITHDRAWN, N_("certainty: withdrawn")
    if cues["rumour"] and not official:
        return Certainty.RUMOUR, N_("certainty: a rumour")
    if official:
        in_force = stage is Stage.IN_FORCE
        return (
            (Certainty.IN_FORCE, N_("certainty: in force"))
            if in_force
            else (Certainty.OFFICIAL, N_("certainty: official"))
        )
    return Certainty.REPORTED, N_("certainty: reported")


def _urgency(cues: Cues, stage: Stage | None) -> Urgency:
    if cues["over"] and not cues["grave"]:
        return Urgency.PAST
    if cues["happening"] or stage is Stage.IN_FORCE:
        return Urgency.IMMEDIATE
    if stage in (Stage.ADOPTED, Stage.PUBLISHED):
        return Urgency.EXPECTED
    return Urgency.FUTURE if stage else Urgency.UNKNOWN
