//! One module per resource.

pub mod accounts;
pub mod audit;
pub mod deployments;
pub mod drift;
pub mod events;
pub mod feedback;
pub mod flagged;
pub mod health;
pub mod jobs;
pub mod model_versions;
pub mod performance;
pub mod predictions;
pub mod reviews;
pub mod rules;
pub mod scores;
pub mod service;
pub mod settings;
pub mod webhooks;
