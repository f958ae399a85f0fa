"""Proposals by Optuna: asked one by one in the driver, told when they are known, kept in a journal file."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterable
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
TRIES = 30  # proposals that break the limits or repeat another, before one is drawn at random
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
        self._open: dict[int, Any] = {}  # Optuna's trials that have no result, by number
        self._source = random.Random(plan.experiment.seed)
        samplers = self._optuna.samplers
        seed = plan.experiment.seed % 2**32
        sampler = (
            samplers.RandomSampler(seed=seed) if random_only else samplers.TPESampler(seed=seed, constant_liar=True)
        )
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
        own = {item.key: item.own(self._plan.experiment) for item in self._plan.settings}
        known = {key: value for key, value in own.items() if value is not None}
        for point in points:
            self.study.enqueue_trial(dict(point) | known, skip_if_exists=True)

    def ask(self) -> Proposal | None:
        """The next network to try; None where no other is left within the limits."""
        for _ in range(TRIES):
            found = self._asked()
            if found is not None:
                return found
        for _ in range(DRAWS):
            drawn = self._space.draw(self._source)
            settings = {item.key: _drawn(item, self._source) for item in self._plan.settings}
            proposal = self._proposal(-1, drawn, settings)
            if proposal is not None and self._excess(proposal.cost) == 0 and proposal.key not in self._seen:
                self.study.enqueue_trial(dict(drawn) | settings)
                return self._asked()
        return None

    def _asked(self) -> Proposal | None:
        trial = self.study.ask()
        point = self._space.settle(lambda choice: _suggested(trial, choice))
        settings = {item.key: _suggested_setting(trial, item) for item in self._plan.settings}
        proposal = self._proposal(trial.number, point, settings)
        state = self._optuna.trial.TrialState
        excess = 1.0 if proposal is None else self._excess(proposal.cost)
        if proposal is None or excess > 0:
            trial.set_constraint("limits", excess)
            self.study.tell(trial, state=state.PRUNED)
            return None
        trial.set_constraint("limits", -1.0)
        if proposal.key in self._seen:
            self.study.tell(trial, state=state.FAIL)
            return None
        self._seen.add(proposal.key)
        self._open[trial.number] = trial
        return proposal

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
        trial = self._open.pop(proposal.asked, None)
        if trial is not None:
            self.study.tell(trial, values)
            return
        # It was stopped on a rung and promoted later; a result of a trial is final in Optuna.
        told = self.study.trials[proposal.asked]
        made = self._optuna.trial.create_trial
        self.study.add_trial(
            made(params=told.params, distributions=told.distributions, values=values, system_attrs=told.system_attrs)
        )

    def stopped(self, proposal: Proposal, epochs: int, loss: float) -> None:
        """A short training was not among the best of its rung."""
        trial = self._open.pop(proposal.asked, None)
        if trial is not None:
            if not self._plan.front:
                trial.report(loss, epochs)
            self.study.tell(trial, state=self._optuna.trial.TrialState.PRUNED)

    def failed(self, proposal: Proposal) -> None:
        """A training failed: that is no value."""
        trial = self._open.pop(proposal.asked, None)
        if trial is not None:
            self.study.tell(trial, state=self._optuna.trial.TrialState.FAIL)

    def resume(self, proposals: Iterable[Proposal]) -> None:
        """The proposals that a search knows which goes on; others were asked for when it died, and have no value."""
        state = self._optuna.trial.TrialState
        known = {proposal.asked: proposal for proposal in proposals}
        self._seen.update(proposal.key for proposal in known.values())
        for trial in self.study.get_trials(deepcopy=False, states=(state.RUNNING,)):
            if trial.number in known:
                self._open[trial.number] = self._optuna.trial.Trial(self.study, trial._trial_id)
            else:
                self.study.tell(trial.number, state=state.FAIL)

    def importance(self) -> dict[str, float]:
        """How much of the differences each choice explains, by its key; empty where too little is known."""
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


def _suggested(trial: Any, choice: Choice) -> Any:
    if isinstance(choice, Alternatives):
        return trial.suggest_categorical(choice.key, list(choice.values))
    return trial.suggest_int(choice.key, choice.low, choice.high, step=choice.step)


def _suggested_setting(trial: Any, item: SettingRange) -> Any:
    if item.values:
        return trial.suggest_categorical(item.key, list(item.values))
    if item.whole:
        return trial.suggest_int(item.key, *item.ends, log=item.scale == "log")
    return trial.suggest_float(item.key, *item.ends, log=item.scale == "log")


def _drawn(item: SettingRange, source: random.Random) -> Any:
    if item.values:
        return source.choice(item.values)
    low, high = item.ends
    share = source.random()
    value = low * (high / low) ** share if item.scale == "log" else low + (high - low) * share
    return round(value) if item.whole else value
