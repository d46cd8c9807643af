//! Lineups of two tiny models that share a language model: order, caches, a lost device.
//!
//! Without a GPU its tests show as ignored. `SIGHTLINE_REQUIRE=wgpu` turns absence into failure.

#[path = "../../cli/tests/runs/bundle.rs"]
#[allow(dead_code, reason = "shared with the tests of runs")]
mod bundle;
#[path = "../../language/tests/support/mod.rs"]
#[allow(dead_code, reason = "shared with the tests of the decoder")]
mod support;

use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use sightline_checkpoint::manifest::{Manifest, Model};
use sightline_kernels::Device;
use sightline_vision::{Picture, load_manifest};
use sightline_vlm::{Answer, FileSource, Files, Language, Lineup, Listener, Look, Options, Result, Turn, VlmError};
use tempfile::TempDir;

const QUESTION: &str = "What is this?";

fn main() {
    let arguments = Arguments::from_args();
    let required = std::env::var("SIGHTLINE_REQUIRE").unwrap_or_default();
    let mut trials = Vec::new();
    let mut backend = |name: &'static str, device: std::result::Result<Device, String>| {
        let ignored = device.is_err() && !required.split(',').any(|item| item == name);
        let device = Arc::new(device);
        for (test, run) in TESTS {
            let device = Arc::clone(&device);
            let run = move || run(device.as_ref().as_ref().map_err(Clone::clone)?);
            trials.push(Trial::test(format!("{name}::{test}"), run).with_ignored_flag(ignored));
        }
    };
    backend("cpu", Ok(Device::cpu()));
    let wgpu = match arguments.list {
        true => Err("only listing".to_owned()),
        false => pollster::block_on(Device::wgpu(false))
            .or_else(|_| pollster::block_on(Device::wgpu(true)))
            .map_err(|error| error.to_string()),
    };
    backend("wgpu", wgpu);
    libtest_mimic::run(&arguments, trials).exit();
}

type Test = fn(&Device) -> std::result::Result<(), Failed>;

const TESTS: [(&str, Test); 5] = [
    ("order_rotates_and_changes_no_answer", order),
    ("one_language_model_serves_all", shared),
    ("the_same_picture_costs_nothing", cached),
    ("a_replayed_picture_is_answered_as_a_recorded_one", replayed),
    ("a_lost_device_is_replaced", lost),
];

/// Two models with weights of their own, in folders that hold a model called `model`.
struct Tiny {
    folders: Vec<(String, TempDir, Manifest)>,
    /// Ids in the order in which they were put on the device.
    put: Vec<String>,
}

impl Tiny {
    fn new() -> Self {
        let folder = |(id, seed): (&str, u32)| {
            let folder = tempfile::tempdir().expect("a folder");
            bundle::write_questions(folder.path(), seed, 0);
            let manifest = load_manifest(&folder.path().join("weights")).expect("a manifest");
            (id.to_owned(), folder, manifest)
        };
        Self {
            folders: [("one", 1), ("two", 77)].map(folder).into(),
            put: Vec::new(),
        }
    }

    fn read(&self, id: &str) -> Result<Files> {
        let row = self.folders.iter().find(|(other, ..)| other == id);
        let (_, folder, manifest) = row.ok_or_else(|| VlmError::Row {
            id: id.to_owned(),
            problem: "is in no folder".into(),
        })?;
        let mut files = Files::read(&folder.path().join("weights"), manifest, "model")?;
        files.row.id = id.to_owned();
        Ok(files)
    }
}

impl FileSource for Tiny {
    type Error = VlmError;

    async fn row(&mut self, id: &str) -> Result<Model> {
        Ok(self.read(id)?.row)
    }

    async fn language(&mut self, id: &str, device: &Device) -> Result<Language> {
        let row = self.folders[0].2.language_model(id)?;
        Language::load(device, &row.chat, &row.file, &support::file().bytes())
    }

    async fn files(&mut self, id: &str) -> Result<Files> {
        self.read(id)
    }

    fn loaded(&mut self, id: &str, bytes: usize) {
        assert!(bytes > 0, "{id} takes no memory");
        self.put.push(id.to_owned());
    }
}

/// What happened in a turn.
#[derive(Default)]
struct Heard {
    reused: Vec<bool>,
    answers: Vec<Answer>,
    /// Number of models after which the turn ends.
    most: Option<usize>,
}

impl Listener<VlmError> for Heard {
    async fn looking(&mut self, _id: &str) -> bool {
        self.most.is_none_or(|most| self.answers.len() < most)
    }

    async fn looked(&mut self, _id: &str, look: &Look) -> bool {
        self.reused.push(look.reused);
        true
    }

    async fn answered(&mut self, answer: Answer) -> Result<()> {
        self.answers.push(answer);
        Ok(())
    }
}

impl Heard {
    /// Who answered what, by model.
    fn texts(&self) -> Vec<(&str, &str)> {
        let mut texts: Vec<_> = self
            .answers
            .iter()
            .map(|answer| (&*answer.model, &*answer.text))
            .collect();
        texts.sort_unstable();
        texts
    }
}

fn lineup(device: &Device) -> Lineup<Tiny> {
    let ids = ["one", "two"].map(str::to_owned).into();
    Lineup::new(device.clone(), Tiny::new(), ids)
}

/// A picture of 40 x 30 px, another one for every number.
fn picture(number: u8) -> Picture {
    let pixels = (0..40 * 30 * 3u32).map(|i| (i * 7 % 251) as u8 ^ number.wrapping_mul(93));
    Picture::from_rgb(40, 30, pixels.collect()).expect("a picture")
}

fn ask(models: &mut Lineup<Tiny>, picture: &Picture, number: usize) -> Result<Heard> {
    let turn = Turn {
        picture,
        question: QUESTION,
        options: Options {
            max_tokens: 12,
            ..Options::default()
        },
        number,
    };
    let mut heard = Heard::default();
    pollster::block_on(models.answer(&turn, &mut heard))?;
    Ok(heard)
}

fn order(device: &Device) -> std::result::Result<(), Failed> {
    let mut models = lineup(device);
    assert_eq!(models.order(0), ["one", "two"]);
    assert_eq!(models.order(3), ["two", "one"]);
    let picture = picture(1);
    let (first, second) = (ask(&mut models, &picture, 0)?, ask(&mut models, &picture, 1)?);
    let who = |heard: &Heard| -> Vec<String> { heard.answers.iter().map(|answer| answer.model.clone()).collect() };
    assert_eq!(who(&first), ["one", "two"]);
    assert_eq!(who(&second), ["two", "one"]);
    assert_eq!(first.texts(), second.texts());
    assert!(first.answers.iter().all(|answer| answer.timings.tokens > 0));
    // A listener ends a turn between two models.
    let turn = Turn {
        picture: &picture,
        question: QUESTION,
        options: Options::default(),
        number: 1,
    };
    let mut heard = Heard {
        most: Some(1),
        ..Heard::default()
    };
    pollster::block_on(models.answer(&turn, &mut heard))?;
    assert_eq!(who(&heard), ["two"]);
    // A question that cannot be asked is an error, and the next one is answered.
    let long = Turn {
        question: &"what ".repeat(3000),
        ..turn
    };
    let refused = pollster::block_on(models.answer(&long, &mut Heard::default()));
    assert!(refused.is_err_and(|error| error.is_question()));
    assert_eq!(ask(&mut models, &picture, 0)?.texts(), first.texts());
    Ok(())
}

fn shared(device: &Device) -> std::result::Result<(), Failed> {
    let mut models = lineup(device);
    pollster::block_on(models.load())?;
    assert_eq!(models.source().put, ["tiny", "one", "two"]);
    let loaded: Vec<&str> = models.loaded().iter().map(|model| model.id()).collect();
    assert_eq!(loaded, ["one", "two"]);
    // Dropped models come back behind the same language model, loaded models are not loaded again.
    models.unload("one");
    pollster::block_on(models.load())?;
    assert_eq!(models.source().put, ["tiny", "one", "two", "one"]);
    // A language model stays as long as a model uses it, and goes when it is told to.
    models.unload_language("tiny");
    models.unload("one");
    pollster::block_on(models.load())?;
    assert_eq!(models.source().put.len(), 5);
    models.unload("one");
    models.unload("two");
    models.unload_language("tiny");
    pollster::block_on(models.load())?;
    assert_eq!(models.source().put[5..], ["tiny", "one", "two"]);
    let unknown = pollster::block_on(models.model("three"));
    assert!(unknown.is_err_and(|error| error.to_string().contains("three")));
    Ok(())
}

fn cached(device: &Device) -> std::result::Result<(), Failed> {
    let mut models = lineup(device);
    let (a, b) = (picture(1), picture(2));
    let first = ask(&mut models, &a, 0)?;
    let again = ask(&mut models, &a, 0)?;
    assert_eq!(first.reused, [false, false]);
    assert_eq!(again.reused, [true, true]);
    assert_eq!(first.texts(), again.texts());
    for (first, again) in first.answers.iter().zip(&again.answers) {
        assert!(first.timings.encode_ms > 0.0 && first.timings.prefix_ms > 0.0);
        assert_eq!((again.timings.encode_ms, again.timings.prefix_ms), (0.0, 0.0));
        assert_eq!(again.timings.visual_tokens, 196);
    }
    assert_eq!(ask(&mut models, &b, 0)?.reused, [false, false]);
    // Only the last picture is kept.
    assert_eq!(ask(&mut models, &a, 0)?.reused, [false, false]);
    Ok(())
}

/// The first picture of a model records its graph on a GPU, later ones replay it.
fn replayed(device: &Device) -> std::result::Result<(), Failed> {
    let (a, b) = (picture(1), picture(2));
    let mut models = lineup(device);
    let tokens = |models: &mut Lineup<Tiny>| pollster::block_on(models.loaded()[0].visual_tokens());
    let first_a = (ask(&mut models, &a, 0)?, tokens(&mut models)?);
    let then_b = (ask(&mut models, &b, 0)?, tokens(&mut models)?);
    let then_a = (ask(&mut models, &a, 0)?, tokens(&mut models)?);
    let mut others = lineup(device);
    let first_b = (ask(&mut others, &b, 0)?, tokens(&mut others)?);
    for (recorded, replayed) in [(&first_a, &then_a), (&first_b, &then_b)] {
        assert_eq!(recorded.1, replayed.1);
        assert_eq!(recorded.0.texts(), replayed.0.texts());
    }
    assert_ne!(
        first_a.1, first_b.1,
        "pictures make no difference, so that this shows nothing"
    );
    let cost = models.loaded()[0].cost();
    // The connector's product and its positions are the last two launches of the graph.
    assert_eq!(cost.picture_launches > 2, device.gpu_info().is_some());
    Ok(())
}

fn lost(device: &Device) -> std::result::Result<(), Failed> {
    let picture = picture(3);
    let mut models = lineup(&Device::cpu());
    let before = ask(&mut models, &picture, 0)?;
    pollster::block_on(models.reload(device.clone()))?;
    assert_eq!(models.source().put, ["tiny", "one", "two", "tiny", "one", "two"]);
    assert_eq!(models.device().backend(), device.backend());
    let after = ask(&mut models, &picture, 0)?;
    assert_eq!(after.reused, [false, false]);
    assert_eq!(before.texts(), after.texts());
    Ok(())
}
