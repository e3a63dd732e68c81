//! Filling a table from a file.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use postgres::{Client, Transaction};

use super::TableError;
use super::catalog::Relation;
use super::plan::filled;
use crate::error::{LoaderError, at};

/// Bytes that are sent at a time.
const CHUNK: usize = 1 << 16;

/// What becomes of rows that a table has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Nothing is loaded beside them.
    Refuse,
    /// They are deleted first.
    Replace,
    /// They stay.
    Keep,
}

/// Copies a CSV file with a header into a table, all of it or nothing; the header says which column is which. `progress` is
/// told how many bytes have been read. Returns the rows, and names of columns that the file does not have.
///
/// # Errors
/// [`TableError::HasRows`] unless `existing` says otherwise, [`TableError::NoHeader`] for an empty file, [`TableError::NoColumn`] or [`TableError::TwoRoles`] for
/// a header that does not fit, and whatever the server refuses, with the line it refuses.
pub fn load_csv(
    client: &mut Client,
    table: &str,
    file: &Path,
    existing: Existing,
    progress: &mut dyn FnMut(u64),
) -> Result<(u64, Vec<String>), LoaderError> {
    let mut transaction = client.transaction()?;
    let relation = Relation::find(&mut transaction, table)?;
    let header = header(file)?;
    let columns = header.iter().map(|name| relation.column(name).map(|column| column.quoted.as_str()));
    let columns = columns.collect::<Result<Vec<&str>, TableError>>()?;
    if let Some(twice) = (1..header.len()).find(|index| header[..*index].contains(&header[*index])) {
        let (one, other) = ("one column of the file", "another");
        return Err(TableError::TwoRoles { column: header[twice].clone(), one, other }.into());
    }
    let fill = |template: &str| filled(template, &relation.name, &columns.join(", "));
    match existing {
        Existing::Replace => {
            transaction.execute(&fill(include_str!("../sql/empty_table.sql")), &[])?;
        }
        Existing::Refuse => {
            if transaction.query_one(&fill(include_str!("../sql/has_rows.sql")), &[])?.get(0) {
                return Err(TableError::HasRows(relation.name).into());
            }
        }
        Existing::Keep => {}
    }
    let rows = send(&mut transaction, &fill(include_str!("../sql/copy_csv.sql")), file, progress)?;
    transaction.execute(&fill(include_str!("../sql/analyze_table.sql")), &[])?;
    transaction.commit()?;
    let absent = relation.columns.into_iter().map(|column| column.name);
    Ok((rows, absent.filter(|name| !header.contains(name)).collect()))
}

fn header(file: &Path) -> Result<Vec<String>, LoaderError> {
    let mut reader = csv::Reader::from_reader(BufReader::new(File::open(file).map_err(at(file))?));
    let header = reader.headers().map_err(|error| at(file)(std::io::Error::other(error)))?;
    if header.is_empty() {
        return Err(TableError::NoHeader(file.to_owned()).into());
    }
    Ok(header.iter().map(str::to_owned).collect())
}

fn send(
    transaction: &mut Transaction<'_>,
    copy: &str,
    file: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, LoaderError> {
    let mut reader = File::open(file).map_err(at(file))?;
    let mut writer = transaction.copy_in(copy)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = reader.read(&mut chunk).map_err(at(file))?;
        if read == 0 {
            return Ok(writer.finish()?);
        }
        if writer.write_all(&chunk[..read]).is_err() {
            // The server has given up; what it thinks of the rows comes at the end of the copy.
            return Ok(writer.finish()?);
        }
        progress(read as u64);
    }
}
