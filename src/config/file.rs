//! Reads the texts that shipway keeps at the root, and nothing that only has their name.

use std::io::{self, ErrorKind};
use std::path::Path;

/// None of these files comes near to it (bytes).
const MOST: u64 = 1024 * 1024;

/// The text of the file at `path`.
///
/// # Errors
/// When nothing is there, it is no file (a pipe would be waited for), it is larger than 1 MiB, it
/// cannot be read or is not UTF-8.
pub fn read(path: &Path) -> io::Result<String> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::Error::from(ErrorKind::IsADirectory));
    }
    if !metadata.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    if metadata.len() > MOST {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    std::fs::read_to_string(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_small_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shipway.toml");
        assert_eq!(read(&path).unwrap_err().kind(), ErrorKind::NotFound);
        std::fs::write(&path, "schema = 1\n").unwrap();
        assert_eq!(read(&path).unwrap(), "schema = 1\n");
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_len(2 << 30).unwrap();
        assert_eq!(
            read(&path).unwrap_err().to_string(),
            "it is larger than 1 MiB"
        );
        assert_eq!(
            read(folder.path()).unwrap_err().kind(),
            ErrorKind::IsADirectory
        );
    }
}
