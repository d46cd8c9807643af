use super::{Case, compare, hash_vec, uploaded};
use crate::ops;

pub(super) fn cases(cases: &mut Vec<Case>) {
    // `(vocabulary, winners, position)`: the lowest winner is the answer; positions at the end of
    // the history and past it.
    let shapes: [(usize, &[usize], usize); 6] = [
        (49_152, &[49_151], 0),
        (49_152, &[300, 44, 20_000], 5),
        (512, &[0, 511], 6),
        (3, &[2], 7),
        (1, &[0], 20),
        (257, &[256, 1], 2),
    ];
    for (vocabulary, winners, position) in shapes {
        let name = format!("next_token/{vocabulary}at{position}");
        cases.push(Case::new(name, 0.0, move |device| async move {
            let mut logits: Vec<f32> = hash_vec(vocabulary, 1, 8.0).iter().map(|v| v - 9.0).collect();
            winners.iter().for_each(|&w| logits[w] = -4.5);
            let best = *winners.iter().min().unwrap_or(&0) as u32;
            let mut history = vec![77; 8];
            let (token, at) = (device.upload_u32(&[9]), device.upload_u32(&[position as u32]));
            let kept = device.upload_u32(&history).reshape([1, 8])?;
            let args = ops::NextToken {
                logits: &uploaded(&device, &logits, [1, vocabulary])?,
                token: &token,
                position: &at,
                history: &kept,
                vocabulary,
                capacity: 8,
            };
            ops::next_token(&device, args)?;
            if let Some(slot) = history.get_mut(position + 1) {
                *slot = best;
            }
            let expected = [vec![best, position as u32 + 1], history].concat();
            let found = [
                device.read_u32(&token).await?,
                device.read_u32(&at).await?,
                device.read_u32(&kept).await?,
            ];
            let floats = |words: &[u32]| words.iter().map(|&w| w as f32).collect::<Vec<_>>();
            Ok(compare(&floats(&found.concat()), &floats(&expected)))
        }));
    }
}
