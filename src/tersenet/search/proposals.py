"""Proposals by Optuna: asked one by one in the driver, told when they are known, kept in a journal file."""

from __future__ import annotations

import random
import warnings
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tersenet._errors import TersenetError
from tersenet.search.folder import Proposal
from tersenet.search.plan import SearchPlan, SettingRange
from tersenet.search.space.costs import Cost, cost_of
from tersenet.search.space.space import Space
from tersenet.search.space.tree import Alternatives, Choice, Point

if TYPE_CHECKING:
    import optuna

STUDY = "search"
TRIES = 5  # proposals of Optuna's that break the limits or repeat another, before one is drawn at random
OPEN = 20  # trials without a result for each proposal of Optuna's; beyond, every second, third … one is random
STARTUP = 10  # full trainings before Optuna proposes
DRAWS = 2_000  # at random, before the space counts as used up


class Proposer:
    """Asks Optuna for networks within the limits, none of them twice.

    Limits are checked by arithmetic: one that breaks them is infeasible, and another is asked for.
    Raises TersenetError where Optuna is not installed or the journal cannot be read.
    """

    def __init__(
        self,
        plan: SearchPlan,
        size: tuple[int, int, int],
        classes: int,
        *,
        journal: Path | None,
        too_slow: Callable[[Cost], bool] = lambda cost: False,
        random_only: bool = False,
    ) -> None:
        self._plan, self._size, self._classes, self._too_slow = plan, size, classes, too_slow
        self._space: Space = plan.space
        self._optuna = imported_optuna()
        self._seen: set[tuple[str, ...]] = set()
        self._open: dict[int, int] = {}  # ids of Optuna's trials that have no result, by number
        self._first: deque[Point] = deque()
        self._results = 0  # full trainings that Optuna knows of
        self._asked_for = 0
        self._learns = not random_only
        self._source = random.Random(plan.experiment.seed)
        seed = plan.experiment.seed % 2**32
        sampler = self._optuna.samplers.TPESampler(seed=seed, n_startup_trials=0, constant_liar=True)
        directions = ["minimize", "minimize"] if plan.front else ["minimize"]
        self._optuna.logging.set_verbosity(self._optuna.logging.WARNING)
        try:
            self.study: optuna.Study = self._optuna.create_study(
                study_name=STUDY,
                storage=self._storage(journal),
                directions=directions,
                sampler=sampler,
                load_if_exists=True,
            )
        except (ValueError, KeyError, OSError, AssertionError) as error:
            raise TersenetError(
                "The journal of the search cannot be read.",
                got=str(error)[:200] or type(error).__name__,
                where=journal,
                hint="restore the file; the trials themselves are in the folder trials",
            ) from error

    def _storage(self, journal: Path | None) -> Any:
        if journal is None:
            return None
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

        return JournalStorage(JournalFileBackend(str(journal), lock_obj=JournalFileOpenLock(str(journal))))

    def start_with(self, points: Iterable[Point]) -> None:
        """Try these first, with the experiment's own recipe where the ranges hold it."""
        self._first = deque(points)

    def ask(self) -> Proposal | None:
        """The next network to try; None where no other is left within the limits.

        The first ones are those of `start_with`, then random ones until Optuna has full trainings to learn from.
        """
        while self._first:
            own = {item.key: item.own(self._plan.experiment) for item in self._plan.settings}
            drawn = self._drawn_settings()
            settings = {key: drawn[key] if value is None else value for key, value in own.items()}
            found = self._given(self._first.popleft(), settings)
            if found is not None:
                return found
        # While many have no result, Optuna's proposals are little better than random ones, and cost the driver more.
        self._asked_for += 1
        its_turn = self._asked_for % max(1, len(self._open) // OPEN) == 0
        for _ in range(TRIES if self._learns and self._results >= STARTUP and its_turn else 0):
            found = self._asked()
            if found is not None:
                return found
        for _ in range(DRAWS):
            found = self._given(self._space.draw(self._source), self._drawn_settings())
            if found is not None:
                return found
        return None

    def _drawn_settings(self) -> dict[str, Any]:
        return {item.key: _drawn(item, self._source) for item in self._plan.settings}

    def _given(self, point: Point, settings: dict[str, Any]) -> Proposal | None:
        """A proposal that the study learns of without having made it; None where it does not fit or is known."""
        proposal = self._proposal(0, point, settings)
        if proposal is None or self._excess(proposal.cost) > 0 or proposal.key in self._seen:
            return None
        self._seen.add(proposal.key)
        parameters = dict(point) | settings
        distributions = {choice.key: self._distribution(choice) for choice in self._space.choices}
        distributions |= {item.key: self._distribution_of_setting(item) for item in self._plan.settings}
        made = self._optuna.trial.create_trial(
            state=self._optuna.trial.TrialState.RUNNING,
            params=parameters,
            distributions={key: distributions[key] for key in parameters},
            constraints={"limits": -1.0},
        )
        self.study.add_trial(made)
        trial = self.study.get_trials(deepcopy=False)[-1]
        self._open[trial.number] = trial._trial_id
        return replace(proposal, asked=trial.number)

    def _asked(self) -> Proposal | None:
        """A proposal of Optuna's; None where it breaks the limits or is known, which the study is then told."""
        trial = self.study.ask()
        point = self._space.settle(lambda choice: trial._suggest(choice.key, self._distribution(choice)))
        settings = {
            item.key: trial._suggest(item.key, self._distribution_of_setting(item)) for item in self._plan.settings
        }
        proposal = self._proposal(trial.number, point, settings)
        state = self._optuna.trial.TrialState
        excess = 1.0 if proposal is None else self._excess(proposal.cost)
        trial.set_constraint("limits", excess or -1.0)
        if proposal is None or excess > 0:
            self.study.tell(trial, state=state.PRUNED)
            return None
        if proposal.key in self._seen:
            self.study.tell(trial, state=state.FAIL)
            return None
        self._seen.add(proposal.key)
        self._open[trial.number] = trial._trial_id
        return proposal

    def _distribution(self, choice: Choice) -> Any:
        kinds = self._optuna.distributions
        if isinstance(choice, Alternatives):
            return kinds.CategoricalDistribution(list(choice.values))
        return kinds.IntDistribution(choice.low, choice.high, step=choice.step)

    def _distribution_of_setting(self, item: SettingRange) -> Any:
        kinds = self._optuna.distributions
        if item.values:
            return kinds.CategoricalDistribution(list(item.values))
        kind = kinds.IntDistribution if item.whole else kinds.FloatDistribution
        return kind(*item.ends, log=item.scale == "log")

    def _proposal(self, asked: int, point: Point, settings: dict[str, Any]) -> Proposal | None:
        """None where the point is not a network that can be built."""
        try:
            tree = self._space.tree(point)
            cost = cost_of(tree, self._size, self._classes)
        except TersenetError:
            return None
        return Proposal(asked=asked, point=point, network=str(tree), settings=settings, cost=cost)

    def _excess(self, cost: Cost) -> float:
        return self._plan.limits.excess(cost) or float(self._too_slow(cost))

    def reached(self, proposal: Proposal, loss: float) -> None:
        """A full training has this held-out loss."""
        values = [loss, float(getattr(proposal.cost, self._plan.front))] if self._plan.front else [loss]
        self._results += 1
        if self._open.pop(proposal.asked, None) is not None:
            self.study.tell(proposal.asked, values)
            return
        # It was stopped on a rung and promoted later; a result of a trial is final in Optuna.
        told = self.study.get_trials(deepcopy=False)[proposal.asked]
        self.study.add_trial(
            self._optuna.trial.create_trial(
                params=told.params,
                distributions=told.distributions,
                values=values,
                constraints={"limits": -1.0},
            )
        )

    def stopped(self, proposal: Proposal, epochs: int, loss: float) -> None:
        """A short training was not among the best of its rung."""
        trial_id = self._open.pop(proposal.asked, None)
        if trial_id is not None:
            if not self._plan.front:
                self.study._storage.set_trial_intermediate_value(trial_id, epochs, loss)
            self.study.tell(proposal.asked, state=self._optuna.trial.TrialState.PRUNED)

    def failed(self, proposal: Proposal) -> None:
        """A training failed: that is no value."""
        if self._open.pop(proposal.asked, None) is not None:
            self.study.tell(proposal.asked, state=self._optuna.trial.TrialState.FAIL)

    def resume(self, proposals: Iterable[Proposal]) -> None:
        """The proposals that a search knows which goes on; others were asked for when it died, and have no value."""
        state = self._optuna.trial.TrialState
        known = {proposal.asked: proposal for proposal in proposals}
        self._seen.update(proposal.key for proposal in known.values())
        self._results = len(self.study.get_trials(deepcopy=False, states=(state.COMPLETE,)))
        for trial in self.study.get_trials(deepcopy=False, states=(state.RUNNING,)):
            if trial.number in known:
                self._open[trial.number] = trial._trial_id
            else:
                self.study.tell(trial.number, state=state.FAIL)

    def importance(self) -> dict[str, float]:
        """How much of the differences each choice explains, by its key; empty where too little is known."""
        if self._results < STARTUP:
            return {}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import optuna.importance  # late: it loads scipy and scikit-learn

                target = (lambda trial: float(trial.values[0])) if self._plan.front else None
                return dict(optuna.importance.get_param_importances(self.study, target=target))
        except (ValueError, RuntimeError, ZeroDivisionError):
            return {}


def imported_optuna() -> Any:
    """Optuna; raises TersenetError where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import optuna
    except ImportError as error:
        raise TersenetError(
            "A search needs Optuna, which is not installed.", got=str(error), hint='pip install "tersenet[search]"'
        ) from error
    return optuna


def _drawn(item: SettingRange, source: random.Random) -> Any:
    if item.values:
        return source.choice(item.values)
    low, high = item.ends
    share = source.random()
    value = low * (high / low) ** share if item.scale == "log" else low + (high - low) * share
    return round(value) if item.whole else value
