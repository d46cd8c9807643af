use serde::{Deserialize, Serialize};
use sightline_answer::{Answer, AnswerBox, Source as BoxSource, Timings};

/// Most bytes of a picture in a link.
pub const MOST_PICTURE: usize = 60_000;

/// What a link holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// What the models looked at.
    #[serde(rename = "p")]
    pub picture: Picture,
    /// What they were asked, at most 500 characters.
    #[serde(rename = "q")]
    pub question: String,
    /// How they answered.
    #[serde(rename = "s")]
    pub settings: Settings,
    /// What computed, for people, at most 120 characters.
    #[serde(rename = "d")]
    pub device: String,
    /// One to four answers, each of another model, in the order in which they are shown.
    #[serde(rename = "a")]
    pub answers: Vec<SharedAnswer>,
}

impl Shared {
    /// What each model is called beside the others: its id without the parts, between hyphens, that
    /// all of them begin or end with.
    pub fn names(&self) -> Vec<String> {
        let ids: Vec<Vec<&str>> = self
            .answers
            .iter()
            .map(|answer| answer.model.split('-').collect())
            .collect();
        let shortest = ids.iter().map(Vec::len).min().unwrap_or_default();
        let all = |part: &dyn Fn(&[&str]) -> String| {
            let mut parts = ids.iter().map(|id| part(id));
            let first = parts.next();
            parts.all(|other| Some(&other) == first.as_ref())
        };
        // One part stays, whatever the others are called.
        let most = if ids.len() < 2 { 0 } else { shortest.saturating_sub(1) };
        let head = (0..most).take_while(|&i| all(&|id| id[i].to_owned())).count();
        let tail = (0..most - head)
            .take_while(|&i| all(&|id| id[id.len() - 1 - i].to_owned()))
            .count();
        ids.iter().map(|id| id[head..id.len() - tail].join("-")).collect()
    }

    /// The same result with its picture in the link: a copy of `size` px, maybe smaller than the
    /// original. Boxes go with it.
    #[must_use]
    pub fn with_picture(mut self, file: Vec<u8>, size: [u32; 2]) -> Self {
        let before = self.picture.size;
        for found in self.answers.iter_mut().flat_map(|answer| &mut answer.boxes) {
            found.rescale(before, size);
        }
        self.picture = Picture {
            source: Source::File(file),
            size,
        };
        self
    }
}

/// The picture of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// Where it is.
    #[serde(rename = "f")]
    pub source: Source,
    /// Width and height, px. The boxes of the answers lie in them.
    #[serde(rename = "w")]
    pub size: [u32; 2],
}

/// Where the picture of a result is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// In the page's gallery, by its id.
    #[serde(rename = "g")]
    Gallery(String),
    /// With whoever made the link: SHA-256 of its file, in hex. Who opens the link has to have it.
    #[serde(rename = "h")]
    Hash(String),
    /// In the link itself: a JPEG, PNG or WebP file of at most 60,000 bytes. It follows the text,
    /// so that it is not part of it.
    #[serde(rename = "i")]
    File(#[serde(skip)] Vec<u8>),
}

/// How the models answered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Most tokens of an answer, 1 to 1,024.
    #[serde(rename = "n")]
    pub max_tokens: u32,
    /// Randomness, 0 to 2. At 0 the most probable token is taken every time.
    #[serde(rename = "t", default, skip_serializing_if = "is_zero")]
    pub temperature: f32,
    /// Seed of the randomness.
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    pub seed: u64,
    /// Whether encoders computed products in 16 bits.
    #[serde(rename = "h", default, skip_serializing_if = "std::ops::Not::not")]
    pub half: bool,
}

impl Default for Settings {
    /// As the page asks: at most 64 tokens, no randomness, 32 bits.
    fn default() -> Self {
        Self {
            max_tokens: 64,
            temperature: 0.0,
            seed: 0,
            half: false,
        }
    }
}

/// The answer of one model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedAnswer {
    /// The model's id.
    #[serde(rename = "m")]
    pub model: String,
    /// SHA-256 of its weight file, in hex. It says whether a later run has the same weights.
    #[serde(rename = "w")]
    pub weights: String,
    /// The text, at most 1,000 characters.
    #[serde(rename = "t")]
    pub text: String,
    /// Whether it was cut at the length limit.
    #[serde(rename = "c", default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// At most 16 boxes.
    #[serde(rename = "b", default, skip_serializing_if = "Vec::is_empty")]
    pub boxes: Vec<SharedBox>,
    /// Times.
    #[serde(rename = "ms", default)]
    pub times: Milliseconds,
    /// Number of tokens in the answer.
    #[serde(rename = "k", default)]
    pub tokens: u32,
}

/// A box of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedBox {
    /// Whether the encoder's dense head found it, and not the language model.
    #[serde(rename = "d", default, skip_serializing_if = "std::ops::Not::not")]
    pub dense: bool,
    /// Name of the thing in it, at most 60 characters.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Corners `x1, y1, x2, y2`, px of the picture.
    #[serde(rename = "x")]
    pub px: [u32; 4],
    /// Probability in thousandths, for the dense head.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub per_mille: Option<u16>,
}

/// Times of an answer, whole ms. A step that came from a cache has 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[u32; 5]", into = "[u32; 5]")]
pub struct Milliseconds {
    /// Transform, encoder and connector.
    pub encode: u32,
    /// Prompt prefix: beginning of sequence and visual tokens.
    pub prefix: u32,
    /// From the question to the first token.
    pub first_token: u32,
    /// From the first token to the end.
    pub decode: u32,
    /// The dense head.
    pub dense: u32,
}

impl From<[u32; 5]> for Milliseconds {
    fn from([encode, prefix, first_token, decode, dense]: [u32; 5]) -> Self {
        Self {
            encode,
            prefix,
            first_token,
            decode,
            dense,
        }
    }
}

impl From<Milliseconds> for [u32; 5] {
    fn from(times: Milliseconds) -> Self {
        [times.encode, times.prefix, times.first_token, times.decode, times.dense]
    }
}

impl SharedAnswer {
    /// An answer as a link holds it: px and ms are rounded, and a box in the padding is left out.
    /// `weights` is the SHA-256 of the model's weight file, in hex.
    pub fn new(answer: &Answer, weights: &str) -> Self {
        Self {
            model: answer.model.clone(),
            weights: weights.to_owned(),
            text: answer.text.clone(),
            cut: answer.cut,
            boxes: answer.boxes.iter().filter_map(SharedBox::new).collect(),
            times: answer.timings.into(),
            tokens: answer.timings.tokens,
        }
    }

    /// The answer as the page shows it.
    pub fn to_answer(&self) -> Answer {
        let times = self.times;
        Answer {
            model: self.model.clone(),
            text: self.text.clone(),
            boxes: self.boxes.iter().map(SharedBox::to_box).collect(),
            cut: self.cut,
            timings: Timings {
                encode_ms: times.encode.into(),
                prefix_ms: times.prefix.into(),
                first_token_ms: times.first_token.into(),
                decode_ms: times.decode.into(),
                dense_ms: times.dense.into(),
                tokens: self.tokens,
                ..Timings::default()
            },
            ..Answer::default()
        }
    }
}

impl SharedBox {
    fn new(found: &AnswerBox) -> Option<Self> {
        let px = found.px?.map(|side| side.round() as u32);
        (px[0] < px[2] && px[1] < px[3]).then(|| Self {
            dense: found.source == BoxSource::Dense,
            label: found.label.clone(),
            px,
            per_mille: found.score.map(|score| (score * 1000.0).round() as u16),
        })
    }

    /// Moves the box to a picture of another size. A side that would vanish keeps one px.
    fn rescale(&mut self, before: [u32; 2], after: [u32; 2]) {
        for axis in 0..2 {
            let scale =
                |px: u32| (f64::from(px) * f64::from(after[axis]) / f64::from(before[axis].max(1))).round() as u32;
            let low = scale(self.px[axis]).min(after[axis].saturating_sub(1));
            let high = scale(self.px[axis + 2]).min(after[axis]);
            self.px[axis] = low;
            self.px[axis + 2] = high.max(low + 1);
        }
    }

    fn to_box(&self) -> AnswerBox {
        AnswerBox {
            source: if self.dense { BoxSource::Dense } else { BoxSource::Llm },
            label: self.label.clone(),
            region: None,
            px: Some(self.px.map(|side| side as f32)),
            score: self.per_mille.map(|score| f32::from(score) / 1000.0),
        }
    }
}

impl From<Timings> for Milliseconds {
    fn from(timings: Timings) -> Self {
        let whole = |ms: f64| ms.round() as u32;
        Self {
            encode: whole(timings.encode_ms),
            prefix: whole(timings.prefix_ms),
            first_token: whole(timings.first_token_ms),
            decode: whole(timings.decode_ms),
            dense: whole(timings.dense_ms),
        }
    }
}

fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(ids: &[&str]) -> Vec<String> {
        let answer = |id: &&str| SharedAnswer {
            model: (*id).to_owned(),
            ..SharedAnswer::default()
        };
        let shared = Shared {
            picture: Picture {
                source: Source::File(Vec::new()),
                size: [300, 200],
            },
            question: "What?".to_owned(),
            settings: Settings::default(),
            device: String::new(),
            answers: ids.iter().map(answer).collect(),
        };
        shared.names()
    }

    #[test]
    fn names_leave_out_what_all_have() {
        assert_eq!(
            named(&["sightline-vmamba-tiny", "sightline-vit-tiny"]),
            ["vmamba", "vit"]
        );
        assert_eq!(named(&["sightline-vit-tiny"]), ["sightline-vit-tiny"]);
        assert_eq!(named(&["a-b", "a-b-c"]), ["b", "b-c"]);
        assert_eq!(named(&["a", "b-a"]), ["a", "b-a"]);
        assert_eq!(named(&["m-x-t", "m-y-t", "m-x-u"]), ["x-t", "y-t", "x-u"]);
    }

    #[test]
    fn boxes_go_with_a_smaller_copy_of_the_picture() {
        let boxes = [[0, 0, 300, 200], [30, 40, 31, 41], [299, 199, 300, 200]];
        let found = |px| SharedBox {
            dense: false,
            label: None,
            px,
            per_mille: None,
        };
        let shared = Shared {
            picture: Picture {
                source: Source::Hash(String::new()),
                size: [300, 200],
            },
            question: "Where?".to_owned(),
            settings: Settings::default(),
            device: String::new(),
            answers: vec![SharedAnswer {
                boxes: boxes.map(found).to_vec(),
                ..SharedAnswer::default()
            }],
        };
        let small = shared.with_picture(vec![1], [30, 20]);
        assert_eq!(small.picture.size, [30, 20]);
        assert_eq!(small.picture.source, Source::File(vec![1]));
        let moved: Vec<[u32; 4]> = small.answers[0].boxes.iter().map(|found| found.px).collect();
        assert_eq!(moved, [[0, 0, 30, 20], [3, 4, 4, 5], [29, 19, 30, 20]]);
    }
}
