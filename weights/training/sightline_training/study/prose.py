"""What the study's page says beside its numbers."""

INTRO = """# The study: four claims of the paper, in miniature

The paper ([paper.md](paper.md)) compares encoders of 22 to 662 million parameters in front of a language
model of 7 billion. Here encoders of about 14 million parameters stand in front of one of 135 million. All
runs were counted in `weights/training/study/*.yaml` before the first of them. Each is reported here, whether
or not it was made and whatever it says.

```
cd weights/training
python -m sightline_training.study.run --work RUN --plan study/plan.yaml study/collapse.yaml --gpus 0,1 --per-gpu 2
python -m sightline_training.study.report --records study/records --plan study/plan.yaml study/collapse.yaml \\
  --out ../../docs/study.md --figures ../../docs/figures/study
```

The second command makes this page and its figures from the records. Nothing on it is written by hand but the
explanations."""

HOW = """## How the runs were made and compared

- *Tuning* trains an encoder on 49,218 photographs and a quarter of the first pair's pictures. Its recipe is
  the shipped pair's (`recipes/photo_tune.yaml`) at a shorter length. *Joining* trains connector and adapters
  for 300 steps behind the frozen encoder, half the length of the rehearsal, by `recipes/photo_join.yaml`.
- All joins of one arm start from the same connector and adapters: those of the first pair. Where the encoder
  is another one, the connector is fitted first. For 300 short steps it learns to say of 4,096 training
  photographs what the first pair says of them. ConvNeXt begins with the language side of the ViT.
- A seed changes the order of the batches, the dropout, new heads and, from scratch, the encoder's first
  weights. All arms see the same batches of one seed; the records hold their hashes.
- The half as wide VMamba was trained a second time. Its widths are no multiple of 32, and the first run
  diverged: the scan kernel of training left out the channels beyond. The kernel was corrected, and both
  records of the first run were dropped. No other encoder has such a width.
- Nothing was chosen by the scores below. They come from pictures that no run was trained on. Answers are
  greedy, in bf16.
- VQAv2: soft accuracy by the paper's rule. Visual7W: the best of four options by mean token cost. Presence:
  one listed and one absent thing per picture. Grounding: IoU of 0.5 or more with a detector's box of a listed
  thing; the gold is a machine's. Naming: the first pair's 10 and 200 names.
- Intervals are 95 %. A bootstrap draws pictures and seeds together, 10,000 times. Compared runs are paired by
  question, picture and seed. Three seeds say little about how seeds scatter, so the true intervals are wider
  rather than narrower than these.
- *p* is two-sided from the same draws. *Holm* is p corrected for all tests of its claim. "Clear" means Holm's
  p is under 0.05."""

SIZE = """## What 14 million parameters can and cannot say about 7 billion

These runs can show how things work. Batches, seeds, questions and language model are the same. So a
difference between two rows is one of encoders or of their tuning, at this size, length and diet.
They can refute a rule that claims to hold always: one clear counterexample at any size is enough. They can
also find causes that do not hang on size, such as labels in another frame than the pixels.

They cannot confirm the paper's numbers. Its encoders saw 1.28 million pictures at length. Its language
model is fifty times larger and was trained whole on 665,000 conversations. Ours is frozen but for
adapters. Our blind run shows that much of the score is the language side's. A stronger language model may
read features that ours leaves unused, and may need fewer. An encoder of 14 million parameters tuned for a
minute and a half is far from its own limit. So an order of architectures here is an order of early
learning. Equal scores here do not mean equal scores there; nor does a gap here promise one there."""
