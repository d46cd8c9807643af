/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Sampling {
    /// The most likely token, chosen on the device.
    #[default]
    Greedy,
    /// Drawn from the softmax of `logits / temperature`. The same seed gives the same answer on the
    /// same device.
    Temperature {
        /// Above 0. Small values are close to greedy.
        temperature: f32,
        /// Seed of the draw.
        seed: u64,
    },
}

/// SplitMix64 (Steele et al. 2014): small, and the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Uniform in `[0, 1)`.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 / (1u64 << 53) as f64
    }

    /// An index, drawn with probability proportional to `exp(logits / temperature)`.
    pub(crate) fn draw(&mut self, logits: &[f32], temperature: f32) -> u32 {
        let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let temperature = f64::from(temperature.max(1e-4));
        let weight = |logit: f32| (f64::from(logit - max) / temperature).exp();
        let total: f64 = logits.iter().map(|&l| weight(l)).sum();
        let mut left = self.unit() * total;
        let mut last = 0;
        for (id, &logit) in logits.iter().enumerate() {
            let weight = weight(logit);
            if weight > 0.0 {
                last = id;
                left -= weight;
                if left < 0.0 {
                    break;
                }
            }
        }
        last as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_follow_the_softmax() {
        let mut random = Random::new(7);
        let logits = [0.0, 2.0f32.ln(), f32::NEG_INFINITY, 1.0f32.ln()];
        let mut counts = [0; 4];
        for _ in 0..40_000 {
            counts[random.draw(&logits, 1.0) as usize] += 1;
        }
        assert_eq!(counts[2], 0);
        for (count, share) in [(counts[0], 0.25), (counts[1], 0.5), (counts[3], 0.25)] {
            assert!((f64::from(count) / 40_000.0 - share).abs() < 0.01, "{counts:?}");
        }
    }

    #[test]
    fn cold_is_greedy_and_a_seed_repeats() {
        let logits: Vec<f32> = (0..100).map(|i| ((i * 37) % 100) as f32).collect();
        let mut random = Random::new(1);
        assert!((0..50).all(|_| logits[random.draw(&logits, 0.01) as usize] == 99.0));
        let draws = |seed| {
            let mut random = Random::new(seed);
            (0..20).map(|_| random.draw(&logits, 30.0)).collect::<Vec<_>>()
        };
        assert_eq!(draws(3), draws(3));
        assert_ne!(draws(3), draws(4));
    }
}
