//! Gradient boosting of log-odds (Friedman, "Greedy function approximation", 2001), with second-order leaves (Chen & Guestrin,
//! "XGBoost", 2016) on histograms (Ke et al., "LightGBM", 2017).

mod fit;
mod gradients;
mod grower;
mod histogram;
mod params;
mod split;

pub use params::{BoostingConfig, BoostingParams, EarlyStopping, Growth, Monotone};
