//! The sides of a buffer.

use std::fmt;

/// Largest number of sides.
const MOST: usize = 3;

/// One to three sides, the slowest first: `[196, 384]` is 196 rows of 384 values.
///
/// Activations have two sides, `[rows, width]`: one row per token or pixel of all pictures.
/// Parameters have the sides that their operation names. An array of sides becomes a shape, and so
/// does a single length.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Sides past the last are 1.
    sides: [usize; MOST],
    rank: u8,
}

impl Shape {
    /// The sides, the slowest first.
    pub fn sides(&self) -> &[usize] {
        &self.sides[..usize::from(self.rank)]
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        product(&self.sides)
    }

    /// True if any side is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first side.
    pub fn rows(&self) -> usize {
        self.sides[0]
    }

    /// Number of values in a row: the product of all sides but the first.
    pub fn width(&self) -> usize {
        product(&self.sides[1..])
    }

    /// The same shape with another number of rows.
    pub(crate) fn with_rows(mut self, rows: usize) -> Self {
        self.sides[0] = rows;
        self
    }
}

/// A product that no memory holds stays too large, instead of wrapping round to a small one.
fn product(sides: &[usize]) -> usize {
    sides.iter().fold(1, |product, &side| product.saturating_mul(side))
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(sides: [usize; N]) -> Self {
        const { assert!(N >= 1 && N <= MOST, "a shape has one to three sides") };
        let mut all = [1; MOST];
        all[..N].copy_from_slice(&sides);
        Self {
            sides: all,
            rank: N as u8,
        }
    }
}

impl From<usize> for Shape {
    fn from(len: usize) -> Self {
        [len].into()
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.sides())
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_rows_and_values() {
        let shape = Shape::from([4, 96, 6]);
        assert_eq!((shape.len(), shape.rows(), shape.width()), (2304, 4, 576));
        assert_eq!(shape.to_string(), "[4, 96, 6]");
        assert_eq!(Shape::from(7).sides(), [7]);
        // One side more is another shape, even if it is 1.
        assert_ne!(Shape::from([7, 1]), Shape::from(7));
        assert!(Shape::from([0, 3]).is_empty());
        assert_eq!(Shape::from([usize::MAX, 2]).len(), usize::MAX);
    }
}
