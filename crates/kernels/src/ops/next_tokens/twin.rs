/// Index of the largest value (the lowest on ties), and its difference to the second. That is 0 on
/// ties, and the value itself if it is alone.
pub(crate) fn best_two(values: &[f32]) -> (u32, f32) {
    let best = crate::ops::next_token::twin::argmax(values) as usize;
    let others = values.iter().enumerate().filter(|(i, _)| *i != best);
    let second = others.map(|(_, v)| *v).fold(f32::NEG_INFINITY, f32::max);
    (best as u32, values[best] - second)
}
