-- $1 detector, $2 learner, $3 what they were compared on, $4 to $13 figures, $14 why there are none.
INSERT INTO botdet.model_comparison (
    detector, learner, data, accuracy, "precision", recall, f1, roc_auc, pr_auc, brier, calibration_error, fit_seconds,
    microseconds_per_row, failure
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
