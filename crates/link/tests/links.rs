//! Links are read as they were written, whatever is in them, and nothing else is read.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use sightline_answer::{Answer, AnswerBox, Source as BoxSource, Timings};
use sightline_link::{
    LinkError, MOST_CHARACTERS, MOST_PICTURE, Milliseconds, Picture, Settings, Shared, SharedAnswer, SharedBox, Source,
    decode, encode,
};

/// Text that a field may hold: letters of many scripts, signs and emoji, nothing invisible.
fn text(most: usize) -> impl Strategy<Value = String> {
    vec("[ -~äßÀ-ÿа-яא-תあ-ん一-丁😀-😏]", 1..most).prop_map(|parts| parts.concat())
}

fn boxes(size: [u32; 2]) -> impl Strategy<Value = Vec<SharedBox>> {
    let side = |most: u32| (0..most).prop_flat_map(move |low| (Just(low), low + 1..=most));
    let one = (
        side(size[0]),
        side(size[1]),
        any::<bool>(),
        option::of(text(12)),
        option::of(0..=1000_u16),
    );
    let one = one.prop_map(|((x1, x2), (y1, y2), dense, label, per_mille)| SharedBox {
        dense,
        label,
        px: [x1, y1, x2, y2],
        per_mille,
    });
    vec(one, 0..4)
}

fn answer(model: usize, size: [u32; 2]) -> impl Strategy<Value = SharedAnswer> {
    let rest = (
        text(60),
        any::<bool>(),
        boxes(size),
        proptest::array::uniform5(0..=3_600_000_u32),
        0..=1024_u32,
        "[0-9a-f]{64}",
    );
    rest.prop_map(move |(text, cut, boxes, times, tokens, weights)| SharedAnswer {
        model: format!("sightline-model.{model}"),
        weights,
        text,
        cut,
        boxes,
        times: times.into(),
        tokens,
    })
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        "[a-z][a-z0-9_-]{0,20}".prop_map(Source::Gallery),
        "[0-9a-f]{64}".prop_map(Source::Hash),
        vec(any::<u8>(), 0..900).prop_map(|bytes| Source::File([b"\xFF\xD8\xFF".to_vec(), bytes].concat())),
    ]
}

fn shared() -> impl Strategy<Value = Shared> {
    let head = (
        source(),
        [1..=65_535_u32, 1..=65_535_u32],
        text(80),
        text(40),
        1..=3_usize,
    );
    let settings = (1..=1024_u32, 0..=200_u8, any::<u64>(), any::<bool>());
    (head, settings).prop_flat_map(|((source, size, question, device, count), settings)| {
        let answers: Vec<_> = (0..count).map(|model| answer(model, size)).collect();
        let (max_tokens, temperature, seed, half) = settings;
        answers.prop_map(move |answers| Shared {
            picture: Picture {
                source: source.clone(),
                size,
            },
            // A question of spaces alone is none.
            question: format!("?{question}"),
            settings: Settings {
                max_tokens,
                temperature: f32::from(temperature) / 100.0,
                seed,
                half,
            },
            device: device.clone(),
            answers,
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_link_is_read_as_it_was_written(shared in shared()) {
        let fragment = match encode(&shared) {
            Err(LinkError::TooLong { found, most }) => {
                prop_assert!(found > most && most == MOST_CHARACTERS);
                return Ok(());
            }
            other => other.unwrap(),
        };
        prop_assert!(fragment.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        prop_assert_eq!(decode(&fragment).unwrap(), shared.clone());
        prop_assert_eq!(encode(&decode(&fragment).unwrap()).unwrap(), fragment.clone());
        let address = format!("https://example.org/a/b.html?embed=1#{fragment}");
        prop_assert_eq!(decode(&address).unwrap(), shared);
    }

    #[test]
    fn a_link_that_lost_its_end_is_refused(shared in shared(), kept in 0.0..1.0_f64) {
        if let Ok(fragment) = encode(&shared) {
            let cut = &fragment[..(fragment.len() as f64 * kept) as usize];
            // Of a picture the end may be missing: its bytes are not looked into here.
            if let Ok(read) = decode(cut) {
                prop_assert!(matches!(read.picture.source, Source::File(_)));
                prop_assert_eq!(read.question, shared.question);
            }
        }
    }
}

fn example() -> Shared {
    let answer = |model: &str| SharedAnswer {
        model: model.to_owned(),
        weights: "0a".repeat(32),
        text: "[0.12, 0.30, 0.55, 0.90]".to_owned(),
        boxes: vec![SharedBox {
            dense: true,
            label: Some("elephant".to_owned()),
            px: [10, 20, 300, 400],
            per_mille: Some(981),
        }],
        times: Milliseconds {
            encode: 28,
            prefix: 31,
            first_token: 17,
            decode: 52,
            dense: 2,
        },
        tokens: 24,
        ..SharedAnswer::default()
    };
    Shared {
        picture: Picture {
            source: Source::Gallery("elephant".to_owned()),
            size: [640, 480],
        },
        question: "Where is the elephant?".to_owned(),
        settings: Settings::default(),
        device: "NVIDIA H200 through WebGPU".to_owned(),
        answers: vec![answer("sightline-vmamba-tiny"), answer("sightline-vit-tiny")],
    }
}

/// Links that were posted have to open for ever: these bytes do not change.
#[test]
fn the_format_stays() {
    const POSTED: &str = include_str!("v1.txt");
    assert_eq!(decode(POSTED.trim()).unwrap(), example());
    assert!(encode(&example()).unwrap().len() < 600);
}

#[test]
fn a_field_out_of_bounds_is_named() {
    type Change = fn(&mut Shared);
    let cases: [(&str, Change); 24] = [
        ("question is empty", |s| s.question = " ".into()),
        ("question has 501 characters", |s| s.question = "x".repeat(501)),
        ("question has the invisible character U+202E", |s| {
            s.question.push('\u{202E}')
        }),
        ("question has the invisible character U+000A", |s| s.question.push('\n')),
        ("answer has the invisible character U+0000", |s| {
            s.answers[0].text.push('\0')
        }),
        ("answer has the invisible character U+E0041", |s| {
            s.answers[0].text.push('\u{E0041}')
        }),
        ("device has 121 characters", |s| s.device = "x".repeat(121)),
        ("gallery picture is no id", |s| {
            s.picture.source = Source::Gallery("../secret".into())
        }),
        ("gallery picture is no id", |s| {
            s.picture.source = Source::Gallery("https://a".into())
        }),
        ("gallery picture is no id", |s| {
            s.picture.source = Source::Gallery("..".into())
        }),
        ("picture's hash is no SHA-256", |s| {
            s.picture.source = Source::Hash("A".repeat(64))
        }),
        ("picture is no JPEG, PNG or WebP", |s| {
            s.picture.source = Source::File(b"<svg onload=".to_vec())
        }),
        ("picture has a side outside", |s| s.picture.size = [0, 480]),
        ("model is no id", |s| s.answers[0].model = "<b>".into()),
        ("answers name one model twice", |s| {
            s.answers[1].model = s.answers[0].model.clone()
        }),
        ("answers are 0", |s| s.answers.clear()),
        ("hash of the weights is no SHA-256", |s| {
            s.answers[0].weights = "0a".into()
        }),
        ("length limit is not", |s| s.settings.max_tokens = 0),
        ("temperature is not 0 to 2", |s| s.settings.temperature = f32::NAN),
        ("temperature is not 0 to 2", |s| s.settings.temperature = 2.1),
        ("box does not lie in the picture", |s| {
            s.answers[0].boxes[0].px = [10, 20, 641, 400]
        }),
        ("box does not lie in the picture", |s| {
            s.answers[0].boxes[0].px = [300, 20, 300, 400]
        }),
        ("box has a probability above 1", |s| {
            s.answers[0].boxes[0].per_mille = Some(1001)
        }),
        ("times hold one above an hour", |s| s.answers[0].times.decode = u32::MAX),
    ];
    for (wanted, change) in cases {
        let mut shared = example();
        change(&mut shared);
        let error = encode(&shared).expect_err(wanted).to_string();
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn what_is_no_link_gets_a_sentence() {
    let whole = encode(&example()).unwrap();
    let endless = "A".repeat(90_000);
    let cases = [
        ("https://example.org/#", "nothing follows the #"),
        ("", "nothing follows the #"),
        (&whole[..whole.len() / 2], "cut off"),
        ("hello world", "characters that no link has"),
        ("AgAA", "format 2, which this version cannot read"),
        ("AQAA", "its text cannot be unpacked"),
        (&endless, "has 90000 characters"),
    ];
    for (link, wanted) in cases {
        let error = decode(link).expect_err(wanted).to_string();
        assert!(error.contains(wanted), "{link}: {error}");
    }
    // One byte more than the text.
    let more = format!("{}AAAA", &whole[..whole.len() / 4 * 4]);
    assert!(decode(&more).is_err());
}

/// A small stream that unpacks to gigabytes costs no more than the most text.
#[test]
fn a_bomb_is_refused() {
    let packed = miniz_oxide::deflate::compress_to_vec(&vec![b' '; 1_400_000], 10);
    let [high, low] = (packed.len() as u16).to_be_bytes();
    let bytes = [vec![1, high, low], packed].concat();
    let link = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes);
    assert!(link.len() < MOST_CHARACTERS);
    assert_eq!(decode(&link), Err(LinkError::Damaged("its text cannot be unpacked")));
}

#[test]
fn the_largest_picture_fits_and_one_byte_more_does_not() {
    let mut shared = example();
    let picture = |bytes: usize| Source::File([b"\xFF\xD8\xFF".to_vec(), vec![7; bytes - 3]].concat());
    shared.picture.source = picture(MOST_PICTURE);
    assert_eq!(decode(&encode(&shared).unwrap()).unwrap(), shared);
    shared.picture.source = picture(MOST_PICTURE + 1);
    assert!(
        encode(&shared)
            .expect_err("too large")
            .to_string()
            .contains("has 60001 bytes")
    );
}

#[test]
fn an_answer_of_the_page_comes_back() {
    let answer = Answer {
        model: "m".into(),
        text: "left".into(),
        boxes: vec![
            AnswerBox {
                source: BoxSource::Llm,
                label: Some("cat".into()),
                region: None,
                px: Some([0.4, 1.0, 50.0, 60.2]),
                score: None,
            },
            AnswerBox {
                source: BoxSource::Dense,
                label: None,
                region: None,
                px: None,
                score: Some(0.9),
            },
        ],
        cut: true,
        timings: Timings {
            encode_ms: 12.4,
            first_token_ms: 20.6,
            tokens: 3,
            ..Timings::default()
        },
        ..Answer::default()
    };
    let back = SharedAnswer::new(&answer, &"a".repeat(64)).to_answer();
    assert_eq!((back.text.as_str(), back.cut, back.timings.tokens), ("left", true, 3));
    assert_eq!((back.timings.encode_ms, back.timings.first_token_ms), (12.0, 21.0));
    // The box in the padding has no px and is left out.
    assert_eq!(back.boxes.len(), 1);
    assert_eq!(back.boxes[0].px, Some([0.0, 1.0, 50.0, 60.0]));
}
