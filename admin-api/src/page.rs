//! Keyset pages: a page is named by its last row, so that rows added meanwhile shift nothing.

use crate::error::ApiError;

const DEFAULT_LIMIT: i64 = 50;
const MAX_LIMIT: i64 = 200;

/// Which rows are asked for, as checked.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    limit: i64,
    /// Only rows older than this one.
    pub before: Option<i64>,
}

impl Page {
    /// Checks what was typed.
    pub fn new(limit: Option<i64>, before: Option<i64>) -> Result<Self, ApiError> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(ApiError::InvalidParameter(format!("limit must be 1 to {MAX_LIMIT}, not {limit}")));
        }
        if let Some(before) = before.filter(|before| *before < 1) {
            return Err(ApiError::InvalidParameter(format!("before must be a row's number, not {before}")));
        }
        Ok(Self { limit, before })
    }

    /// How many rows to read: one more than the page holds tells whether there is another page.
    pub fn to_read(&self) -> i64 {
        self.limit + 1
    }

    /// The page's rows, and by which row the next one is named.
    pub fn cut<T, K>(&self, mut rows: Vec<T>, key: impl FnOnce(&T) -> K) -> (Vec<T>, Option<K>) {
        let more = rows.len() as i64 > self.limit;
        rows.truncate(self.limit as usize);
        let next = rows.last().filter(|_| more).map(key);
        (rows, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(limit: Option<i64>, before: Option<i64>) -> Result<Page, String> {
        Page::new(limit, before).map_err(|error| error.to_string())
    }

    #[test]
    fn a_page_has_a_default_and_bounds() {
        assert_eq!(page(None, None), Ok(Page { limit: DEFAULT_LIMIT, before: None }));
        assert_eq!(page(Some(MAX_LIMIT), Some(1)), Ok(Page { limit: MAX_LIMIT, before: Some(1) }));
        assert_eq!(page(Some(0), None), Err("limit must be 1 to 200, not 0".to_owned()));
        assert_eq!(page(Some(201), None), Err("limit must be 1 to 200, not 201".to_owned()));
        assert_eq!(page(None, Some(0)), Err("before must be a row's number, not 0".to_owned()));
    }

    #[test]
    fn the_next_page_is_named_only_where_there_is_one() {
        let page = Page { limit: 2, before: None };
        assert_eq!(page.cut(vec![9, 8, 7], |row| *row), (vec![9, 8], Some(8)));
        assert_eq!(page.cut(vec![9, 8], |row| *row), (vec![9, 8], None));
    }
}
