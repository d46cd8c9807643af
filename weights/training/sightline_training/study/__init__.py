"""The study: which encoder, which tuning, which probe tells what the language model can answer (`docs/study.md`).

`study/*.yaml` count every run beforehand, `run` makes them, `records` keeps what each of them left, `report` tells all of it.
"""
