//! `GET /v1/model-versions`: what is registered, newest first.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use deadpool_postgres::Pool;
use serde::{Deserialize, Serialize};

use crate::database::{self, ModelVersion};
use crate::error::ApiError;

const DEFAULT_LIMIT: i64 = 50;
const MAX_LIMIT: i64 = 200;

/// The query as typed. Unknown names are refused: a misspelt `before` would show the first page again and again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    limit: Option<i64>,
    before: Option<i64>,
}

/// The query as checked.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    limit: i64,
    before: Option<i64>,
}

impl TryFrom<PageQuery> for Page {
    type Error = ApiError;

    fn try_from(query: PageQuery) -> Result<Self, ApiError> {
        let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(ApiError::InvalidParameter(format!("limit must be 1 to {MAX_LIMIT}, not {limit}")));
        }
        if let Some(before) = query.before.filter(|before| *before < 1) {
            return Err(ApiError::InvalidParameter(format!(
                "before must be a model version's id, not {before}"
            )));
        }
        Ok(Self { limit, before: query.before })
    }
}

/// The body: one page, and the `before` of the next one while there is more.
#[derive(Debug, Serialize)]
pub struct ModelVersionPage {
    model_versions: Vec<ModelVersion>,
    next_before: Option<i64>,
}

/// Lists model versions, newest first.
pub async fn list(
    State(pool): State<Pool>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<ModelVersionPage>, ApiError> {
    // 1. What was asked for.
    let Query(query) = query.map_err(|rejection| ApiError::InvalidParameter(unusable(&rejection)))?;
    let page = Page::try_from(query)?;

    // 2. One row more than the page holds tells whether there is another page.
    let mut model_versions = database::model_versions(&pool, page.before, page.limit + 1).await?;

    // 3. The page, and where the next one starts.
    let more = model_versions.len() as i64 > page.limit;
    if more {
        model_versions.pop();
    }
    let next_before = model_versions.last().filter(|_| more).map(|last| last.model_version_id);
    Ok(Json(ModelVersionPage { model_versions, next_before }))
}

/// The parser's message without its preamble, which names no parameter.
fn unusable(rejection: &QueryRejection) -> String {
    let text = rejection.body_text();
    text.split_once(": ").map_or(text.as_str(), |(_, message)| message).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(limit: Option<i64>, before: Option<i64>) -> Result<Page, String> {
        Page::try_from(PageQuery { limit, before }).map_err(|error| error.to_string())
    }

    #[test]
    fn a_page_has_a_default_and_bounds() {
        assert_eq!(page(None, None), Ok(Page { limit: DEFAULT_LIMIT, before: None }));
        assert_eq!(page(Some(MAX_LIMIT), Some(1)), Ok(Page { limit: MAX_LIMIT, before: Some(1) }));
        assert_eq!(page(Some(0), None), Err("limit must be 1 to 200, not 0".to_owned()));
        assert_eq!(page(Some(201), None), Err("limit must be 1 to 200, not 201".to_owned()));
        assert_eq!(page(None, Some(0)), Err("before must be a model version's id, not 0".to_owned()));
    }
}
