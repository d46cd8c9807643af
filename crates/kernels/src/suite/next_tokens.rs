use super::{Case, TOLERANCE_F32, compare, hash_vec, uploaded};
use crate::ops::next_tokens::twin::best_two;
use crate::ops::{NextTokens, next_tokens};

pub(super) fn cases(cases: &mut Vec<Case>) {
    // `(rows, vocabulary, capacity)`; the last row stands at the end of its capacity.
    for (m, vocabulary, capacity) in [(3, 49_152, 9), (16, 500, 4), (1, 2, 3)] {
        let name = format!("next_tokens/{m}of{vocabulary}");
        cases.push(Case::new(name, TOLERANCE_F32, move |device| async move {
            let mut logits = hash_vec(m * vocabulary, 1, 8.0);
            // A tie in the first row: the lower index, margin 0.
            logits[0] = 9.0;
            logits[vocabulary - 1] = 9.0;
            let rows: Vec<u32> = (0..m as u32).flat_map(|row| [row, row % capacity as u32, 0]).collect();
            let tokens = device.upload_u32(&vec![0; m]);
            let places = device.upload_u32(&rows).reshape([m, 3])?;
            let history = device.upload_u32(&vec![7; m * capacity]).reshape([m, capacity])?;
            let margins = uploaded(&device, &vec![0.5; m * capacity], [m, capacity])?;
            let args = NextTokens {
                logits: &uploaded(&device, &logits, [m, vocabulary])?,
                tokens: &tokens,
                rows: &places,
                history: &history,
                margins: &margins,
                m,
                vocabulary,
                capacity,
            };
            next_tokens(&device, args)?;
            let mut expected = vec![0.0; m];
            let mut expected_history = vec![7.0; m * capacity];
            let mut expected_margins = vec![0.5; m * capacity];
            for (row, logits) in logits.chunks_exact(vocabulary).enumerate() {
                let (id, margin) = best_two(logits);
                expected[row] = id as f32;
                let at = row % capacity + 1;
                if at < capacity {
                    expected_history[row * capacity + at] = id as f32;
                    expected_margins[row * capacity + at] = margin;
                }
            }
            expected.extend((0..m).map(|row| (row % capacity + 1) as f32));
            expected.extend(expected_history);
            expected.extend(expected_margins);
            let words = |words: Vec<u32>| words.into_iter().map(|word| word as f32);
            let mut found: Vec<f32> = words(device.read_u32(&tokens).await?).collect();
            let after = device.read_u32(&places).await?;
            found.extend(words(after.chunks_exact(3).map(|row| row[1]).collect()));
            found.extend(words(device.read_u32(&history).await?));
            found.extend(device.read_f32(&margins).await?);
            Ok(compare(&found, &expected))
        }));
    }
}
