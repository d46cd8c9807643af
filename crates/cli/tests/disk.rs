//! `sightline eval` on disks that fail it: full, and not to be written. Each case mounts a small
//! file system of its own in a mount namespace of its own; where the system does not allow that,
//! the cases show as ignored.

#[path = "runs/bundle.rs"]
mod bundle;
#[path = "runs/program.rs"]
mod program;
#[path = "../../language/tests/support/mod.rs"]
#[allow(dead_code)]
mod support;

use std::path::Path;
use std::process::Command;

use libtest_mimic::{Arguments, Failed, Trial};
use program::{files, sightline};

/// Sizes of the disk, KiB: from one that holds nothing but its folders to one that all but the last
/// files fit on.
const SIZES: [usize; 7] = [4, 12, 20, 28, 36, 44, 52];
/// Size on which everything fits.
const ROOM: usize = 4096;

fn main() {
    let arguments = Arguments::from_args();
    let mut mount = Command::new("unshare");
    mount.args(["--mount", "mount", "-t", "tmpfs", "none", "/mnt"]);
    let ignored = !mount.output().is_ok_and(|output| output.status.success());
    let trials = vec![
        Trial::test("a_full_disk", full).with_ignored_flag(ignored),
        Trial::test("a_disk_that_becomes_read_only", read_only).with_ignored_flag(ignored),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

/// Runs a shell script in a mount namespace, with `$EVAL` as the evaluation into `disk/`. What it
/// prints: exit statuses, line by line.
fn script(here: &Path, text: &str) -> Result<(Vec<i32>, String), Failed> {
    let eval = sightline(
        here,
        &["eval", "--task", "vizwiz", "--out", "disk", "--batch-size", "2"],
    );
    let words: Vec<String> = std::iter::once(eval.get_program())
        .chain(eval.get_args())
        .map(|word| format!("'{}'", word.to_string_lossy()))
        .collect();
    std::fs::write(
        here.join("script"),
        text.replace("$EVAL", &format!("{} >/dev/null", words.join(" "))),
    )?;
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "script"]).current_dir(here);
    for (name, value) in eval.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.output()?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let statuses: Option<Vec<i32>> = stdout.lines().map(|line| line.parse().ok()).collect();
    Ok((statuses.ok_or(format!("{stdout}\n{stderr}"))?, stderr))
}

/// The tiny bundle, and the files of a run that nothing disturbed.
fn prepared() -> Result<(tempfile::TempDir, Vec<(String, String)>), Failed> {
    let folder = tempfile::tempdir()?;
    bundle::write(folder.path(), 1);
    std::fs::create_dir(folder.path().join("disk"))?;
    let (statuses, stderr) = script(folder.path(), "$EVAL; echo $?; mkdir whole; cp -r disk/. whole")?;
    if statuses != [0] {
        return Err(stderr.into());
    }
    let expected = files(&folder.path().join("whole/vizwiz/model"));
    std::fs::remove_dir_all(folder.path().join("disk/vizwiz"))?;
    Ok((folder, expected))
}

/// One clear error, not a panic, and it says where and what.
fn says(stderr: &str, what: &str) -> Result<(), Failed> {
    let good = stderr.contains("disk") && stderr.contains(what) && !stderr.contains("panicked");
    good.then_some(()).ok_or(format!("not a clear error: {stderr}").into())
}

fn same(found: Vec<(String, String)>, expected: &[(String, String)], case: &str) -> Result<(), Failed> {
    let differs = found.iter().zip(expected).find(|(found, expected)| found != expected);
    match differs {
        None => Ok(()),
        Some(((name, _), _)) => Err(format!("{case}: {name} differs from that of an undisturbed run").into()),
    }
}

/// Full at several points of a run; with room again it goes on and ends as if nothing had been.
fn full() -> Result<(), Failed> {
    let (folder, expected) = prepared()?;
    let here = folder.path();
    let mut failures = 0;
    for size in SIZES {
        let text = format!(
            "mount -t tmpfs -o size={size}k none disk\n$EVAL; echo $?\nmount -o remount,size={ROOM}k none disk\n\
             $EVAL; echo $?\nrm -rf kept; cp -r disk kept"
        );
        let (statuses, stderr) = script(here, &text)?;
        match statuses[..] {
            [1, 0] => {
                failures += 1;
                says(&stderr, "the disk is full")?;
            }
            // Everything fitted.
            [0, 0] => {}
            _ => return Err(format!("{size} KiB: exit statuses {statuses:?}: {stderr}").into()),
        }
        same(
            files(&here.join("kept/vizwiz/model")),
            &expected,
            &format!("{size} KiB"),
        )?;
    }
    println!("{failures} of {} disks were full", SIZES.len());
    (failures >= 4)
        .then_some(())
        .ok_or("the disks were too large to be full".into())
}

/// Before a run, and with a run half done on it.
fn read_only() -> Result<(), Failed> {
    let (folder, expected) = prepared()?;
    let here = folder.path();
    // Full first, so that a part of the run is there when the disk turns read-only.
    let text = format!(
        "mount -t tmpfs -o size=28k none disk\nmount -o remount,ro none disk\n$EVAL; echo $?\nmount -o remount,rw none disk\n\
         $EVAL; echo $?\nmount -o remount,ro,size={ROOM}k none disk\n$EVAL; echo $?\nmount -o remount,rw none disk\n\
         $EVAL; echo $?\nrm -rf kept; cp -r disk kept"
    );
    let (statuses, stderr) = script(here, &text)?;
    if statuses != [1, 1, 1, 0] {
        return Err(format!("exit statuses {statuses:?}: {stderr}").into());
    }
    says(&stderr, "mounted read-only")?;
    same(files(&here.join("kept/vizwiz/model")), &expected, "read-only")
}
