"""Einsum equations: the axes of their operands, and the order in which products of two compute them."""

from __future__ import annotations

from initlint._records import dataclass


@dataclass(frozen=True, slots=True)
class Equation:
    """An einsum equation, `bi,io->bo`. `words`: its axes are named by words, as in einops."""

    text: str
    words: bool = False

    def labels(self, term: str) -> list[str]:
        if self.words:
            return term.split()
        return [*(["..."] if "..." in term else []), *term.replace("...", "").replace(" ", "")]

    @property
    def terms(self) -> list[list[str]]:
        """The labels of each operand."""
        return [self.labels(term) for term in self.text.partition("->")[0].split(",")]

    @property
    def output(self) -> list[str]:
        """The labels of the result: without an arrow, those that occur once."""
        _, arrow, output = self.text.partition("->")
        if arrow:
            return self.labels(output)
        labels = [label for term in self.terms for label in term]
        return sorted(label for label in set(labels) if labels.count(label) == 1 or label == "...")

    def step(self, one: list[str], other: list[str], result: list[str]) -> Equation:
        """The equation of a product of two of the operands."""
        separator = " " if self.words else ""
        left, right, output = (separator.join(labels) for labels in (one, other, result))
        return Equation(f"{left},{right}->{output}", self.words)

    def order(self, start: int) -> list[int]:
        """The operands from `start` on, each next one sharing an axis with those before where one does."""
        order, remaining = [start], [at for at in range(len(self.terms)) if at != start]
        while remaining:
            labels = {label for at in order for label in self.terms[at]}
            following = next((at for at in remaining if not labels.isdisjoint(self.terms[at])), remaining[0])
            remaining.remove(following)
            order.append(following)
        return order
