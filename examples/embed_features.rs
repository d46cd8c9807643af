//! Computes a vision encoder's features of pictures and compares them: no language model is loaded.
//!
//! ```text
//! cargo run --release -p sightline-vision --example embed_features -- \
//!   sightline-vit-tiny A.jpg B.jpg C.jpg
//! ```
//!
//! Prints the cosine of every two pictures' mean features, -1 to 1.

use std::error::Error;
use std::path::Path;

use sightline_checkpoint::cache;
use sightline_checkpoint::tensors::Tensors;
use sightline_kernels::Device;
use sightline_vision::{Picture, Session, Size, Transform, load_manifest};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let Some(id) = args.next() else {
        return Err("usage: embed_features MODEL PICTURE...".into());
    };
    let pictures: Vec<String> = args.collect();
    pollster::block_on(compare(Path::new("weights"), &id, &pictures))
}

async fn compare(weights: &Path, id: &str, pictures: &[String]) -> Result<(), Box<dyn Error>> {
    let manifest = load_manifest(weights)?;
    let row = manifest.model(id)?;
    let file = row.files.first().ok_or("the model names no file")?;
    let bytes = cache::read_model_file(weights, file)?;
    let tensors = Tensors::parse(&file.path, &bytes)?;

    // A session is prepared for one picture size and reused; on a GPU it replays a recorded graph.
    let device = Device::cpu();
    let encoder = sightline_vision::load(&device, &row.encoder, &tensors)?;
    let transform = Transform::read(&row.transform)?;
    let [height, width] = row.transform.size;
    let mut session = encoder.session(Size::one(height, width))?;
    println!(
        "{id}: {} tokens of width {} per picture",
        session.grid().tokens(),
        encoder.width()
    );

    let mut means = Vec::new();
    for path in pictures {
        let picture = Picture::decode(&std::fs::read(path)?)?;
        means.push(mean(&device, &mut session, &transform, &picture).await?);
    }
    for (at, a) in means.iter().enumerate() {
        for (b, other) in means.iter().zip(pictures).skip(at + 1) {
            println!("{:.3}  {}  {other}", cosine(a, b), pictures[at]);
        }
    }
    Ok(())
}

/// The mean token of a picture, `[width]`.
async fn mean(
    device: &Device,
    session: &mut Session,
    transform: &Transform,
    picture: &Picture,
) -> Result<Vec<f32>, Box<dyn Error>> {
    let input = transform.apply(picture)?;
    let tokens = session.grid().tokens();
    let features = device.read_f32(session.encode(&input.values).await?).await?;
    let width = features.len() / tokens;
    let mut mean = vec![0.0; width];
    for token in features.chunks_exact(width) {
        for (sum, value) in mean.iter_mut().zip(token) {
            *sum += value / tokens as f32;
        }
    }
    Ok(mean)
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(f32::MIN_POSITIVE)
}
