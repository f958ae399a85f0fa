"""The report of a search says what was chosen, what it rests on, and how to repeat it."""

import pytest

from tersenet import Experiment, Recipe, TersenetError
from tersenet.cli.main import main
from tersenet.figures import SearchedNetwork, plot_importance, plot_search_course, plot_search_front
from tersenet.runs import Settings
from tersenet.search import SearchListeners, SearchPlan, find_search, start_search, write_search_report

pytest.importorskip("optuna", reason="the extra `search` is not installed")


@pytest.fixture(scope="module")
def plan(picture_folder):
    experiment = Experiment(
        network="{4..8}C5s3 BN R {MP2|} GAP 2Nb",
        data=f"folder:{picture_folder}",
        training=Recipe(epochs=2, batch_size=16),
        settings=Settings(engine="layers", precision="float32"),
    )
    return SearchPlan(experiment=experiment, trials=4, seeds=2, processes=1)


def test_the_report_has_the_result_the_leaders_and_the_winner(plan, tmp_path):
    search = start_search(plan, runs_dir=tmp_path)
    page = write_search_report(search)
    assert page == search.path / "report.html"
    text = page.with_suffix(".md").read_text(encoding="utf-8")
    record = search.result
    assert f"{record.mean:.2f} %" in text
    assert record.chosen.network in text
    assert record.luck.in_words() in text
    assert "indication" in text  # of two seeds
    for leader in record.leaders:
        assert f"| {leader.trial} | {leader.cost.parameters:,} | {leader.seeds} |" in text
    assert (search.path / "winner.toml").read_text(encoding="utf-8").strip() in text
    assert {path.stem for path in (search.path / "figures").iterdir()} >= {"front", "course"}


def test_a_search_that_is_not_finished_says_so(plan, tmp_path, capsys):
    def progressed(progress):
        if progress.best is not None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start_search(plan, runs_dir=tmp_path, listeners=SearchListeners(on_progress=progressed))
    search = find_search("search", tmp_path)
    text = write_search_report(search).with_suffix(".md").read_text(encoding="utf-8")
    assert "not finished" in text
    assert "tersenet search --resume search-1" in text
    assert "winner" not in text
    assert main(["report", "search-1", "--runs-dir", str(tmp_path)]) == 0
    assert str(search.path / "report.html") in capsys.readouterr().out


def test_without_a_full_training_there_is_no_report(plan, tmp_path):
    def progressed(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start_search(plan, runs_dir=tmp_path, listeners=SearchListeners(on_progress=progressed))
    with pytest.raises(TersenetError, match="trained in full"):
        write_search_report(find_search("search", tmp_path))


def test_the_front_is_drawn_with_the_public_records_of_its_size():
    networks = [SearchedNetwork(trial=n, cost=1000.0 + 100 * n, loss=0.04, accuracy=98.5 + n / 10) for n in range(5)]
    plain = plot_search_front(networks, networks[2:], tested=(1400.0, 98.9, (98.8, 99.0)))
    known = plot_search_front(networks, networks[2:], tested=(1400.0, 98.9, None), records=True)
    drawn = [{text.get_text() for text in drawing.axes[0].texts} for drawing in (plain, known)]
    assert "98.90 %" in drawn[0]
    assert drawn[1] - drawn[0] == {"NeuralGolfing", "Parameter-Efficient-MNIST", "mnist-minimal-model"}


def test_the_course_has_the_best_so_far():
    drawing = plot_search_course({2: [(1, 0.5), (2, 0.4), (3, 0.6)], 6: [(1, 0.2), (3, 0.3)]}, full=6)
    steps = drawing.axes[0].lines[-1].get_ydata()
    assert list(steps) == [0.2, 0.2, 0.2]
    bars = plot_importance({"w": 0.7, "#1": 0.3}).axes[0].patches
    assert [round(bar.get_width()) for bar in bars] == [70, 30]
