"""What people found, as a page and as tables for the terminal."""

from __future__ import annotations

from datetime import datetime

from ...reports import Block, Facts, Figure, Report, Section, Table, Text
from ...reports.charts import Bar, intervals
from ..evaluation.agreement import Coefficient
from ..evaluation.judgement import PREFERENCE
from ..evaluation.page import counted
from ..use_case import Table as PlainTable
from .findings import Duel, Findings

RELIABLE, TENTATIVE = 0.8, 0.667
"""Alpha for conclusions, and for tentative ones (Krippendorff, 2004, "Content Analysis", page 241)."""
_BIASED = 0.01  # of the p-value of a side: several people are tested


def tables(found: Findings) -> list[PlainTable]:
    """Give who is preferred, how far people agree, and who took part."""
    return [_preferences(found), *([_agreements(found)] if found.agreement else []), _people(found)]


def remarks(found: Findings) -> list[str]:
    """Say in words what was found, and what it can't tell."""
    told = [f"{duel.b} against {duel.a}: {one}" for duel in found.duels for one in duel.comparisons.values()]
    if found.rated < found.items:
        told.append(f"{found.items - found.rated} of {counted(found.items, 'pair')} are not rated yet")
    if len(found.annotators) == 1:
        told.append(f"agreement can't be told: {found.annotators[0].name} alone has rated; a second person would tell")
    told += [f"{one.about}: {_reliability(one)}" for one in found.agreement if _is_headline(one)]
    for one in found.annotators:
        if one.p_value < _BIASED:
            side = "left" if 2 * one.left > one.decided else "right"
            count = max(one.left, one.decided - one.left)
            told.append(f"{one.name} prefers the {side} side: {count} of {one.decided} (p = {one.p_value:.2g})")
    return told


def human_page(found: Findings) -> Report:
    """Lay out the page of a task."""
    bars = [Bar(_label(duel, found), *duel.win_rate) for duel in found.duels]
    alt = "; ".join(f"{one.name} {one.value:.2f}" for one in bars)
    caption = f"How often the second model is preferred, ties halved, with {found.pair_level:.4g} intervals"
    words = Text("\n\n".join(f"{one}." for one in remarks(found)))
    sections = [
        Section("Preference", [words, Figure(intervals(bars), caption, alt), _laid(_preferences(found))]),
        Section("Scales", _scales(found)),
        Section("Agreement", _agreement(found)),
        Section("People", [_laid(_people(found))]),
        Section("What people wrote", _comments(found)),
        Section("How it was made", [_facts(found)]),
    ]
    shown = [one for one in sections if one.blocks]
    created = datetime.fromisoformat(found.created)
    return Report(f"Human evaluation {found.task.name}", f"{remarks(found)[0]}.", shown, created)


def _label(duel: Duel, found: Findings) -> str:
    return duel.b if len(found.duels) == 1 else f"{duel.b} / {duel.a}"


def _preferences(found: Findings) -> PlainTable:
    rows = []
    for duel in found.duels:
        rate, low, high = duel.win_rate
        one = duel.comparisons[PREFERENCE]
        between = "" if low is None or high is None else f"{low:.3f} to {high:.3f}"
        counts = f"{duel.wins_a} / {duel.ties} / {duel.wins_b}"
        rows.append((duel.a, duel.b, counts, str(duel.same), f"{rate:.3f}", between, one.verdict, str(one.rows)))
    title = f"Which answers people prefer, {found.ratings} ratings by {len(found.annotators)}"
    header = ("first", "second", "first / tie / second", "same", "wins of second", "interval", "second is", "n")
    return PlainTable(title, header, tuple(rows))


def _agreements(found: Findings) -> PlainTable:
    rows = tuple((one.about, one.name, *_shown(one), str(one.items)) for one in found.agreement)
    return PlainTable("How far people agree", ("of", "measure", "value", f"{found.level:.0%} interval", "n"), rows)


def _people(found: Findings) -> PlainTable:
    rows = [(one.name, str(one.ratings), str(one.ties), f"{one.left} of {one.decided}") for one in found.annotators]
    return PlainTable("Who took part", ("person", "ratings", "ties", "left side preferred"), tuple(rows))


def _scales(found: Findings) -> list[Block]:
    rows = [
        (duel.a, duel.b, one.label, one.first, one.second, one.difference, one.interval, one.verdict)
        for duel in found.duels
        for name, one in duel.comparisons.items()
        if name != PREFERENCE
    ]
    header = ("first", "second", "scale", "first, points", "second, points", "difference", "interval", "second is")
    explained = "\n\n".join(f"{name.capitalize()}: {told}" for name, told in found.task.scales.items())
    return [Table(header, rows), Text(explained)] if rows else []


def _agreement(found: Findings) -> list[Block]:
    if not found.agreement:
        return [Text("One person alone has rated: a second one would tell how far people agree.")]
    bars = [
        Bar(one.about, one.value, one.low, one.high)
        for one in found.agreement
        if one.value is not None and _is_headline(one)
    ]
    told = f"1 is always, 0 is as by chance. From {RELIABLE} on conclusions are safe, from {TENTATIVE} on tentative."
    alt = "; ".join(f"{one.name} {one.value:.2f}" for one in bars)
    drawn: list[Block] = [Figure(intervals(bars), "Krippendorff's alpha with its intervals", alt)] if bars else []
    return [Text(told), *drawn, _laid(_agreements(found))]


def _comments(found: Findings) -> list[Block]:
    return [Table((found.task.row, "person", "comment"), found.comments)] if found.comments else []


def _facts(found: Findings) -> Facts:
    several = "each pair of models has wider intervals, so that all hold together"
    return Facts(
        {
            "models": ", ".join(found.task.models),
            f"{found.task.row}s from": found.task.asked,
            "pairs of answers": found.items,
            "rated": found.rated,
            "ratings": found.ratings,
            "seed of orders": found.task.seed,
            "test of preference": found.duels[0].comparisons[PREFERENCE].test,
            **({"several models": several} if len(found.duels) > 1 else {}),
        }
    )


def _laid(plain: PlainTable) -> Table:
    return Table(plain.header, plain.rows, plain.title)


def _is_headline(one: Coefficient) -> bool:
    wanted = "nominal" if one.about == PREFERENCE else "ordinal"
    return one.name.endswith(wanted)


def _reliability(one: Coefficient) -> str:
    """Say what alpha allows, by the lower end of its interval where there is one."""
    if one.value is None:
        why = "all chose the same, which chance explains as well" if one.items else "nobody rated what another rated"
        return f"agreement can't be told: {why}"
    told = f"alpha {one.value:.2f}" + ("" if one.low is None else f" ({one.low:.2f} to {one.high:.2f})")
    if one.value < TENTATIVE:
        return f"{told}: people agree too little to conclude from it"
    sure = one.low is not None and one.low >= TENTATIVE
    firm = "people agree" if one.value >= RELIABLE else "people agree enough for tentative conclusions"
    return f"{told}: {firm}" + ("" if sure else ", but too few pairs were rated twice to be sure")


def _shown(one: Coefficient) -> tuple[str, str]:
    value = "undefined" if one.value is None else f"{one.value:.3f}"
    return value, "" if one.low is None or one.high is None else f"{one.low:.3f} to {one.high:.3f}"
