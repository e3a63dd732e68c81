//! Hourly engagement (views, likes, comments, shares) of an account or a post: what is usual, and which hours are not.
//!
//! ```text
//! rows in any order ─► Series ─► fits: each metric against its own season, and against the other metrics
//!                                  └─► stretches (a scan) ─► episodes ─► Analysis: windows, features
//! ```
//!
//! An attack raises counts within windows; so do people when something catches on. The two are told apart by what people do:
//! they come at once and stay away little by little, they do not only like, they sleep, and no two of their bursts are alike.

mod analysis;
mod attack;
mod baseline;
mod calendar;
mod catalog;
mod episode;
mod features;
mod fits;
mod level;
mod likely;
mod metric;
mod scan;
mod season;
mod series;
#[cfg(test)]
mod tests;

pub use analysis::{Analysis, LEAST_HOURS, TooShort, Window};
pub use attack::Attack;
pub use calendar::{HOUR, hour_of};
pub use catalog::{ENGAGEMENT, ENGAGEMENT_FEATURES, EngagementFeature, engagement_schema, vocabulary};
pub use features::engagement_features;
pub use metric::{METRICS, Metric};
pub use series::{Counts, MOST_COUNTED, MOST_HOURS, Series, SeriesError};
