//! A link as rules ask about it.

use std::borrow::Cow;

use super::columns::{BOOLEANS, NUMBERS};
use super::features::{Features, LinkGraph};
use crate::rules::{Facts, Name};

/// A link with its features.
#[derive(Clone, Copy, Debug)]
pub struct LinkFacts<'a> {
    /// Where it lies.
    pub graph: &'a LinkGraph,
    /// Its features.
    pub features: &'a Features,
}

impl LinkFacts<'_> {
    /// A number by its column, truth values as 0 and 1.
    #[must_use]
    pub fn value(&self, column: &str) -> Option<f64> {
        let number = NUMBERS.iter().position(|name| *name == column);
        if let Some(number) = number {
            return self.features.numbers[number];
        }
        self.truth(column).map(|value| f64::from(u8::from(value)))
    }

    /// Whether there is a column of that name that a model can learn from.
    #[must_use]
    pub fn has_column(column: &str) -> bool {
        NUMBERS.contains(&column) || BOOLEANS.contains(&column)
    }

    fn truth(&self, column: &str) -> Option<bool> {
        let truth = BOOLEANS.iter().position(|name| *name == column)?;
        self.features.booleans[truth]
    }
}

impl Facts for LinkFacts<'_> {
    fn number(&self, name: &Name) -> Option<f64> {
        let number = NUMBERS.iter().position(|known| *known == name.text)?;
        self.features.numbers[number]
    }

    fn boolean(&self, name: &Name) -> Option<bool> {
        self.truth(&name.text)
    }

    fn text(&self, name: &Name) -> Option<Cow<'_, str>> {
        let link = self.graph.links.get(self.features.link)?;
        let domain = || link.domain.and_then(|domain| self.graph.domains.get(domain));
        let text = match name.text.as_str() {
            "source_domain" => Some(link.source_domain.as_str()),
            "target" => Some(link.target.as_str()),
            "anchor" => link.anchor.as_deref(),
            "registrar" => domain().and_then(|domain| domain.registrar.as_deref()),
            "hosting" => domain().and_then(|domain| domain.hosting.as_deref()),
            _ => None,
        };
        text.map(Cow::Borrowed)
    }

    fn identifier(&self, name: &Name) -> Option<i64> {
        let link = self.graph.links.get(self.features.link)?;
        matches!(name.text.as_str(), "backlink_id" | "account_id").then_some(link.backlink_id)
    }

    fn is_missing(&self, name: &Name) -> bool {
        self.value(&name.text).is_none() && self.text(name).is_none() && self.identifier(name).is_none()
    }
}
