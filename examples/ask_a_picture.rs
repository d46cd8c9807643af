//! Asks one model about one picture: manifest, language model, picture, answer.
//!
//! ```text
//! cargo run --release -p sightline-vlm --example ask_a_picture -- \
//!   tests/pictures/sample.png "Where is the pizza?"
//! ```
//!
//! The language model must have been fetched before: `sightline models --fetch`. A third argument
//! names another model id.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;

use sightline_checkpoint::cache::{self, Cache};
use sightline_kernels::Device;
use sightline_vision::{Picture, load_manifest};
use sightline_vlm::{Files, Language, Options, Vlm};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(picture), Some(question)) = (args.next(), args.next()) else {
        return Err("usage: ask_a_picture PICTURE QUESTION [MODEL]".into());
    };
    let id = args.next().unwrap_or_else(|| "sightline-vmamba-tiny".into());
    pollster::block_on(ask(Path::new("weights"), &id, &picture, &question))
}

async fn ask(weights: &Path, id: &str, picture: &str, question: &str) -> Result<(), Box<dyn Error>> {
    // What the model is made of, every file checked against the manifest's hash.
    let manifest = load_manifest(weights)?;
    let files = Files::read(weights, &manifest, id)?;
    let row = manifest.language_model(&files.row.language_model)?;
    let gguf = Cache::from_env()?.find(row, None)?;
    let bytes = cache::read_language_model(&gguf, row)?;

    // `Device::wgpu(false)` takes a GPU instead. Several models can share one `Language`.
    let device = Device::cpu();
    let language = Rc::new(Language::load(&device, &row.chat, &row.file, &bytes)?);
    let mut model = Vlm::load(&device, &files, language).await?;

    // One look serves any number of questions.
    let picture = Picture::decode(&std::fs::read(picture)?)?;
    model.look(&picture).await?;
    let print = async |text: &str| {
        print!("{text}");
        std::io::stdout().flush().is_ok()
    };
    let answer = model.ask(question, &Options::default(), print).await?;
    println!();
    for found in &answer.boxes {
        println!(
            "{:?} (x1, y1, x2, y2 in px), found by {}",
            found.px,
            found.source.as_str()
        );
    }
    if answer.outside_training {
        println!("The model was not trained on questions of this kind.");
    }
    Ok(())
}
