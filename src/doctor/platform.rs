//! What only the operating system can tell; the one file that depends on it.

use std::path::Path;

/// Space on the file system that holds a path, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Space {
    /// For this user, not counting what is kept for root.
    pub(super) free: u64,
    /// Which file system: equal for two paths on the same one.
    pub(super) device: u64,
}

#[cfg(unix)]
pub(super) fn space(path: &Path) -> Option<Space> {
    use std::os::unix::fs::MetadataExt;
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(Space {
        free: stat.f_bavail.saturating_mul(stat.f_frsize),
        device: std::fs::metadata(path).ok()?.dev(),
    })
}

/// Whether this user may write into a folder.
#[cfg(unix)]
pub(super) fn is_writable(folder: &Path) -> bool {
    use rustix::fs::Access;
    rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// The numeric owner of a file, and of this process.
#[cfg(unix)]
pub(super) fn owners(path: &Path) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    Some((
        std::fs::metadata(path).ok()?.uid(),
        rustix::process::geteuid().as_raw(),
    ))
}

/// The permission bits of a file.
#[cfg(unix)]
pub(super) fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    Some(std::fs::metadata(path).ok()?.mode() & 0o7777)
}

/// Name and number of the process that listens on a TCP port; None where this user may not
/// see it or the system does not say.
#[cfg(target_os = "linux")]
pub(super) fn listener(port: u16) -> Option<(String, u32)> {
    let sockets = listening(port);
    std::fs::read_dir("/proc")
        .ok()?
        .flatten()
        .find_map(|process| {
            let number: u32 = process.file_name().to_str()?.parse().ok()?;
            let holds = std::fs::read_dir(process.path().join("fd"))
                .ok()?
                .flatten()
                .filter_map(|file| std::fs::read_link(file.path()).ok())
                .any(|target| {
                    sockets
                        .iter()
                        .any(|socket| target.as_os_str() == socket.as_str())
                });
            let name = std::fs::read_to_string(process.path().join("comm")).ok()?;
            holds.then(|| (name.trim().to_owned(), number))
        })
}

/// `socket:[inode]` of each socket that listens on the port. Columns as in proc(5): local
/// address as `hex:hex`, state (0A is LISTEN), and the inode as the tenth.
#[cfg(target_os = "linux")]
fn listening(port: u16) -> Vec<String> {
    let wanted = format!(":{port:04X}");
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .flat_map(|table| {
            table
                .lines()
                .skip(1)
                .filter_map(|line| {
                    let columns: Vec<&str> = line.split_whitespace().collect();
                    let matches = columns.get(1)?.ends_with(&wanted) && *columns.get(3)? == "0A";
                    matches.then(|| columns.get(9).map(|inode| format!("socket:[{inode}]")))?
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn listener(_port: u16) -> Option<(String, u32)> {
    None
}

#[cfg(not(unix))]
pub(super) fn space(_path: &Path) -> Option<Space> {
    None
}

#[cfg(not(unix))]
pub(super) fn is_writable(folder: &Path) -> bool {
    std::fs::metadata(folder).is_ok_and(|meta| !meta.permissions().readonly())
}

#[cfg(not(unix))]
pub(super) fn owners(_path: &Path) -> Option<(u32, u32)> {
    None
}

#[cfg(not(unix))]
pub(super) fn mode(_path: &Path) -> Option<u32> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_process_that_listens_is_named() {
        let listener_socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener_socket.local_addr().unwrap().port();
        let (_, number) = listener(port).unwrap();
        assert_eq!(number, std::process::id());
    }
}
