//! Boxes in answers: `[x1, y1, x2, y2]`, fractions of the padded square.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A box in fractions of the padded square, `x1 < x2`, `y1 < y2`, all in 0..=1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// Left.
    pub x1: f32,
    /// Top.
    pub y1: f32,
    /// Right.
    pub x2: f32,
    /// Bottom.
    pub y2: f32,
}

/// The reason why an answer holds no box.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BoxError {
    /// No `[`.
    #[error("the answer is not a box")]
    NotABox,
    /// `[` without its `]`.
    #[error("the box is cut off before its closing bracket")]
    Unclosed,
    /// Not four numbers.
    #[error("a box has four numbers, this one has {0}")]
    Count(usize),
    /// A part that is not a number.
    #[error("`{0}` is not a number")]
    Number(String),
    /// A number outside 0..=1.
    #[error("{0} lies outside the picture (0 to 1)")]
    Outside(String),
    /// Its right side lies left of the left one, or its bottom above the top.
    #[error("the box has no area: x1 must be less than x2 and y1 less than y2")]
    Empty,
}

impl Region {
    /// Reads the box that an answer begins with. Text may follow the closing bracket.
    ///
    /// # Errors
    /// [`BoxError`] says what keeps the answer from being a box.
    pub fn parse(answer: &str) -> Result<Self, BoxError> {
        let inner = answer.trim_start().strip_prefix('[').ok_or(BoxError::NotABox)?;
        let (inner, _) = inner.split_once(']').ok_or(BoxError::Unclosed)?;
        let parts: Vec<&str> = inner.split(',').map(str::trim).collect();
        let [x1, y1, x2, y2] = parts[..] else {
            return Err(BoxError::Count(parts.len()));
        };
        let (x1, y1, x2, y2) = (number(x1)?, number(y1)?, number(x2)?, number(y2)?);
        if x1 >= x2 || y1 >= y2 {
            return Err(BoxError::Empty);
        }
        Ok(Self { x1, y1, x2, y2 })
    }

    /// Intersection over union.
    pub fn iou(&self, other: &Self) -> f32 {
        let width = (self.x2.min(other.x2) - self.x1.max(other.x1)).max(0.0);
        let height = (self.y2.min(other.y2) - self.y1.max(other.y1)).max(0.0);
        let shared = width * height;
        shared / (self.area() + other.area() - shared).max(f32::MIN_POSITIVE)
    }

    /// Area as a share of the padded square.
    pub fn area(&self) -> f32 {
        (self.x2 - self.x1) * (self.y2 - self.y1)
    }
}

impl std::fmt::Display for Region {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { x1, y1, x2, y2 } = self;
        write!(f, "[{x1:.2}, {y1:.2}, {x2:.2}, {y2:.2}]")
    }
}

fn number(text: &str) -> Result<f32, BoxError> {
    // `parse` would also accept `inf`, `nan` and exponents. No trained answer holds those.
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(BoxError::Number(text.into()));
    }
    let value: f32 = text.parse().map_err(|_| BoxError::Number(text.into()))?;
    if (0.0..=1.0).contains(&value) {
        Ok(value)
    } else {
        Err(BoxError::Outside(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let region = Region::parse(" [0.12, 0.30, 0.55, 1.00]").unwrap();
        assert_eq!(region.to_string(), "[0.12, 0.30, 0.55, 1.00]");
    }

    #[test]
    fn says_why_there_is_no_box() {
        let reasons = [
            ("yes", BoxError::NotABox),
            ("[0.1, 0.2, 0.3", BoxError::Unclosed),
            ("[0.1, 0.2, 0.3]", BoxError::Count(3)),
            ("[0.1, 0.2, 0.3, cat]", BoxError::Number("cat".into())),
            ("[0.1, 0.2, 0.3, nan]", BoxError::Number("nan".into())),
            ("[0.1, 0.2, 0.3, 1.2]", BoxError::Outside("1.2".into())),
            ("[0.5, 0.2, 0.3, 0.4]", BoxError::Empty),
        ];
        for (answer, reason) in reasons {
            assert_eq!(Region::parse(answer), Err(reason), "{answer}");
        }
    }

    #[test]
    fn overlap() {
        let a = Region::parse("[0.0, 0.0, 0.5, 0.5]").unwrap();
        let b = Region::parse("[0.25, 0.0, 0.75, 0.5]").unwrap();
        assert!((a.iou(&b) - 1.0 / 3.0).abs() < 1e-6);
        assert_eq!(a.iou(&a), 1.0);
    }
}
