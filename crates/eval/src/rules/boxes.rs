//! What the box benchmarks share: the strict score of the paper's evaluation code, and what stands
//! beside it.
//!
//! Beside the strict score, a lenient parse ([`first_four_numbers`]), the overlap where the box
//! really lies ([`true_iou`]), and the signals of a collapsed model ([`Collapse`]). None of them
//! enters an official number.

use std::collections::HashMap;

use crate::literal::parse_box;
use crate::mutant::branch;

use super::geometry::{Box, Frame, Gold, Transform, iou};
use crate::score::Score;

/// One question for a box.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Gold box.
    pub gold: Gold,
    /// Width and height of the picture in px.
    pub size: [f64; 2],
    /// The run's image transform.
    pub transform: Transform,
}

impl Item {
    /// The gold box in the frame that the fork scores in; none where its code divides by zero.
    pub fn gold_box(&self) -> Option<Box> {
        let frame = self.transform.frame(self.size);
        frame.project(self.gold.pixels(self.size), self.size)
    }

    /// Right where the answer is a box ([`parse_box`]) whose overlap is at least `threshold`.
    ///
    /// Where the official code divides by zero (two boxes without area, a picture without size),
    /// the overlap is 0.
    pub fn score(&self, prediction: &str, threshold: f64) -> Score {
        let Some(predicted) = parse_box(prediction) else {
            return Score::or_invalid(None);
        };
        let overlap = self.gold_box().and_then(|gold| iou(predicted, gold)).unwrap_or(0.0);
        let right = branch!("boxes.threshold_included", overlap >= threshold, overlap > threshold);
        Score {
            score: f64::from(right),
            valid: Some(true),
            iou: Some(overlap),
            ..Score::default()
        }
    }
}

/// Name and version of the lenient parse. A change of [`first_four_numbers`] is a new version.
pub const LENIENT: &str = "first-four-numbers/1";

/// The lenient parse: the first four numbers of an answer, whatever stands around them.
///
/// 1. Numbers are ASCII decimals: digits with at most one point among or around them, and an
///    exponent where digits follow the `e`. A sign counts where neither a digit, a letter nor a
///    point stands before it. Digits that follow a letter or underscore are part of a word (`x1`,
///    `box2`), not a number.
/// 2. The first four in the text are x0, y0, x1, y1. Further numbers are ignored; fewer than four
///    are no box.
/// 3. Each is clamped to 0 to 1; no other unit is guessed.
/// 4. Corners are put in order on each axis. A box without area is no box.
pub fn first_four_numbers(answer: &str) -> Option<Box> {
    let mut numbers = numbers(answer.as_bytes());
    let mut next = || numbers.next().map(|value| value.clamp(0.0, 1.0));
    let [x0, y0, x1, y1] = [next()?, next()?, next()?, next()?];
    let ordered = [x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1)];
    (ordered[0] < ordered[2] && ordered[1] < ordered[3]).then_some(ordered)
}

fn numbers(text: &[u8]) -> impl Iterator<Item = f64> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let before = at.checked_sub(1).map(|before| text[before]);
            let free = |byte: u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'.' | b'_') && byte < 0x80;
            let length = number_length(&text[at..]);
            if length > 0 && before.is_none_or(free) {
                let number = std::str::from_utf8(&text[at..at + length]).expect("ASCII");
                at += length;
                return number.parse().ok();
            }
            // A number that is part of a word is passed over as a whole.
            at += length.max(1);
        }
        None
    })
}

/// Number of bytes of the number at the start; 0 without one.
fn number_length(text: &[u8]) -> usize {
    let digits = |from: usize| {
        text[from.min(text.len())..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let is = |at: usize, of: &[u8]| text.get(at).is_some_and(|byte| of.contains(byte));
    let sign = usize::from(is(0, b"+-"));
    let whole = digits(sign);
    let mut end = sign + whole;
    if is(end, b".") {
        let fraction = digits(end + 1);
        if whole + fraction > 0 {
            end += 1 + fraction;
        }
    }
    if end == sign {
        return 0;
    }
    if is(end, b"eE") {
        let sign = usize::from(is(end + 1, b"+-"));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    end
}

/// Overlap on the picture itself, in px, of a normalised box that lies in `frame` with the gold
/// box.
///
/// `frame` is the one whose coordinates the model was taught, which is LLaVA's
/// [`Frame::CentredSquare`] for all models trained on LLaVA's boxes. The fork's frame is another
/// where a transform has another name. Nothing is clamped or rounded; 0 where there is no area.
pub fn true_iou(predicted: Box, frame: Frame, gold: Box, size: [f64; 2]) -> f64 {
    iou(frame.unproject(predicted, size), gold)
        .filter(|overlap| overlap.is_finite())
        .unwrap_or(0.0)
}

/// Signals that a model answers without looking.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collapse {
    /// Answers.
    pub count: usize,
    /// Share of answers that the strict parse accepts.
    pub strict_rate: f64,
    /// Share of answers that the lenient parse accepts.
    pub lenient_rate: f64,
    /// The box that is answered most often (lenient parse; the first of several), if there is any.
    pub modal: Option<Box>,
    /// Share of all answers that are that box.
    pub modal_share: f64,
}

impl Collapse {
    /// Signals of a run's answers.
    pub fn of<'a>(answers: impl IntoIterator<Item = &'a str>) -> Self {
        let mut found = Self::default();
        let (mut strict, mut lenient) = (0_usize, 0_usize);
        let mut counts = HashMap::<[u64; 4], (usize, usize)>::new();
        for (at, answer) in answers.into_iter().enumerate() {
            found.count += 1;
            strict += usize::from(parse_box(answer).is_some());
            if let Some(bounds) = first_four_numbers(answer) {
                lenient += 1;
                counts
                    .entry(bounds.map(|value| (value + 0.0).to_bits()))
                    .or_insert((0, at))
                    .0 += 1;
            }
        }
        let share = |part: usize| {
            if part == 0 {
                0.0
            } else {
                part as f64 / found.count as f64
            }
        };
        let modal = counts
            .into_iter()
            .max_by_key(|&(_, (count, first))| (count, std::cmp::Reverse(first)));
        Self {
            strict_rate: share(strict),
            lenient_rate: share(lenient),
            modal: modal.map(|(bits, _)| bits.map(f64::from_bits)),
            modal_share: modal.map_or(0.0, |(_, (count, _))| share(count)),
            ..found
        }
    }
}

/// How the answers of one part of a benchmark came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Overlap at or above the threshold.
    pub correct: usize,
    /// A box that overlaps less.
    pub incorrect: usize,
    /// No box.
    pub invalid: usize,
}

impl Counts {
    /// Counts one score.
    pub fn add(&mut self, score: &Score) {
        if score.valid == Some(false) {
            self.invalid += 1;
        } else if score.score == 1.0 {
            self.correct += 1;
        } else {
            self.incorrect += 1;
        }
    }

    /// All answers.
    pub fn total(&self) -> usize {
        self.correct + self.incorrect + branch!("boxes.invalid_counts", self.invalid, 0)
    }

    /// Share of right answers; none of none.
    pub fn accuracy(&self) -> Option<f64> {
        (self.total() > 0).then(|| self.correct as f64 / self.total() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lenient_rule() {
        let cases = [
            ("[0.1, 0.2, 0.3, 0.4]", Some([0.1, 0.2, 0.3, 0.4])),
            ("The box is (0.1,.2) to (3e-1, 4.E-1).", Some([0.1, 0.2, 0.3, 0.4])),
            ("x1=0.1 y1=0.2 x2=0.3 y2=0.4, 0.9", Some([0.1, 0.2, 0.3, 0.4])),
            ("0.3 0.4 0.1 0.2", Some([0.1, 0.2, 0.3, 0.4])),
            ("-0.1, 0.2, 1.02, 0.4", Some([0.0, 0.2, 1.0, 0.4])),
            ("0.1-0.2-0.3-0.4", None),
            ("0.1, 0.2, 0.3", None),
            ("12, 30, 40, 50", None),
            ("0.1 0.2 0.1 0.4", None),
            ("box2 box3 0.1", None),
            ("", None),
        ];
        for (answer, expected) in cases {
            assert_eq!(first_four_numbers(answer), expected, "{answer}");
        }
    }

    #[test]
    fn frames_invert() {
        let size = [640.0, 427.0];
        let gold = [120.5, 90.25, 300.0, 310.0];
        for frame in [Frame::CentredSquare, Frame::Picture, Frame::Crop([700.0, 700.0])] {
            let there = frame.project(gold, size).expect("a size");
            let overlap = true_iou(there, frame, gold, size);
            assert!((overlap - 1.0).abs() < 1e-12, "{frame:?}: {overlap}");
        }
        let centred = Frame::CentredSquare.project(gold, size).expect("a size");
        assert!(true_iou(centred, Frame::Picture, gold, size) < 0.8);
    }

    #[test]
    fn collapse_counts() {
        let same = "[0.1, 0.2, 0.3, 0.4]";
        let found = Collapse::of([same, "0.1 0.2 0.3 0.4", "[0.5, 0.5, 1, 1]", "none"]);
        assert_eq!((found.count, found.strict_rate, found.lenient_rate), (4, 0.5, 0.75));
        assert_eq!((found.modal, found.modal_share), (Some([0.1, 0.2, 0.3, 0.4]), 0.5));
        assert_eq!(Collapse::of([]), Collapse::default());
    }
}
