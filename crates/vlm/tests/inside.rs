//! Maps of a tiny pair of random weights: against direct loops, and what is refused.

#[path = "../../language/tests/support/mod.rs"]
#[allow(dead_code, reason = "shared with the tests of the decoder")]
mod support;

use std::rc::Rc;

use pollster::FutureExt as _;
use serde_json::json;
use sightline_checkpoint::manifest::{Chat, Model};
use sightline_checkpoint::tensors::{Tensor, TensorData, serialize};
use sightline_kernels::Device;
use sightline_vision::{EncoderKind, KINDS, Picture, RandomWeights, Size, Transform};
use sightline_vlm::{Figure, Files, Language, Map, MapKind, MapQuery, Options, PENS, Panel, Seer, Spot, Vlm, VlmError};

const SIDE: usize = 64;
const QUESTION: &str = "Where is the lamp?";

fn picture(seed: u8) -> Picture {
    let pixels = (0..60 * 40 * 3).map(|i| (i * 7 % 251) as u8 ^ seed);
    Picture::from_rgb(60, 40, pixels.collect()).expect("a picture")
}

fn files(kind: &dyn EncoderKind) -> Files {
    let config = kind.tiny(SIDE);
    let width = config.width();
    let row = json!({
        "id": kind.id(),
        "encoder": config.row(),
        "transform": {
            "policy": "letterbox", "size": [SIDE, SIDE], "pad": [127, 127, 127], "filter": "bilinear",
            "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5],
        },
        "connector": { "layers": 1, "hidden": support::WIDTH },
        "language_model": "tiny",
        "files": [{ "path": "model.safetensors", "bytes": 0, "sha256": "" }],
        "question_types": [{ "id": "ground", "example": "Where is the lamp?", "wordings": ["Where is the {}?"] }],
        "licence": "LICENSE", "card": "card.md",
    });
    let row: Model = serde_json::from_value(row).expect("a row");
    let mut tensors = RandomWeights::new(config.schema(), false).all();
    let mut add = |key: &str, shape: &[usize]| {
        let seed = tensors.len() as u32;
        let values = (0..shape.iter().product()).map(|i| support::noise(seed, i)).collect();
        let tensor = Tensor {
            shape: shape.to_vec(),
            data: TensorData::F32(values),
        };
        tensors.insert(key.to_owned(), tensor);
    };
    add("projector.weight", &[support::WIDTH, width]);
    add("projector.bias", &[support::WIDTH]);
    Files {
        row,
        weights: serialize("model.safetensors", &tensors).expect("a file"),
        classes: Vec::new(),
    }
}

fn kind_of(id: &str) -> &'static dyn EncoderKind {
    let found = KINDS.iter().find(|kind| kind.id() == id);
    *found.expect("a kind")
}

fn query(kind: MapKind, patch: [u32; 2]) -> MapQuery {
    MapQuery {
        kind,
        spot: Spot::Patch(patch),
        ..MapQuery::default()
    }
}

fn map(seer: &mut Seer, query: &MapQuery) -> Result<Map, VlmError> {
    seer.map(&picture(3), query, async |_, _| true).block_on()
}

/// Covering one patch after the other by hand, each picture encoded alone.
#[test]
fn occlusion_equals_a_direct_loop() {
    let device = Device::cpu();
    for (id, cell) in [("vit", 1), ("vmamba", 1), ("convnext", 1), ("vmamba", 3)] {
        let files = files(kind_of(id));
        let mut seer = Seer::load(&device, &files).expect("an encoder");
        let asked = MapQuery {
            cell,
            ..query(MapKind::ReceptiveField, [1, 2])
        };
        let found = map(&mut seer, &asked).expect("a map");
        assert_eq!((found.grid, found.patch, found.cell), ([4, 4], Some([1, 2]), cell));

        let config = sightline_vision::config(&files.row.encoder).expect("a shape");
        let weights = RandomWeights::new(config.schema(), false);
        let encoder = config.load(&device, &weights).expect("an encoder");
        let mut session = encoder.session(Size::one(SIDE, SIDE)).expect("a session");
        let mut token = |values: &[f32]| -> Vec<f32> {
            let output = session.encode(values).block_on().expect("features").clone();
            let features = device.read_f32(&output).block_on().expect("features");
            features[6 * encoder.width()..7 * encoder.width()].to_vec()
        };
        let transform = Transform::read(&files.row.transform).expect("a transform");
        let input = transform.apply(&picture(3)).expect("an input");
        let before = token(&input.values);
        for (patch, &found) in found.heats[0].values.iter().enumerate() {
            let mut covered = input.values.clone();
            let corner = [patch / 4, patch % 4].map(|at| at / cell as usize * cell as usize * 16);
            for y in 0..SIDE {
                for x in 0..SIDE {
                    let inside = |at: usize, from: usize| (from..from + 16 * cell as usize).contains(&at);
                    if inside(y, corner[0]) && inside(x, corner[1]) {
                        covered[(y * SIDE + x) * 3..][..3].fill(0.0);
                    }
                }
            }
            let after = token(&covered);
            let length = |values: &mut dyn Iterator<Item = f32>| values.map(|v| v * v).sum::<f32>().sqrt();
            let moved = length(&mut after.iter().zip(&before).map(|(a, b)| a - b));
            let expected = moved / length(&mut before.iter().copied());
            assert!((found - expected).abs() < 1e-4, "{id} {patch}: {found} {expected}");
        }
    }
}

/// The pass over all patches happens once, and can be ended.
#[test]
fn the_next_patch_costs_nothing_and_work_can_be_stopped() {
    let mut seer = Seer::load(&Device::cpu(), &files(kind_of("vit"))).expect("an encoder");
    let asked = query(MapKind::ReceptiveField, [0, 0]);
    let stopped = seer.map(&picture(3), &asked, async |done, _| done < 4).block_on();
    assert!(matches!(stopped, Err(VlmError::Stopped)));
    let mut told = Vec::new();
    let steps = async |done, all| {
        told.push((done, all));
        true
    };
    seer.map(&picture(3), &asked, steps).block_on().expect("a map");
    assert_eq!((told[0], told.last().map(|last| last.1)), ((0, 16), Some(16)));
    let never = async |_, _| -> bool { panic!("nothing is left to do") };
    let next = seer
        .map(&picture(3), &query(MapKind::ReceptiveField, [3, 3]), never)
        .block_on();
    assert_eq!(next.expect("a map").patch, Some([3, 3]));
    // Another picture is another work.
    let stopped = seer.map(&picture(4), &asked, async |_, _| false).block_on();
    assert!(matches!(stopped, Err(VlmError::Stopped)));
}

#[test]
fn each_kind_has_its_maps_and_says_which_it_lacks() {
    for kind in KINDS {
        let mut seer = Seer::load(&Device::cpu(), &files(*kind)).expect("an encoder");
        for (wanted, owner) in [(MapKind::Attention, "vit"), (MapKind::ScanDirections, "vmamba")] {
            match map(&mut seer, &query(wanted, [2, 1])) {
                Ok(map) if kind.id() == owner => {
                    let number = if owner == "vit" { 1 } else { 4 };
                    assert_eq!((map.heats.len(), map.layer.is_some()), (number, true));
                    assert!(map.heats.iter().all(|heat| heat.values.iter().all(|v| *v >= 0.0)));
                }
                Err(VlmError::NoMap { id, why }) if kind.id() != owner => {
                    assert!(id == kind.id() && why.starts_with("it"), "{id}: {why}");
                }
                other => panic!("{} {wanted:?}: {other:?}", kind.id()),
            }
        }
    }
}

#[test]
fn attention_of_a_patch_sums_to_one() {
    let mut seer = Seer::load(&Device::cpu(), &files(kind_of("vit"))).expect("an encoder");
    for block in 0..2 {
        let asked = MapQuery {
            block: Some(block),
            ..query(MapKind::Attention, [3, 0])
        };
        let map = map(&mut seer, &asked).expect("a map");
        let sum: f32 = map.heats[0].values.iter().sum();
        assert!((sum - 1.0).abs() < 1e-5 && map.layer == Some(block), "{sum}");
    }
}

#[test]
fn what_is_not_there_is_refused_with_what_is() {
    let mut seer = Seer::load(&Device::cpu(), &files(kind_of("vmamba"))).expect("an encoder");
    let mut refused = |asked: &MapQuery| map(&mut seer, asked).expect_err("refused").to_string();
    let text = refused(&query(MapKind::ScanDirections, [4, 0]));
    assert!(text.contains("no patch 4,0") && text.contains("0 to 3"), "{text}");
    let text = refused(&MapQuery {
        block: Some(9),
        ..query(MapKind::ScanDirections, [0, 0])
    });
    assert!(text.contains("no block 9"), "{text}");
    let text = refused(&MapQuery {
        cell: 9,
        ..query(MapKind::ReceptiveField, [0, 0])
    });
    assert!(text.contains("at most 8"), "{text}");
    let text = refused(&query(MapKind::Word, [0, 0]));
    assert!(text.contains("language model"), "{text}");
}

fn model(id: &str) -> Vlm {
    let device = Device::cpu();
    let files = files(kind_of(id));
    let language = Language::load(&device, &Chat::default(), "tiny.gguf", &support::file().bytes());
    let language = language.expect("a language model");
    Vlm::load(&device, &files, Rc::new(language))
        .block_on()
        .expect("a model")
}

fn word(word: &str, layer: Option<u32>) -> MapQuery {
    MapQuery {
        word: word.to_owned(),
        layer,
        ..query(MapKind::Word, [0, 0])
    }
}

fn ask(model: &mut Vlm, picture: &Picture) -> String {
    let options = Options {
        max_tokens: 6,
        ..Options::default()
    };
    model.look(picture).block_on().expect("a look");
    let answer = model.ask(QUESTION, &options, async |_: &str| true).block_on();
    answer.expect("an answer").text
}

#[test]
fn a_word_needs_a_question_and_leaves_answers_as_they_were() {
    let never = async |_, _| -> bool { panic!("no picture is encoded again") };
    for id in ["vit", "vmamba"] {
        let (mut model, picture) = (model(id), picture(3));
        let asked = word("lamp", None);
        assert!(matches!(
            model.map(&picture, &asked, never).block_on(),
            Err(VlmError::NoPicture)
        ));
        let before = ask(&mut model, &picture);
        let map = model.map(&picture, &asked, never).block_on().expect("a map");
        assert!(map.in_question && map.patch.is_none() && map.heats.len() == 1);
        let (said, tokens) = map.word.clone().expect("a word");
        assert!(said == "lamp" && (1..=4).contains(&tokens), "{said} {tokens}");
        assert!(map.heats[0].values.iter().all(|cosine| cosine.abs() <= 1.0));
        // Capitals and marks do not matter; layers do. A third of so few layers is none.
        let again = model
            .map(&picture, &word("\"Lamp?\"", None), never)
            .block_on()
            .expect("a map");
        assert_eq!(again.heats, map.heats);
        let other = model
            .map(&picture, &word("lamp", Some(1)), never)
            .block_on()
            .expect("a map");
        assert!(other.heats != map.heats && (map.layer, other.layer) == (Some(0), Some(1)));
        assert_eq!(ask(&mut model, &picture), before);
        // A map of the encoder does not disturb either.
        let field = query(MapKind::ReceptiveField, [1, 1]);
        model
            .map(&picture, &field, async |_, _| true)
            .block_on()
            .expect("a map");
        assert_eq!(ask(&mut model, &picture), before);
    }
}

#[test]
fn a_word_that_was_not_said_is_refused_with_what_was() {
    let (mut model, seen) = (model("vit"), picture(3));
    let never = async |_, _| -> bool { panic!("no picture is encoded again") };
    ask(&mut model, &seen);
    for absent in ["zebra", "", "?!", "lam"] {
        let error = model
            .map(&seen, &word(absent, None), never)
            .block_on()
            .expect_err("refused");
        assert!(matches!(error, VlmError::NoWord { .. }), "{absent}: {error}");
    }
    let error = model
        .map(&seen, &word("lamp", Some(99)), never)
        .block_on()
        .expect_err("refused");
    assert!(error.to_string().contains("no layer 99"), "{error}");
    // The last question was about another picture.
    let error = model.map(&picture(9), &word("lamp", None), never).block_on();
    assert!(matches!(error, Err(VlmError::NoPicture)));
}

#[test]
fn figures_hold_every_panel() {
    let picture = picture(3);
    let mut panels = Vec::new();
    for (id, pen) in [("vmamba", PENS[0]), ("vit", PENS[1])] {
        let mut seer = Seer::load(&Device::cpu(), &files(kind_of(id))).expect("an encoder");
        let map = map(&mut seer, &query(MapKind::ScanDirections, [1, 2]));
        panels.push(Panel {
            title: id.to_owned(),
            pen,
            map: map.map_err(|error| error.to_string()),
        });
    }
    let about = MapKind::ScanDirections.about();
    let figure = Figure {
        picture: &picture,
        panels,
        about,
    };
    let svg = figure.svg().expect("a figure");
    assert_eq!(
        (svg.matches("<image").count(), svg.matches("linearGradient id").count()),
        (4, 4)
    );
    for text in ["down columns, backwards", "ask for attention", "half of it in"] {
        // Lines are cut between words.
        let words: Vec<&str> = text.split(' ').collect();
        assert!(words.iter().all(|word| svg.contains(word)), "{text}");
    }
    let png = figure.png().expect("a figure");
    let image = Picture::decode(&png).expect("a picture");
    assert!(image.width() > 5 * 208 && image.height() > 200);
    // Blue is nowhere in the picture itself.
    let blue = |pixel: &[u8]| pixel[2] > pixel[0].saturating_add(100);
    assert!(image.pixels().chunks_exact(3).any(blue));
}
