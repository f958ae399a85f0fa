"""Many trainings: spaces of networks, and the search for the best one within limits."""

from tersenet.search.driver import Driver, SearchProgress
from tersenet.search.folder import Proposal, Search, Trial, find_search, list_searches, search_called
from tersenet.search.known import point_of
from tersenet.search.outcome import Leader, Luck, SearchRecord
from tersenet.search.plan import SearchPlan, SettingRange, made_plan, read_search
from tersenet.search.report import write_search_report
from tersenet.search.run_search import SearchListeners, resume_search, start_search
from tersenet.search.space.costs import Cost, CostLimits, cost_of
from tersenet.search.space.extent import Extent, SizedNetwork, extent_of, require_fitting
from tersenet.search.space.space import Space
from tersenet.search.space.space_notation import is_space, parse_space
from tersenet.search.space.tree import Choice, Point, Value
from tersenet.search.trial_training import TrialTraining

__all__ = [
    "Choice",
    "Cost",
    "CostLimits",
    "Driver",
    "Extent",
    "Leader",
    "Luck",
    "Point",
    "Proposal",
    "Search",
    "SearchListeners",
    "SearchPlan",
    "SearchProgress",
    "SearchRecord",
    "SettingRange",
    "SizedNetwork",
    "Space",
    "Trial",
    "TrialTraining",
    "Value",
    "cost_of",
    "extent_of",
    "find_search",
    "is_space",
    "list_searches",
    "made_plan",
    "parse_space",
    "point_of",
    "read_search",
    "require_fitting",
    "resume_search",
    "search_called",
    "start_search",
    "write_search_report",
]
