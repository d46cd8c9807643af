//! 16-bit products of the shipped encoders on a GPU that has them. They are kept if they agree with
//! f32, and dropped if they do not.
//!
//! Without the language model's file, a GPU, or its 16-bit floats, the tests show as ignored and
//! say why.

mod common;

use std::fs;
use std::rc::Rc;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use sightline_checkpoint::tensors::{self, TensorData, Tensors};
use sightline_kernels::Device;
use sightline_vision::Picture;
use sightline_vlm::{Files, Language, MIN_HALF_COSINE, Vlm};

use common::{ARMS, Inputs, open, root, weights, wgpu};

/// A factor that moves weights of the first layer out of the range of 16-bit floats. The next norm
/// undoes it in f32.
const TOO_LARGE: f32 = 1e7;

fn main() {
    let arguments = Arguments::from_args();
    let inputs = match arguments.list {
        true => Err("only listing".into()),
        false => find().map(Arc::new),
    };
    if let Err(reason) = &inputs {
        eprintln!("ignored: {reason}");
    }
    let ignored = inputs.is_err();
    let software = |inputs: &Arc<(Inputs, Device)>| inputs.1.gpu_info().is_some_and(|info| info.software);
    let software = inputs.as_ref().is_ok_and(software);
    let mut trials = Vec::new();
    for id in ARMS {
        let inputs = inputs.clone();
        // In software one arm takes minutes; the suite of the encoders has both.
        let ignored = ignored || (software && id != ARMS[0]);
        trials.push(Trial::test(format!("agrees::{id}"), move || agrees(&*inputs?, id)).with_ignored_flag(ignored));
    }
    trials.push(
        Trial::test("out_of_range::sightline-vmamba-tiny", move || out_of_range(&*inputs?)).with_ignored_flag(ignored),
    );
    libtest_mimic::run(&arguments, trials).exit();
}

/// The pair and a GPU with 16-bit floats.
fn find() -> Result<(Inputs, Device), String> {
    let device = wgpu().map_err(|e| e.to_string())?;
    device.with_half(true).map_err(|e| e.to_string())?;
    Ok((open()?, device))
}

fn load((inputs, device): &(Inputs, Device), files: &Files) -> Result<(Vlm, Picture), Failed> {
    let language = Rc::new(Language::load(
        device,
        &inputs.chat(),
        "language model",
        &inputs.language,
    )?);
    let model = pollster::block_on(Vlm::load(device, files, language))?;
    let file = root().join("tests/pictures/sample.png");
    let picture = Picture::decode(&fs::read(file)?)?;
    Ok((model, picture))
}

fn agrees(inputs: &(Inputs, Device), id: &str) -> Result<(), Failed> {
    let files = Files::read(&weights(), &inputs.0.manifest, id)?;
    let (mut model, picture) = load(inputs, &files)?;
    let whole = features(&mut model, &picture)?;
    let cosine = pollster::block_on(model.try_half(&files, &picture))?;
    model.settle_half(true);
    println!("{id}: cosine {cosine:.6}");
    if cosine < MIN_HALF_COSINE {
        return Err(format!("cosine {cosine}").into());
    }
    // Equal bits would mean that nothing was rounded.
    if features(&mut model, &picture)? == whole {
        return Err("the features are the same to the last bit: 16-bit products were not used".into());
    }
    Ok(())
}

fn out_of_range(inputs: &(Inputs, Device)) -> Result<(), Failed> {
    let mut files = Files::read(&weights(), &inputs.0.manifest, ARMS[0])?;
    files.weights = enlarge_first_layer(&files.weights)?;
    let (mut model, picture) = load(inputs, &files)?;
    let whole = features(&mut model, &picture)?;
    if whole.iter().any(|v| !v.is_finite()) {
        return Err("the weights are too large for f32 too, so that this shows nothing".into());
    }
    let cosine = pollster::block_on(model.try_half(&files, &picture))?;
    if cosine >= MIN_HALF_COSINE {
        return Err(format!("cosine {cosine} although a weight is infinite in 16 bits").into());
    }
    // The wish of the caller makes no difference, because nothing was changed.
    model.settle_half(true);
    if features(&mut model, &picture)? == whole {
        Ok(())
    } else {
        Err("the features changed after a failed trial".into())
    }
}

fn features(model: &mut Vlm, picture: &Picture) -> Result<Vec<f32>, Failed> {
    Ok(pollster::block_on(model.features_of(picture))?)
}

fn enlarge_first_layer(bytes: &[u8]) -> Result<Vec<u8>, Failed> {
    let source = Tensors::parse(ARMS[0], bytes)?;
    let mut all = std::collections::BTreeMap::new();
    let mut changed = 0;
    for key in source.keys() {
        let mut tensor = source.get(key)?;
        if key.ends_with("patch_embed.0.weight") {
            let mut values = tensor.data.into_f32();
            values.iter_mut().for_each(|v| *v *= TOO_LARGE);
            tensor.data = TensorData::F32(values);
            changed += 1;
        }
        all.insert(key.to_owned(), tensor);
    }
    assert_eq!(changed, 1, "the first layer's weights have another name now");
    Ok(tensors::serialize(ARMS[0], &all)?)
}
