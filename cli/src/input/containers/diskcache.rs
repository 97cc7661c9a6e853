//! diskcache's databases: large values lie in files of their own beside `cache.db`, which a row names (`Disk.store` in
//! `diskcache/core.py`).

use super::{Data, Member};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// Names of files that are told.
const LISTED: usize = 4;

/// The mode of a value that is a pickle (`MODE_PICKLE`).
const PICKLE: i64 = 4;

/// Adds the files that hold pickles, by their names, where a database is one of diskcache; of those that do not lie beside it, what to
/// say.
///
/// # Errors
/// The database is damaged.
pub(super) fn values(
    database: &Connection,
    path: &Path,
    members: &mut Vec<Member>,
) -> rusqlite::Result<Option<String>> {
    let columns =
        "SELECT count(*) FROM pragma_table_info('Cache') WHERE name IN ('key', 'raw', 'mode', 'filename', 'value')";
    if database.query_row(columns, [], |row| row.get::<_, i64>(0))? != 5 {
        return Ok(None);
    }
    let query =
        "SELECT filename FROM Cache WHERE mode = ?1 AND value IS NULL AND typeof(filename) = 'text' ORDER BY rowid";
    let mut statement = database.prepare(query)?;
    let mut rows = statement.query([PICKLE])?;
    let (mut missing, mut count) = (Vec::new(), 0usize);
    while let Some(row) = rows.next()? {
        // As Windows writes it, too.
        let name = row.get::<_, String>(0)?.replace('\\', "/");
        match beside(path, &name) {
            Some(file) => members.push(Member { name, data: Data::Beside(file) }),
            None => {
                count += 1;
                missing.extend(Some(name).filter(|_| count <= LISTED));
            }
        }
    }
    let more = if count > LISTED { format!(" and {} more", count - LISTED) } else { String::new() };
    Ok((count > 0).then(|| format!("values lie in files that are not beside it: {}{more}", missing.join(", "))))
}

/// The file of this name beside a database, and never one elsewhere.
fn beside(database: &Path, name: &str) -> Option<PathBuf> {
    let is_plain = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    if !database.is_file() || !name.split('/').all(is_plain) {
        return None;
    }
    Some(database.parent()?.join(name)).filter(|file| file.is_file())
}
