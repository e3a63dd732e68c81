-- $1 detector.
SELECT learner, data, accuracy, "precision", recall, f1, roc_auc, pr_auc, brier, calibration_error, fit_seconds, microseconds_per_row,
       failure
FROM botdet.model_comparison
WHERE detector = $1
ORDER BY roc_auc DESC NULLS LAST, learner
