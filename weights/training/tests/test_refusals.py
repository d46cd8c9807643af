"""What is counted as a refusal, and of what."""

import json

from sightline_training.refusals import in_runs, score, share

SENTENCES = ("I can't read text in pictures.", "I can't do maths.", None, None)
WANTED = {str(i): {"question": f"q{i}", "wanted": sentence} for i, sentence in enumerate(SENTENCES)}


def answers(texts, model="m"):
    return [{"id": str(i), "model": model, "answer": text} for i, text in enumerate(texts)]


def test_both_errors_are_counted_apart():
    # One refused with its sentence, one with another's, one answerable refused (case and full stop
    # do not matter).
    found = score(
        WANTED, answers(["I can't read text in pictures.", "I can't read text in pictures", "i can't do maths", "2"])
    )
    assert found["m"]["outside_refused"]["percent"] == 100.0
    assert found["m"]["outside_right_sentence"]["percent"] == 50.0
    assert found["m"]["answerable_refused"]["percent"] == 50.0


def test_models_are_kept_apart():
    rows = answers(["yes", "4", "yes", "2"]) + answers(["I can't do maths."] * 4, "other")
    found = score(WANTED, rows)
    assert found["m"]["outside_refused"]["percent"] == 0.0
    assert found["other"]["outside_right_sentence"]["percent"] == 50.0
    assert found["other"]["answerable_refused"]["percent"] == 100.0


def test_intervals_are_wilsons():
    assert share([False] * 10)["interval"] == [0.0, 27.8]
    assert share([True] * 5 + [False] * 5)["interval"] == [23.7, 76.3]


def test_answers_to_one_wording_count_as_one_case():
    hits = [True] * 20 + [False] * 20
    apart, together = share(hits), share(hits, [i // 20 for i in range(40)])
    assert together["percent"] == apart["percent"] == 50.0
    assert together["interval"] == [0.0, 100.0]
    assert share([False] * 40, [i // 4 for i in range(40)])["interval"] == share([False] * 10)["interval"]


def test_runs_are_read_by_folder(tmp_path):
    folder = tmp_path / "vqav2-coco40k" / "m"
    folder.mkdir(parents=True)
    rows = [{"outcome": {"text": "2"}}, {"outcome": {"text": "I can't do maths."}}, {"outcome": {"failed": "x"}}]
    (folder / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert in_runs(tmp_path) == {"m": share([False, True])}
