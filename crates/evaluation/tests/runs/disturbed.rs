//! A disk in memory that can fail at any step, and that forgets in a power cut what was not synced.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use pollster::FutureExt as _;
use sightline_eval::stats::split_mix;
use sightline_evaluation::run::disk::{Disk, Lock};

/// What a crash leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crash {
    /// The process died: everything that was written.
    Process,
    /// The power went: only bytes and names that were synced.
    Power,
    /// The power went: all names, but only bytes that were synced.
    PowerNamesKept,
    /// The power went: some names; of unsynced bytes the first ones.
    PowerTorn,
    /// The same, with zeros where bytes are missing.
    PowerZeros,
}

pub(crate) const CRASHES: [Crash; 5] = [
    Crash::Process,
    Crash::Power,
    Crash::PowerNamesKept,
    Crash::PowerTorn,
    Crash::PowerZeros,
];

/// A file: its bytes as processes see them, and as the disk has them.
#[derive(Clone, Default)]
struct Inode {
    seen: Vec<u8>,
    synced: Vec<u8>,
}

#[derive(Clone, Default)]
struct State {
    inodes: Vec<Inode>,
    seen: BTreeMap<PathBuf, usize>,
    synced: BTreeMap<PathBuf, usize>,
}

#[derive(Default)]
pub(crate) struct Memory {
    state: RefCell<State>,
    steps: Cell<usize>,
    fails_at: Cell<Option<(usize, ErrorKind)>>,
    dead: Cell<bool>,
    /// Whether only the one step fails, not all after it.
    pub once: Cell<bool>,
    held: Rc<Cell<bool>>,
}

/// Frees the lock when it is dropped.
struct Held(Rc<Cell<bool>>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl Memory {
    /// Steps since the last call of this.
    pub(crate) fn steps(&self) -> usize {
        self.steps.replace(0)
    }

    /// Lets step `at` (from 0) fail, and all after it.
    pub(crate) fn fail_at(&self, at: usize, kind: ErrorKind) {
        self.steps.set(0);
        self.fails_at.set(Some((at, kind)));
    }

    /// A new start of the machine, or of the process.
    pub(crate) fn crash(&self, crash: Crash, seed: u64) {
        self.fails_at.set(None);
        self.dead.set(false);
        self.steps.set(0);
        let state = &mut *self.state.borrow_mut();
        if crash == Crash::Process {
            return;
        }
        let torn = matches!(crash, Crash::PowerTorn | Crash::PowerZeros);
        if crash == Crash::Power || (torn && split_mix(seed, 0).is_multiple_of(2)) {
            state.seen = state.synced.clone();
        } else {
            state.synced = state.seen.clone();
        }
        for (at, inode) in state.inodes.iter_mut().enumerate() {
            if torn && inode.seen != inode.synced {
                let same = inode
                    .seen
                    .iter()
                    .zip(&inode.synced)
                    .take_while(|pair| pair.0 == pair.1)
                    .count();
                let unsynced = inode.seen.len() - same;
                let kept = same + (split_mix(seed, 1 + at as u64) as usize) % (unsynced + 1);
                if crash == Crash::PowerZeros {
                    inode.seen[kept..].fill(0);
                } else {
                    inode.seen.truncate(kept);
                }
                inode.synced = inode.seen.clone();
            } else {
                inode.seen = inode.synced.clone();
            }
        }
    }

    /// Takes a step; an error if it is the one to fail.
    fn step(&self) -> io::Result<()> {
        let at = self.steps.get();
        self.steps.set(at + 1);
        match self.fails_at.get() {
            Some((fails, kind)) if self.dead.get() || fails == at => {
                self.dead.set(!self.once.get());
                Err(kind.into())
            }
            _ => Ok(()),
        }
    }

    fn inode<T>(&self, path: &Path, act: impl FnOnce(&mut Inode) -> T) -> io::Result<T> {
        let state = &mut *self.state.borrow_mut();
        let &inode = state.seen.get(path).ok_or(ErrorKind::NotFound)?;
        Ok(act(&mut state.inodes[inode]))
    }

    /// Replaces a file's bytes, as if they had always been so.
    pub(crate) fn set(&self, path: &Path, bytes: &[u8]) {
        self.write(path, bytes).block_on().expect("writable");
        self.sync(path).block_on().expect("syncable");
        self.sync_folder(Path::new("")).block_on().expect("syncable");
    }

    /// Every name.
    pub(crate) fn names(&self) -> Vec<PathBuf> {
        self.state.borrow().seen.keys().cloned().collect()
    }
}

impl Clone for Memory {
    fn clone(&self) -> Self {
        Self {
            state: self.state.clone(),
            ..Self::default()
        }
    }
}

impl Disk for Memory {
    async fn create_folder(&self, _folder: &Path) -> io::Result<()> {
        self.step()
    }

    async fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        Ok(self.inode(path, |inode| inode.seen.clone()).ok())
    }

    async fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let stepped = self.step();
        {
            let state = &mut *self.state.borrow_mut();
            if !state.seen.contains_key(path) {
                if stepped.is_err() && self.steps.get().is_multiple_of(2) {
                    return stepped;
                }
                state.seen.insert(path.to_owned(), state.inodes.len());
                state.inodes.push(Inode::default());
            }
        }
        // A step that fails has done half its work.
        let half = &bytes[..if stepped.is_err() { bytes.len() / 2 } else { bytes.len() }];
        self.inode(path, |inode| inode.seen = half.to_vec())?;
        stepped
    }

    async fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let stepped = self.step();
        let half = &bytes[..if stepped.is_err() { bytes.len() / 2 } else { bytes.len() }];
        self.inode(path, |inode| inode.seen.extend(half))?;
        stepped
    }

    async fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        self.step()?;
        self.inode(path, |inode| inode.seen.truncate(length as usize))
    }

    async fn sync(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        self.inode(path, |inode| inode.synced = inode.seen.clone())
    }

    async fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        self.step()?;
        let state = &mut *self.state.borrow_mut();
        state.synced = state.seen.clone();
        Ok(())
    }

    async fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        let state = &mut *self.state.borrow_mut();
        let inode = state.seen.remove(from).ok_or(ErrorKind::NotFound)?;
        state.seen.insert(to.to_owned(), inode);
        Ok(())
    }

    async fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        self.state.borrow_mut().seen.remove(path);
        Ok(())
    }

    async fn lock(&self, _path: &Path) -> io::Result<Option<Lock>> {
        self.step()?;
        let free = !self.held.replace(true);
        let lock: Box<dyn Any> = Box::new(Held(self.held.clone()));
        if free {
            return Ok(Some(lock));
        }
        std::mem::forget(lock);
        Ok(None)
    }
}
