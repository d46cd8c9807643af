//! Files that are written whole or not at all, and files that are read up to a limit.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// What some editors put before the first letter of a UTF-8 file.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Links that are followed before a chain of them counts as a circle, as Linux counts.
const MAX_LINKS: usize = 40;

/// A file that is being written. Dropped before [`Pending::commit`], it vanishes.
///
/// The bytes go to a temporary file beside the final one, which takes the final name once all is on
/// disk. A link is followed, so that it stays and its target is replaced. A device, a pipe or the
/// program's own standard output cannot be replaced: bytes go straight into it, as the shell's `>`
/// would send them.
pub struct Pending {
    file: Option<File>,
    /// Temporary and final name; none where the bytes go straight into a device.
    names: Option<(PathBuf, PathBuf)>,
}

impl Pending {
    /// Opens the file to write to, and makes the folder if there is none.
    ///
    /// # Errors
    /// Whatever the system says: no permission, a folder in place of a file, a circle of links.
    pub fn create(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path).ok();
        if let Some(stream) = found.as_ref().and_then(stream) {
            return Ok(Self::straight(stream));
        }
        match &found {
            Some(found) if found.is_dir() => {
                return Err(io::Error::new(ErrorKind::IsADirectory, "it is a folder, not a file"));
            }
            Some(found) if !found.is_file() => return Ok(Self::straight(OpenOptions::new().write(true).open(path)?)),
            _ => {}
        }
        let path = followed(path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let name = path
            .file_name()
            .ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "the path has no file name"))?;
        fs::create_dir_all(folder)?;
        let mut temporary_name = std::ffi::OsString::from(".");
        temporary_name.push(name);
        temporary_name.push(format!(".{}.tmp", std::process::id()));
        let temporary = folder.join(temporary_name);
        let pending = Self {
            file: Some(File::create(&temporary)?),
            names: Some((temporary, path)),
        };
        if let (Some(file), Some(found)) = (&pending.file, found) {
            keep_mode(file, &found)?;
        }
        Ok(pending)
    }

    fn straight(file: File) -> Self {
        Self {
            file: Some(file),
            names: None,
        }
    }

    /// Puts everything on disk and gives the file its name.
    ///
    /// # Errors
    /// Whatever the system says, for example that the disk is full.
    pub fn commit(mut self) -> io::Result<()> {
        let (Some(file), Some((temporary, path))) = (self.file.take(), &self.names) else {
            return Ok(());
        };
        close(file)?;
        fs::rename(temporary, path)
    }
}

/// Puts a file on disk and closes it: some systems rename no file that is open.
fn close(file: File) -> io::Result<()> {
    file.sync_all()
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => Err(ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.file = None;
        if let Some((temporary, _)) = &self.names {
            // After a commit there is nothing left under this name, and elsewhere nobody could act
            // on the error.
            let _ = fs::remove_file(temporary);
        }
    }
}

/// Writes a file that appears whole or not at all; see [`Pending`] for links and devices.
///
/// # Errors
/// Whatever the system says, for example that the disk is full.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut pending = Pending::create(path)?;
    pending.write_all(bytes)?;
    pending.commit()
}

/// The path behind all links; the file itself need not exist.
///
/// # Errors
/// A circle of links, or a link that cannot be read.
pub fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        if !fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink()) {
            return Ok(path);
        }
        let target = fs::read_link(&path)?;
        // A relative target starts at the link's own folder; an absolute one replaces everything
        // before it.
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "the links lead in a circle"))
}

/// Whether two paths name one file that can be lost: both lead, through links of either kind, to
/// the same regular file or the same new name. Devices are never lost.
pub fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(here), Ok(there)) => {
            here.is_file() && there.is_file() && (same_inode(&here, &there) || canonical(one) == canonical(other))
        }
        (Err(_), Err(_)) => canonical(one).is_some_and(|path| canonical(other) == Some(path)),
        _ => false,
    }
}

/// A path without links in it, also of a file that is not there yet.
fn canonical(path: &Path) -> Option<PathBuf> {
    let path = followed(path).ok()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    Some(
        folder
            .unwrap_or(Path::new("."))
            .canonicalize()
            .ok()?
            .join(path.file_name()?),
    )
}

/// Reads a file of at most `max` bytes. The limit holds while bytes come in: a device or a pipe
/// says no length before.
///
/// # Errors
/// [`ErrorKind::FileTooLarge`] beyond the limit, and whatever the system says.
pub fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let too_large = || {
        let problem = format!("it has more than {} MiB, the most that is read", max >> 20);
        Err(io::Error::new(ErrorKind::FileTooLarge, problem))
    };
    let file = File::open(path)?;
    let stated = file.metadata()?.len();
    if stated > max {
        return too_large();
    }
    let mut bytes = Vec::with_capacity(stated as usize);
    file.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return too_large();
    }
    Ok(bytes)
}

/// Reads a UTF-8 file of at most `max` bytes, without the byte order mark that some editors write.
///
/// # Errors
/// As [`read`], and [`ErrorKind::InvalidData`] for other encodings.
pub fn read_text(path: &Path, max: u64) -> io::Result<String> {
    let mut bytes = read(path, max)?;
    let wrong = |problem: &str| io::Error::new(ErrorKind::InvalidData, problem);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(wrong("it is UTF-16; save it as UTF-8"));
    }
    bytes.drain(..bytes.len() - without_mark(&bytes).len());
    String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8"))
}

/// The bytes of a text without the byte order mark that some editors put before it.
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

/// The program's own standard output or error, where that is what `found` describes. Under another
/// name, `/dev/stdout` for one, it must not be opened a second time: what is printed and what is
/// written would overwrite each other.
#[cfg(unix)]
fn stream(found: &Metadata) -> Option<File> {
    use std::os::fd::AsFd;
    let opened = |fd: std::os::fd::BorrowedFd<'_>| {
        let file = File::from(fd.try_clone_to_owned().ok()?);
        let same = same_inode(&file.metadata().ok()?, found);
        same.then_some(file)
    };
    opened(io::stdout().as_fd()).or_else(|| opened(io::stderr().as_fd()))
}

#[cfg(not(unix))]
fn stream(_: &Metadata) -> Option<File> {
    None
}

#[cfg(unix)]
fn same_inode(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn same_inode(_: &Metadata, _: &Metadata) -> bool {
    false
}

/// Gives the file that replaces another one its permissions: what was private stays so.
#[cfg(unix)]
fn keep_mode(file: &File, replaced: &Metadata) -> io::Result<()> {
    file.set_permissions(replaced.permissions())
}

#[cfg(not(unix))]
fn keep_mode(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_file_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/a.bin");
        let mut pending = Pending::create(&path).unwrap();
        pending.write_all(b"half").unwrap();
        drop(pending);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
    }

    #[test]
    fn a_committed_file_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        write_whole(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(
            write_whole(folder.path(), b"x").unwrap_err().kind(),
            ErrorKind::IsADirectory
        );
    }

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        fs::write(&path, b"\xef\xbb\xbfabc").unwrap();
        assert_eq!(read(&path, 6).unwrap().len(), 6);
        assert_eq!(read(&path, 5).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(read_text(&path, 6).unwrap(), "abc");
        fs::write(&path, b"\xff\xfea\0").unwrap();
        assert!(read_text(&path, 6).unwrap_err().to_string().contains("UTF-16"));
        fs::write(&path, b"a\xff").unwrap();
        assert_eq!(read_text(&path, 6).unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[cfg(unix)]
    mod links {
        use std::os::unix::fs::{PermissionsExt, symlink};

        use super::*;

        #[test]
        fn a_link_stays_and_its_target_is_written() {
            let folder = tempfile::tempdir().unwrap();
            let here = |name: &str| folder.path().join(name);
            fs::create_dir(here("deep")).unwrap();
            symlink("deep/second", here("first")).unwrap();
            symlink("target", here("deep/second")).unwrap();
            // First the target is not there, then it is replaced.
            for text in ["new", "again"] {
                write_whole(&here("first"), text.as_bytes()).unwrap();
                assert!(fs::symlink_metadata(here("first")).unwrap().is_symlink());
                assert!(fs::symlink_metadata(here("deep/second")).unwrap().is_symlink());
                assert_eq!(fs::read_to_string(here("deep/target")).unwrap(), text);
            }
            symlink("round", here("round")).unwrap();
            assert!(write_whole(&here("round"), b"x").is_err());
        }

        #[test]
        fn a_device_stays_one() {
            assert_eq!(
                read(Path::new("/dev/zero"), 1000).unwrap_err().kind(),
                ErrorKind::FileTooLarge
            );
            let folder = tempfile::tempdir().unwrap();
            let pipe = folder.path().join("pipe");
            let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
            assert!(made.success());
            let reader = {
                let pipe = pipe.clone();
                std::thread::spawn(move || fs::read_to_string(pipe).unwrap())
            };
            write_whole(&pipe, b"through").unwrap();
            assert_eq!(reader.join().unwrap(), "through");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
            let null = folder.path().join("null");
            symlink("/dev/null", &null).unwrap();
            write_whole(&null, b"gone").unwrap();
            assert!(!fs::metadata(&null).unwrap().is_file());
        }

        #[test]
        fn what_was_private_stays_private() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a");
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            write_whole(&path, b"new").unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }

        #[test]
        fn one_file_under_several_names() {
            let folder = tempfile::tempdir().unwrap();
            let here = |name: &str| folder.path().join(name);
            fs::write(here("a"), "a").unwrap();
            fs::write(here("b"), "a").unwrap();
            fs::hard_link(here("a"), here("hard")).unwrap();
            symlink("a", here("soft")).unwrap();
            symlink("new", here("dangling")).unwrap();
            assert!(is_same(&here("a"), &here("hard")) && is_same(&here("soft"), &here("./a")));
            assert!(is_same(&here("new"), &here("dangling")));
            assert!(!is_same(&here("a"), &here("b")) && !is_same(&here("a"), &here("new")));
            assert!(!is_same(Path::new("/dev/null"), Path::new("/dev/null")));
        }
    }
}
