//! Python's `random.Random(seed).shuffle`, which decides the items of the paper's subsets.
//!
//! The generator is MT19937 (Matsumoto and Nishimura 1998), seeded by array as CPython seeds it
//! with an integer; a bounded number is drawn by rejection from its upper bits.

const SIZE: usize = 624;
const MIDDLE: usize = 397;

/// The generator.
pub struct Random {
    state: Vec<u32>,
    at: usize,
}

impl Random {
    /// Seeded with a whole number.
    pub fn new(seed: u32) -> Self {
        let mut state = vec![19_650_218u32];
        for n in 1..SIZE as u32 {
            state.push(mixed(&state, n as usize, 1_812_433_253).wrapping_add(n));
        }
        let mut at = 1;
        // The key is the one number.
        for _ in 0..SIZE {
            state[at] = (state[at] ^ mixed(&state, at, 1_664_525)).wrapping_add(seed);
            at = advance(&mut state, at);
        }
        for _ in 1..SIZE {
            state[at] = (state[at] ^ mixed(&state, at, 1_566_083_941)).wrapping_sub(at as u32);
            at = advance(&mut state, at);
        }
        state[0] = 0x8000_0000;
        Self { state, at: SIZE }
    }

    fn twist(&mut self) {
        for n in 0..SIZE {
            let joined = self.state[n] & 0x8000_0000 | self.state[(n + 1) % SIZE] & 0x7fff_ffff;
            let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[n] = self.state[(n + MIDDLE) % SIZE] ^ joined >> 1 ^ odd;
        }
        self.at = 0;
    }

    fn word(&mut self) -> u32 {
        if self.at == SIZE {
            self.twist();
        }
        let mut word = self.state[self.at];
        self.at += 1;
        word ^= word >> 11;
        word ^= word << 7 & 0x9d2c_5680;
        word ^= word << 15 & 0xefc6_0000;
        word ^ word >> 18
    }

    /// A number below `end`, which is above 0.
    fn below(&mut self, end: u32) -> u32 {
        let shift = end.leading_zeros();
        loop {
            let drawn = self.word() >> shift;
            if drawn < end {
                return drawn;
            }
        }
    }

    /// Brings a list into a random order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = self.below(last as u32 + 1) as usize;
            list.swap(last, other);
        }
    }
}

/// The word before, mixed and multiplied.
fn mixed(state: &[u32], at: usize, factor: u32) -> u32 {
    let before = state[at - 1];
    (before ^ before >> 30).wrapping_mul(factor)
}

/// The next place; the last word is carried to the front.
fn advance(state: &mut [u32], at: usize) -> usize {
    if at + 1 < SIZE {
        return at + 1;
    }
    state[0] = state[SIZE - 1];
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffles_as_python_does() {
        // python3 -c "import random; x = list(range(20)); random.Random(21).shuffle(x); print(x)"
        let mut list: Vec<u32> = (0..20).collect();
        Random::new(21).shuffle(&mut list);
        let expected = [4, 1, 11, 16, 19, 0, 6, 14, 10, 2, 8, 7, 12, 3, 17, 15, 9, 18, 13, 5];
        assert_eq!(list, expected);
        // A long list reaches the second round of the generator: its head, tail and a weighted sum.
        let mut list: Vec<u64> = (0..5000).collect();
        Random::new(21).shuffle(&mut list);
        assert_eq!(list[..5], [2335, 503, 1039, 3819, 237]);
        let sum: u64 = list.iter().enumerate().map(|(n, value)| n as u64 * value).sum();
        assert_eq!(sum, 31_321_143_009);
        let mut list: Vec<u32> = (0..5).collect();
        Random::new(7).shuffle(&mut list);
        assert_eq!(list, [4, 0, 3, 1, 2]);
    }
}
