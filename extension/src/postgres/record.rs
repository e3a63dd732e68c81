//! Rows that functions return.

use botdet_models::event::Timestamp;
use pgrx::pg_sys::Datum;

use super::values::{Element, array_datum, bytes_datum, float8_datum, text_datum, timestamp_datum};

/// The columns of one row, in order.
#[derive(Default)]
pub struct Record {
    pub(super) values: Vec<Datum>,
    pub(super) nulls: Vec<bool>,
}

impl Record {
    fn push(mut self, value: Option<Datum>) -> Self {
        self.nulls.push(value.is_none());
        self.values.push(value.unwrap_or(Datum::null()));
        self
    }

    pub fn integer(self, value: i32) -> Self {
        self.push(Some(Datum::from(value)))
    }

    pub fn bigint(self, value: Option<i64>) -> Self {
        self.push(value.map(Datum::from))
    }

    pub fn float8(self, value: Option<f64>) -> Self {
        self.push(value.map(float8_datum))
    }

    pub fn boolean(self, value: Option<bool>) -> Self {
        self.push(value.map(Datum::from))
    }

    pub fn bytes(self, value: &[u8]) -> Self {
        self.push(Some(bytes_datum(value)))
    }

    pub fn text(self, value: Option<&str>) -> Self {
        self.push(value.map(text_datum))
    }

    pub fn texts(self, values: impl IntoIterator<Item = String>) -> Self {
        let texts = values.into_iter().map(|text| Some(text_datum(&text)));
        self.push(Some(array_datum(Element::Text, texts)))
    }

    pub fn timestamptz(self, value: Timestamp) -> Self {
        self.optional_timestamptz(Some(value))
    }

    pub fn optional_timestamptz(self, value: Option<Timestamp>) -> Self {
        self.push(value.map(timestamp_datum))
    }
}
