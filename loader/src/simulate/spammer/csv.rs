//! The table as a file of comma-separated values.

use std::io::{Result, Write};

use super::{SPAMMER_COLUMNS, SpammerColumnKind, SpammerRow};

/// Writes rows under a header: `account_id`, the columns, `is_spammer`. A missing value is an empty cell. Returns how many
/// rows there were; `progress` is told after each.
///
/// # Errors
/// Whatever the file refuses.
pub fn write_csv(
    rows: impl Iterator<Item = SpammerRow>,
    file: &mut impl Write,
    progress: &mut dyn FnMut(),
) -> Result<u64> {
    write!(file, "account_id")?;
    for column in SPAMMER_COLUMNS {
        write!(file, ",{}", column.name)?;
    }
    writeln!(file, ",is_spammer")?;
    let mut written = 0;
    for row in rows {
        write!(file, "{}", row.account_id)?;
        for (column, value) in SPAMMER_COLUMNS.iter().zip(row.values) {
            match column.kind {
                _ if value.is_nan() => write!(file, ","),
                SpammerColumnKind::Flag => write!(file, ",{}", value > 0.0),
                SpammerColumnKind::Count | SpammerColumnKind::Decimal => write!(file, ",{value}"),
            }?;
        }
        writeln!(file, ",{}", row.is_spammer)?;
        written += 1;
        progress();
    }
    Ok(written)
}
