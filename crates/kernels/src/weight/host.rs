//! A matrix in the memory of the CPU, whatever its format.

use super::linear::Linear;
use super::rows::{Rows, Vector};
use super::stored::Format;
use crate::Result;
use crate::buffer::CpuRead;

/// A matrix, locked for reading.
pub(crate) struct Host<'a> {
    format: Format,
    words: CpuRead<'a>,
    scales: Option<CpuRead<'a>>,
    cols: usize,
}

impl<'a> Host<'a> {
    /// Locks the matrix of `w` for `op`.
    pub(crate) fn lock(op: &'static str, w: &'a Linear) -> Result<Self> {
        Ok(Self {
            format: w.format,
            words: w.words.cpu_read(op)?,
            scales: w.scales.as_ref().map(|scales| scales.cpu_read(op)).transpose()?,
            cols: w.cols,
        })
    }

    fn rows(&self, first: usize) -> Rows<'_> {
        let strides = [self.cols / self.format.per_word(), self.format.scale_words(self.cols)];
        let scales = self.scales.as_ref().map_or(&[][..], |scales| scales.u32());
        Rows {
            words: &self.words.u32()[first * strides[0]..],
            scales: &scales[first * strides[1]..],
            strides,
            cols: self.cols,
        }
    }

    /// `out[i]` = row `first + i` times the vector.
    pub(crate) fn dots(&self, first: usize, vector: &Vector<'_>, out: &mut [f32]) {
        self.format.dots(self.rows(first), vector, out);
    }

    /// Writes the rows from `first` on as floats, as many as `out` holds.
    pub(crate) fn expand(&self, first: usize, out: &mut [f32]) {
        self.format.expand(self.rows(first), out);
    }

    /// Writes one row as floats, in the plainest way.
    pub(crate) fn plain(&self, row: usize, out: &mut [f32]) {
        self.format.plain(self.rows(row).at(0), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Device;

    #[test]
    fn products_and_rows_agree_with_the_slow_way() {
        let device = Device::cpu();
        let (rows, cols) = (5, 96);
        let x: Vec<f32> = (0..cols)
            .map(|i| (i as u32).wrapping_mul(2_654_435_761).rotate_left(13) as u8)
            .map(|byte| f32::from(byte) / 100.0 - 1.0)
            .collect();
        for &format in Format::ALL {
            let w = format.sample(&device, [rows, cols], 7, false).unwrap();
            let host = Host::lock("test", &w).unwrap();
            let (mut expanded, mut dots) = (vec![0.0; rows * cols], vec![0.0; rows]);
            host.expand(0, &mut expanded);
            host.dots(0, &Vector::new(&x), &mut dots);
            for row in 0..rows {
                let mut expected = vec![0.0; cols];
                host.plain(row, &mut expected);
                assert_eq!(expected, expanded[row * cols..][..cols], "{}", format.name());
                let products = || expected.iter().zip(&x).map(|(&w, &x)| f64::from(w) * f64::from(x));
                let (sum, size) = (products().sum::<f64>(), products().map(f64::abs).sum::<f64>());
                let error = (sum - f64::from(dots[row])).abs();
                assert!(error <= 1e-6 * size, "{}: {sum} {}", format.name(), dots[row]);
            }
        }
    }

    #[test]
    fn planes_have_the_size_that_a_format_says() {
        let device = Device::cpu();
        for &format in Format::ALL {
            for cols in [32, 96] {
                let w = format.sample(&device, [3, cols], 1, false).unwrap();
                assert_eq!(w.weight_bytes(), format.bytes(3, cols), "{}", format.name());
                assert_eq!((w.format(), w.rows, w.cols), (format, 3, cols));
            }
        }
    }
}
