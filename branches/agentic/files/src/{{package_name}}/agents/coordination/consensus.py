"""Decide by vote: with a threshold, a quorum, weights and abstentions, and a transcript that says why.

Nothing here asks anyone: functions of votes to decisions. Shares are compared exactly, as fractions of what was written
in decimals, so that 4 of 5 reaches 0.8.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from pydantic import Field

from ..errors import AgentError
from ..tasks import Record
from .config import Tie

if TYPE_CHECKING:
    from .config import CoordinationConfig


class Vote(Record):
    """What one voter says.

    Attributes
    ----------
    choice
        The option; None is an abstention.
    reason
        Why, in words, for the transcript.
    confidence
        How sure the voter says that it is, from 0 to 1.
    model
        That answered, if one did.
    """

    voter: str
    choice: str | None = None
    reason: str = ""
    confidence: float | None = Field(default=None, ge=0, le=1)
    model: str = ""


class VotingRules(Record):
    """When a vote decides.

    Attributes
    ----------
    threshold
        Share of the weights of those who chose that an option needs.
    quorum
        Share of the weights of all voters that must have chosen, and not abstained.
    tie
        What happens where several options reach the threshold with equal weights, which takes one of at most a half:
        `undecided`, the `first` that was listed, or the `incumbent`.
    incumbent
        The option that stays if nothing beats it. Without one, a tie stays undecided by that rule too.
    """

    threshold: float = Field(default=0.8, gt=0, le=1)
    quorum: float = Field(default=0.5, ge=0, le=1)
    tie: Tie = "undecided"
    incumbent: str = ""

    @classmethod
    def of(cls, config: CoordinationConfig, *, incumbent: str = "") -> VotingRules:
        """Take them from the configuration."""
        return cls(threshold=config.consensus_threshold, quorum=config.quorum, tie=config.tie_rule, incumbent=incumbent)


class Outcome(StrEnum):
    """How a vote ended."""

    DECIDED = "decided"
    NO_VOTES = "no_votes"
    NO_QUORUM = "no_quorum"
    BELOW_THRESHOLD = "below_threshold"
    TIED = "tied"


class Resolution(Record):
    """What a vote came to.

    Attributes
    ----------
    choice
        The option that was decided for; None if none was.
    leading
        Options with the most weight, as they were listed: what a next round would be about.
    tally
        Weight of each option.
    share
        Of the leading option, in the weights of those who chose.
    turnout
        Share of the weights of all voters that chose.
    dissent
        Votes for other options than the choice, or than the leading one where nothing was decided.
    abstentions
        Votes without a choice, and those that are missing or count for nothing, with the reason.
    transcript
        The decision explained, a sentence a line.
    """

    outcome: Outcome
    choice: str | None = None
    leading: tuple[str, ...] = ()
    tally: dict[str, float] = Field(default_factory=dict)
    share: float = 0
    turnout: float = 0
    in_favour: tuple[Vote, ...] = ()
    dissent: tuple[Vote, ...] = ()
    abstentions: tuple[Vote, ...] = ()
    transcript: tuple[str, ...] = ()

    @property
    def decided(self) -> bool:
        """Whether there is a choice."""
        return self.choice is not None

    def told(self, reasons: Sequence[str]) -> Resolution:
        """Give it with sentences that come before its transcript."""
        return self.model_copy(update={"transcript": (*reasons, *self.transcript)})


def decide(
    votes: Iterable[Vote], *, options: Sequence[str], voters: Mapping[str, float], rules: VotingRules | None = None
) -> Resolution:
    """Decide between options.

    A voter who says nothing abstains. The last vote of a voter counts. A vote for what is no option counts as an
    abstention, and one of somebody who is no voter as nothing; both are in the transcript.

    Parameters
    ----------
    options
        What can be voted for, in the order that a tie goes by where its rule is `first`.
    voters
        The weight of each; `weigh` takes it from a record.

    Raises
    ------
    AgentError
        If there are no options or voters, an option is listed twice, or a weight is negative or no number.

    Examples
    --------
    >>> voters = {"ada": 1, "ben": 1, "eve": 1}
    >>> votes = [Vote(voter="ada", choice="deploy"), Vote(voter="ben", choice="deploy")]
    >>> decide(votes, options=["deploy", "wait"], voters=voters).choice
    'deploy'
    """
    rules = rules or VotingRules()
    weights = _check(options, voters, rules)
    ballots, remarks = _sort_out(votes, options, weights)
    chosen = {voter: vote.choice for voter, vote in ballots.items() if vote.choice is not None}
    tally = {option: sum((weights[one] for one in chosen if chosen[one] == option), Fraction()) for option in options}
    total, cast = sum(weights.values(), Fraction()), sum(tally.values(), Fraction())
    most = max(tally.values())
    leading = tuple(option for option in options if tally[option] == most and most)
    outcome, choice = _judge(rules, leading, share=most / cast if cast else Fraction(), turnout=_share(cast, total))
    favoured = {choice} if choice is not None else set(leading[:1])
    decision = Resolution(
        outcome=outcome,
        choice=choice,
        leading=leading,
        tally={option: float(weight) for option, weight in tally.items()},
        share=float(_share(most, cast)),
        turnout=float(_share(cast, total)),
        in_favour=tuple(vote for vote in ballots.values() if vote.choice in favoured),
        dissent=tuple(vote for vote in ballots.values() if vote.choice not in {None, *favoured}),
        abstentions=tuple(vote for vote in ballots.values() if vote.choice is None),
    )
    return decision.model_copy(update={"transcript": (*remarks, *_explain(decision, rules, weights))})


def _exact(number: float) -> Fraction:
    """Give a number as it is written in decimals: 0.8 is 4/5, which its float is not."""
    return Fraction(repr(float(number)))


def _share(part: Fraction, whole: Fraction) -> Fraction:
    return part / whole if whole else Fraction()


def _check(options: Sequence[str], voters: Mapping[str, float], rules: VotingRules) -> dict[str, Fraction]:
    """Give the weights of voters, sorted by their names, so that the order in which they come says nothing."""
    if not options or len(set(options)) < len(options):
        raise AgentError(f"these are no options to vote on: {list(options)}", hint="list each option once")
    if not voters:
        raise AgentError("there is nobody to vote", hint="name voters and their weights")
    if rules.tie == "incumbent" and rules.incumbent and rules.incumbent not in options:
        raise AgentError(f"the incumbent {rules.incumbent!r} is no option", hint=f"options: {', '.join(options)}")
    for name, weight in voters.items():
        if not 0 <= weight < float("inf"):
            raise AgentError(f"the weight of {name} is {weight}", hint="weights are numbers from 0")
    return {name: _exact(voters[name]) for name in sorted(voters)}


def _sort_out(
    votes: Iterable[Vote], options: Sequence[str], weights: Mapping[str, Fraction]
) -> tuple[dict[str, Vote], list[str]]:
    """Give the one vote of each voter that counts, and what is to be said of the others."""
    ballots: dict[str, Vote] = {}
    remarks = []
    for vote in votes:
        if vote.voter not in weights:
            remarks.append(f"{vote.voter} is no voter: the vote does not count.")
            continue
        if vote.voter in ballots:
            remarks.append(f"{vote.voter} voted again: the last vote counts.")
        ballots[vote.voter] = vote
        if vote.choice is not None and vote.choice not in options:
            reason = f"{vote.choice!r} is no option"
            ballots[vote.voter] = Vote(voter=vote.voter, reason=reason)
            remarks.append(f"{vote.voter} voted for what is no option: {vote.choice!r}.")
    return {name: ballots.get(name, Vote(voter=name, reason="no vote came")) for name in weights}, remarks


def _judge(
    rules: VotingRules, leading: tuple[str, ...], *, share: Fraction, turnout: Fraction
) -> tuple[Outcome, str | None]:
    if not leading:
        return Outcome.NO_VOTES, None
    if turnout < _exact(rules.quorum):
        return Outcome.NO_QUORUM, None
    if share < _exact(rules.threshold):
        return Outcome.BELOW_THRESHOLD, None
    if len(leading) == 1 or rules.tie == "first":
        return Outcome.DECIDED, leading[0]
    if rules.tie == "incumbent" and rules.incumbent in leading:
        return Outcome.DECIDED, rules.incumbent
    return Outcome.TIED, None


def _explain(decision: Resolution, rules: VotingRules, weights: Mapping[str, Fraction]) -> list[str]:
    """Say how it came to this: who chose what and why, what that adds up to, and what it was held against."""
    lines = []
    for vote in sorted((*decision.in_favour, *decision.dissent, *decision.abstentions), key=lambda vote: vote.voter):
        said = "abstained" if vote.choice is None else f"chose {vote.choice}"
        why = f": {vote.reason}" if vote.reason else ""
        lines.append(f"{vote.voter} (weight {float(weights[vote.voter]):g}) {said}{why}.")
    tally = ", ".join(f"{option} {weight:g}" for option, weight in decision.tally.items())
    lines.append(f"Weights: {tally}; {decision.turnout:.0%} of all weights chose, the quorum is {rules.quorum:.0%}.")
    leading = " and ".join(decision.leading)
    held = f"{decision.share:.1%} of the weights that chose; the threshold is {rules.threshold:.1%}"
    ends = {
        Outcome.DECIDED: f"Decided: {decision.choice}, with {held}.",
        Outcome.NO_VOTES: "Undecided: all abstained, or count for nothing.",
        Outcome.NO_QUORUM: "Undecided: the quorum was not reached.",
        Outcome.BELOW_THRESHOLD: f"Undecided: {leading} came first with {held}.",
        Outcome.TIED: f"Undecided: {leading} are tied, each with {held}.",
    }
    if decision.decided and len(decision.leading) > 1:
        lines.append(f"{leading} are tied; the rule for that is: {rules.tie}.")
    return [*lines, ends[decision.outcome]]
