//! The table of storage formats.

use core::primitive::f32 as Single;

use cubecl::prelude::*;

use super::stored::{Format, StoredOnGpu};
use super::{f32, int8, q4_1, q8_0};
use crate::ops::lanes::Vec4;

/// Makes [`Format::ALL`] from the rows of the table, and the functions that pass a kernel's call on
/// to the format's file. A kernel is compiled for one format, so only one arm of each is left in
/// it.
macro_rules! formats {
    ($($file:ident::$name:ident,)*) => {
        impl Format {
            /// Every format.
            pub const ALL: &'static [Self] = &[$(Self::of::<$file::$name>()),*];
        }

        /// A row of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Row {
            $($name),*
        }

        impl Row {
            const ALL: &'static [Self] = &[$(Self::$name),*];
        }

        /// See [`StoredOnGpu::load_scale`].
        #[cube]
        pub(crate) fn load_scale(
            row: usize,
            at: usize,
            #[comptime] cols: usize,
            #[comptime] format: Format,
        ) -> usize {
            let listed = comptime!(Row::of(format));
            #[comptime]
            match listed {
                $(Row::$name => $file::$name::load_scale(row, at, cols)),*
            }
        }

        /// See [`StoredOnGpu::load_dot`].
        #[cube]
        pub(crate) fn load_dot<N: Size>(
            words: Vector<u32, N>,
            scale: u32,
            staged: &Shared<[Vec4]>,
            from: usize,
            at: usize,
            #[comptime] width: usize,
            #[comptime] format: Format,
        ) -> Single {
            let listed = comptime!(Row::of(format));
            #[comptime]
            match listed {
                $(Row::$name => $file::$name::load_dot::<N>(words, scale, staged, from, at, width)),*
            }
        }

        /// See [`StoredOnGpu::quad`].
        #[cube]
        pub(crate) fn quad<N: Size>(
            words: &[Vector<u32, N>],
            scales: &ComptimeOption<&[u32]>,
            row: usize,
            at: usize,
            cols: usize,
            #[comptime] aligned: bool,
            #[comptime] format: Format,
        ) -> Vec4 {
            let listed = comptime!(Row::of(format));
            #[comptime]
            match listed {
                $(Row::$name => $file::$name::quad::<N>(words, scales, row, at, cols, aligned)),*
            }
        }

        /// See [`StoredOnGpu::value`].
        #[cube]
        pub(crate) fn value(
            words: &[u32],
            scales: &ComptimeOption<&[u32]>,
            row: usize,
            col: usize,
            cols: usize,
            #[comptime] format: Format,
        ) -> Single {
            let listed = comptime!(Row::of(format));
            #[comptime]
            match listed {
                $(Row::$name => $file::$name::value(words, scales, row, col, cols)),*
            }
        }
    };
}

formats! {
    f32::F32,
    int8::Int8,
    q4_1::Q4_1,
    q8_0::Q8_0,
}

impl Row {
    /// The row of a format. Every format is in the table: `every_format_has_its_row` shows it.
    fn of(format: Format) -> Self {
        let at = Format::ALL.iter().position(|&other| other == format);
        Self::ALL[at.unwrap_or_default()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_its_row() {
        let all = [Format::F32, Format::INT8, Format::Q4_1, Format::Q8_0];
        assert_eq!(Format::ALL, all);
        for (format, row) in all.into_iter().zip(Row::ALL) {
            assert_eq!(Row::of(format), *row);
            assert_eq!(format!("{row:?}").to_lowercase(), format.name());
        }
    }
}
