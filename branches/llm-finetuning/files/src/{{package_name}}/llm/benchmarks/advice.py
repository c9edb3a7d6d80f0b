"""What follows from the figures: each recommendation names the figure that it rests on."""

from __future__ import annotations

from .records import Ratio, Report, Subject, typical

_NEAR_LIMIT = 0.7  # of the rate at which it breaks
_ALIKE = 0.01  # of sizes
_BATCHED = 1.2  # times faster, from which on it matters


def recommend(report: Report) -> list[str]:
    """Say what to do."""
    first, *others = report.subjects
    found = [advice for one in others if (advice := _beside(first, one, report.beside.get(one.label, {})))]
    return [*found, *_load(report), *_memory(report), *_errors(report)]


def _beside(first: Subject, other: Subject, ratios: dict[str, Ratio]) -> str:
    """Say which of two models, or of two ways to serve one, to choose for what."""
    if other.key == first.key:
        return _backend(first, other, ratios.get("throughput"))
    token = ratios.get("each token") or ratios.get("whole answer")
    if token is None or not first.size_mb or not other.size_mb:
        return "" if token is None else f"{other.label} takes {token} as long a token as {first.label}: {_pick(token)}"
    smaller = 1 - other.size_mb / first.size_mb
    size = f"{abs(smaller):.0%} {'smaller' if smaller > 0 else 'larger'}" if abs(smaller) > _ALIKE else "as large"
    told = f"{other.label} is {size} ({other.size_mb:.1f} and {first.size_mb:.1f} MB) and takes {token} as long a token"
    if smaller > 0 and token.low > 1:
        return f"{told} as {first.label}: choose it only where size counts"
    if smaller > 0 and token.high < 1:
        return f"{told} as {first.label}: choose it, if its answers are as good"
    return f"{told} as {first.label}: {_pick(token)}"


def _pick(token: Ratio) -> str:
    if token.low > 1:
        return "for speed, keep the first"
    return "for speed, choose the second" if token.high < 1 else "speed does not decide between them"


def _backend(first: Subject, other: Subject, ratio: Ratio | None) -> str:
    if ratio is None:
        return ""
    told = f"{first.backend} writes {ratio} as many tokens a second as {other.backend} for many clients"
    if ratio.low > _BATCHED:
        return f"{told}: serve {first.name} by {first.backend}"
    if ratio.high < 1 / _BATCHED:
        return f"{told}: serve {first.name} by {other.backend}"
    return f"{told}: for throughput either will do"


def _load(report: Report) -> list[str]:
    if report.breaking is None and report.held is None:
        return []
    name, limit = report.subjects[0].label, f"p99 of {report.limit_ms:.0f} ms"
    if report.held is None:
        rate = f"{report.breaking or 0:.3g} requests a second"
        return [f"{name} breaks at {rate} already ({limit}): use a smaller model, or more machines"]
    if report.breaking is None:
        return [f"{name} holds {report.held:.3g} requests a second ({limit}), and no rate that was tried breaks it"]
    return [
        f"{name} holds {report.held:.3g} requests a second and breaks at {report.breaking:.3g} ({limit}): "
        f"plan for {_NEAR_LIMIT * report.held:.3g} a second on a machine such as this"
    ]


def _memory(report: Report) -> list[str]:
    soak = report.soak
    if soak is None:
        return []
    grown = f"{soak.slope:+.2f} MB a minute [{soak.low:+.2f}, {soak.high:+.2f}]"
    if soak.verdict == "leak":
        return [f"memory grows by {grown} under load: look for a leak, and restart the service from time to time"]
    if soak.verdict == "undecided":
        minutes = soak.samples[-1][0]
        return [f"memory changes by {grown}: {minutes:.1f} minutes don't tell whether it leaks, watch it for longer"]
    return [f"memory changes by {grown} under load: no leak"]


def _errors(report: Report) -> list[str]:
    told = []
    for one in report.subjects:
        if one.errors:
            alone = typical(one.whole_ms)
            after = f", though an answer alone takes {alone:.0f} ms" if alone else ""
            told.append(f"{one.label} left {one.errors} requests without an answer{after}: look into its log")
    return told
