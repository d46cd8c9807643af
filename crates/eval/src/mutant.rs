//! Named wrong variants of single branches. The golden set of a scorer must tell each of them from
//! the right one.
//!
//! Without the feature `mutants` the wrong variants are not compiled in.

/// `branch!("scorer.what", right, wrong)` is `right`, unless a test has switched this mutant on.
macro_rules! branch {
    ($name:literal, $right:expr, $wrong:expr) => {{
        #[cfg(feature = "mutants")]
        let value = if $crate::mutant::is_on($name) { $wrong } else { $right };
        #[cfg(not(feature = "mutants"))]
        let value = $right;
        value
    }};
}
pub(crate) use branch;

#[cfg(feature = "mutants")]
pub use on::{is_on, with};

#[cfg(feature = "mutants")]
mod on {
    use std::cell::Cell;

    thread_local! {
        static ON: Cell<&'static str> = const { Cell::new("") };
    }

    /// Whether the mutant is switched on in this thread.
    pub fn is_on(name: &str) -> bool {
        ON.get() == name
    }

    /// Runs `work` with one mutant switched on.
    pub fn with<T>(name: &'static str, work: impl FnOnce() -> T) -> T {
        let before = ON.replace(name);
        let value = work();
        ON.set(before);
        value
    }
}
