"""Pages to see and to play with: the browser's engine, the pages that use it, and the site that they make."""

from tersenet.web.assemble import PAGES, Page, joined, whole_page
from tersenet.web.backprop_data import backprop_data, problem_json
from tersenet.web.draw_data import draw_data, sprite
from tersenet.web.kinds_table import kinds_table
from tersenet.web.lab_data import lab_data
from tersenet.web.mistakes_data import mistakes_data
from tersenet.web.network_json import network_json
from tersenet.web.runs_data import RunsReader, runs_data
from tersenet.web.serving.order import Order, command_of, experiment_of, read_order
from tersenet.web.serving.server import make_app, serve
from tersenet.web.serving.trainings import Trainings
from tersenet.web.site import page_texts, write_site
from tersenet.web.two_runs import TwoRuns

__all__ = [
    "PAGES",
    "Order",
    "Page",
    "RunsReader",
    "Trainings",
    "TwoRuns",
    "backprop_data",
    "command_of",
    "draw_data",
    "experiment_of",
    "joined",
    "kinds_table",
    "lab_data",
    "make_app",
    "mistakes_data",
    "network_json",
    "page_texts",
    "problem_json",
    "read_order",
    "runs_data",
    "serve",
    "sprite",
    "whole_page",
    "write_site",
]
