//! Batches of pictures whose canvases have different sizes, as the policies of the paper's detection
//! and segmentation encoders give them: every question is answered as it is alone.

#[path = "../../language/tests/support/mod.rs"]
#[allow(dead_code, reason = "shared with the tests of the decoder")]
mod support;

use std::rc::Rc;

use pollster::FutureExt as _;
use serde_json::json;
use sightline_checkpoint::manifest::{Chat, Model};
use sightline_checkpoint::tensors::{Tensor, TensorData, serialize};
use sightline_kernels::Device;
use sightline_vision::{EncoderKind, Input, KINDS, Picture, RandomWeights, Size, Transform};
use sightline_vlm::{Ask, BatchAnswer, Files, Language, Options, Reply, Vlm};

/// Sides of the pictures, px. The second and the last have canvases of one size.
const SIDES: [(u32, u32); 5] = [(60, 50), (90, 30), (30, 90), (40, 30), (96, 20)];
/// The picture that every question is about: there are more questions than pictures.
const SHOWN: [usize; 7] = [0, 1, 2, 0, 3, 4, 2];
/// Slots of the batch, more than there are questions.
const SLOTS: usize = 8;
/// Largest difference of margins and probabilities that other shapes of the arithmetic may make.
const SAME: f32 = 1e-4;
const OPTIONS: Options = Options {
    max_tokens: 8,
    temperature: 0.0,
    seed: 0,
};

fn picture(number: usize) -> Picture {
    let (width, height) = SIDES[number];
    let pixels = (0..width * height * 3).map(|i| (i * 7 % 251) as u8 ^ (number as u8).wrapping_mul(93));
    Picture::from_rgb(width, height, pixels.collect()).expect("a picture")
}

/// A model of random weights that follows the shape of its pictures, with a dense head.
fn files(kind: &dyn EncoderKind) -> Files {
    let config = kind.tiny(32);
    let width = config.width();
    let row = json!({
        "id": "tiny",
        "encoder": config.row(),
        "transform": {
            "policy": "vmamba-detection", "size": [64, 96], "pad": [127, 127, 127], "filter": "bilinear",
            "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5],
        },
        "connector": { "layers": 1, "hidden": support::WIDTH },
        "dense_head": { "classes": "classes.json" },
        "language_model": "tiny",
        "files": [{ "path": "model.safetensors", "bytes": 0, "sha256": "" }],
        "question_types": [{ "id": "ground", "example": "Where is the lamp?", "wordings": ["Where is the {}?"] }],
        "licence": "LICENSE", "card": "card.md",
    });
    let row: Model = serde_json::from_value(row).expect("a row");
    let classes = vec!["lamp".to_owned(), "chair".to_owned()];
    let mut tensors = RandomWeights::new(config.schema(), false).all();
    let mut add = |key: &str, shape: &[usize]| {
        let seed = tensors.len() as u32;
        let size = shape.iter().product();
        let data = (0..size).map(|i| 0.7 * support::noise(seed, i)).collect();
        let tensor = Tensor {
            shape: shape.to_vec(),
            data: TensorData::F32(data),
        };
        tensors.insert(key.to_owned(), tensor);
    };
    for (key, rows, cols) in [
        ("projector", support::WIDTH, width),
        ("dense.0", width, width),
        ("dense.2", classes.len() + 9, width),
    ] {
        add(&format!("{key}.weight"), &[rows, cols]);
        add(&format!("{key}.bias"), &[rows]);
    }
    Files {
        weights: serialize("model.safetensors", &tensors).expect("a file"),
        classes,
        row,
    }
}

fn same(a: &BatchAnswer, b: &BatchAnswer) -> bool {
    let near = |a: f32, b: f32| a == b || (a - b).abs() < SAME;
    let shares = |answer: &BatchAnswer| answer.probabilities.clone().unwrap_or_default();
    let (one, other) = (shares(a), shares(b));
    a.text == b.text
        && a.ids == b.ids
        && near(a.margin, b.margin)
        && one.len() == other.len()
        && one.iter().zip(&other).all(|(a, b)| near(*a, *b))
}

/// The questions of one batch: most in words, one among first tokens, one among whole answers.
fn asks<'a>(inputs: &'a [Input], names: &'a [String], wholes: &'a [Vec<u32>]) -> Vec<Ask<'a>> {
    let ask = |(at, shown): (usize, &usize)| Ask {
        picture: &inputs[*shown].values,
        canvas: [inputs[*shown].height, inputs[*shown].width],
        key: &names[*shown],
        question: if at % 2 == 0 {
            "Where is the lamp?"
        } else {
            "Where is the chair?"
        },
        reply: match at {
            3 => Reply::Tokens(&[10, 20, 30]),
            5 => Reply::Answers(wholes),
            _ => Reply::Written,
        },
    };
    SHOWN.iter().enumerate().map(ask).collect()
}

#[test]
fn a_mixed_batch_answers_as_one_by_one() {
    let device = Device::cpu();
    let mut tried = 0;
    for kind in KINDS {
        if kind.tiny(32).grid(Size::one(32, 96)).is_err() {
            // Position vectors fix the size of its canvas.
            continue;
        }
        tried += 1;
        let files = files(*kind);
        let language = Language::load(&device, &Chat::default(), "tiny.gguf", &support::file().bytes());
        let language = Rc::new(language.expect("a language model"));
        let mut model = Vlm::load(&device, &files, language).block_on().expect("a model");
        let transform = Transform::read(&files.row.transform).expect("a transform");
        let pictures: Vec<Picture> = (0..SIDES.len()).map(picture).collect();
        let applied = |picture: &Picture| transform.apply(picture).expect("a canvas");
        let inputs: Vec<Input> = pictures.iter().map(applied).collect();
        let canvases: Vec<[usize; 2]> = inputs.iter().map(|input| [input.height, input.width]).collect();
        assert_eq!(canvases, [[64, 64], [32, 96], [96, 32], [32, 64], [32, 96]]);
        let names: Vec<String> = (0..SIDES.len()).map(|at| at.to_string()).collect();
        let wholes = vec![vec![40, 41], vec![50]];
        let asks = asks(&inputs, &names, &wholes);
        let together = model.answer_batch(&asks, SLOTS, &OPTIONS).block_on().expect("answers");
        let boxes = model.locate_batch(&asks).block_on().expect("boxes");
        assert_eq!((together.len(), boxes.len()), (asks.len(), asks.len()));
        for (at, ask) in asks.iter().enumerate() {
            assert!(model.fits(ask.question, ask.canvas).is_ok());
            let alone = model
                .answer_batch(&[*ask], SLOTS, &OPTIONS)
                .block_on()
                .expect("an answer");
            assert!(
                same(&together[at], &alone[0]),
                "{}: {at}: {together:?}, {alone:?}",
                kind.id()
            );
            let region = boxes[at].expect("a box");
            let found = model.locate_batch(&[*ask]).block_on().expect("a box")[0].expect("a box");
            assert!(region.iou(&found) > 0.999, "{}: {at}: {region:?}, {found:?}", kind.id());
            // A picture and a question as people ask them are answered alike.
            if matches!(ask.reply, Reply::Written) {
                model.look(&pictures[SHOWN[at]]).block_on().expect("a look");
                let asked = model.ask(ask.question, &OPTIONS, async |_: &str| true);
                assert_eq!(asked.block_on().expect("an answer").text, together[at].text, "{at}");
            }
        }
        // It would be noticed: another picture has other margins.
        let margins: Vec<u32> = together.iter().map(|answer| answer.margin.to_bits()).collect();
        assert!(margins[0] != margins[2] && margins[2] != margins[4], "{together:?}");
    }
    assert_eq!(tried, 2, "VMamba and ConvNeXt take canvases of any size");
}
