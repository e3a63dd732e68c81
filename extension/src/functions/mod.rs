//! The functions that `sql/install` declares, one line each.
#![expect(unsafe_code, reason = "symbols that Postgres looks up by name")]

mod backlinks;
mod engagement;
mod features;
mod groups;
mod legacy;
mod models;
mod onnx;
mod queue;
mod refresh;
mod retention;
mod rules;
mod scores;
mod sources;
mod states;
mod statistics;
mod subject;
mod table_rows;

use crate::postgres::call::sql_functions;
use crate::upkeep::capture;
use crate::worker;

sql_functions! {
    botdet_features_numbered, pg_finfo_botdet_features_numbered => features::features;
    botdet_features_named, pg_finfo_botdet_features_named => features::features_named;
    botdet_features_uuid, pg_finfo_botdet_features_uuid => features::features_uuid;
    botdet_state_numbered, pg_finfo_botdet_state_numbered => features::account_state;
    botdet_state_rebuild, pg_finfo_botdet_state_rebuild => features::rebuild_state;
    botdet_feature_catalog, pg_finfo_botdet_feature_catalog => features::catalog;
    botdet_score_numbered, pg_finfo_botdet_score_numbered => scores::score_account;
    botdet_score_named, pg_finfo_botdet_score_named => scores::score_named;
    botdet_score_uuid, pg_finfo_botdet_score_uuid => scores::score_uuid;
    botdet_score_vector, pg_finfo_botdet_score_vector => scores::score_by_features;
    botdet_features_of_state, pg_finfo_botdet_features_of_state => features::features_of_state;
    botdet_score_state, pg_finfo_botdet_score_state => scores::score_state;
    botdet_state_add, pg_finfo_botdet_state_add => states::add;
    botdet_state_join, pg_finfo_botdet_state_join => states::join;
    botdet_state_send, pg_finfo_botdet_state_send => states::send;
    botdet_state_receive, pg_finfo_botdet_state_receive => states::receive;
    botdet_state_finish, pg_finfo_botdet_state_finish => states::finish;
    botdet_score_row, pg_finfo_botdet_score_row => table_rows::score;
    botdet_anomaly_row, pg_finfo_botdet_anomaly_row => table_rows::anomaly;
    botdet_explain_row, pg_finfo_botdet_explain_row => table_rows::explain;
    botdet_score_numbers, pg_finfo_botdet_score_numbers => scores::score_batch;
    botdet_store_scores, pg_finfo_botdet_store_scores => scores::store_scores;
    botdet_states_from_rows, pg_finfo_botdet_states_from_rows => refresh::states_from_rows;
    botdet_scores_of_chunk, pg_finfo_botdet_scores_of_chunk => refresh::scores_of_chunk;
    botdet_refresh_states, pg_finfo_botdet_refresh_states => refresh::states;
    botdet_refresh_chunk, pg_finfo_botdet_refresh_chunk => refresh::scores;
    botdet_score_pending, pg_finfo_botdet_score_pending => queue::score_pending;
    botdet_anomaly_numbered, pg_finfo_botdet_anomaly_numbered => scores::anomaly;
    botdet_anomaly_named, pg_finfo_botdet_anomaly_named => scores::anomaly_named;
    botdet_anomaly_uuid, pg_finfo_botdet_anomaly_uuid => scores::anomaly_uuid;
    botdet_explain_numbered, pg_finfo_botdet_explain_numbered => scores::explain;
    botdet_explain_named, pg_finfo_botdet_explain_named => scores::explain_named;
    botdet_explain_uuid, pg_finfo_botdet_explain_uuid => scores::explain_uuid;
    botdet_capture, pg_finfo_botdet_capture => capture;
    botdet_register_artifact, pg_finfo_botdet_register_artifact => models::register;
    botdet_check_version, pg_finfo_botdet_check_version => models::check_version;
    botdet_prewarm, pg_finfo_botdet_prewarm => models::prewarm;
    botdet_serving_version, pg_finfo_botdet_serving_version => models::serving_version;
    botdet_register_onnx, pg_finfo_botdet_register_onnx => onnx::register;
    botdet_lockstep, pg_finfo_botdet_lockstep => groups::lockstep;
    botdet_duplicates, pg_finfo_botdet_duplicates => groups::duplicates;
    botdet_compare_accounts, pg_finfo_botdet_compare_accounts => groups::compare_accounts;
    botdet_check_column, pg_finfo_botdet_check_column => sources::check_column;
    botdet_read_keys, pg_finfo_botdet_read_keys => sources::read_keys;
    botdet_number_names, pg_finfo_botdet_number_names => sources::number_names;
    botdet_sources_changed, pg_finfo_botdet_sources_changed => sources::changed;
    botdet_archive_accounts, pg_finfo_botdet_archive_accounts => retention::archive_accounts;
    botdet_in_transaction_block, pg_finfo_botdet_in_transaction_block => retention::in_transaction_block;
    botdet_guard_partitions, pg_finfo_botdet_guard_partitions => retention::guard_partitions;
    botdet_backlink_features, pg_finfo_botdet_backlink_features => backlinks::features;
    botdet_backlink_scores, pg_finfo_botdet_backlink_scores => backlinks::scores;
    botdet_compare_pages, pg_finfo_botdet_compare_pages => backlinks::compare_pages;
    botdet_domain_of, pg_finfo_botdet_domain_of => backlinks::domain;
    botdet_check_condition, pg_finfo_botdet_check_condition => rules::check_condition;
    botdet_test_condition, pg_finfo_botdet_test_condition => rules::test_condition;
    botdet_built_in_rules, pg_finfo_botdet_built_in_rules => rules::built_in;
    botdet_deployment_changed, pg_finfo_botdet_deployment_changed => models::deployment_changed;
    botdet_model_statistics, pg_finfo_botdet_model_statistics => statistics::models;
    botdet_model_latencies, pg_finfo_botdet_model_latencies => statistics::latencies;
    botdet_reset_statistics, pg_finfo_botdet_reset_statistics => statistics::reset;
    botdet_engagement_add, pg_finfo_botdet_engagement_add => engagement::add;
    botdet_engagement_join, pg_finfo_botdet_engagement_join => engagement::join;
    botdet_engagement_receive, pg_finfo_botdet_engagement_receive => engagement::receive;
    botdet_engagement_finish, pg_finfo_botdet_engagement_finish => engagement::finish;
    botdet_engagement_features, pg_finfo_botdet_engagement_features => engagement::features;
    botdet_engagement_windows, pg_finfo_botdet_engagement_windows => engagement::windows;
    botdet_engagement_catalog, pg_finfo_botdet_engagement_catalog => engagement::catalog;
    botdet_version, pg_finfo_botdet_version => models::version;
}

/// The life of the launcher of background workers. Called by Postgres only.
#[unsafe(no_mangle)]
#[pgrx::pg_guard]
pub extern "C-unwind" fn botdet_launcher_main(_argument: pgrx::pg_sys::Datum) {
    worker::launch();
}

/// The life of a background worker. Called by Postgres only.
#[unsafe(no_mangle)]
#[pgrx::pg_guard]
pub extern "C-unwind" fn botdet_worker_main(_argument: pgrx::pg_sys::Datum) {
    worker::drain();
}
