ON CONFLICT (account_id, detector) DO UPDATE SET
    bot_probability = excluded.bot_probability, is_bot = excluded.is_bot, action = excluded.action, confidence = excluded.confidence,
    probability_low = excluded.probability_low, probability_high = excluded.probability_high,
    anomaly_score = excluded.anomaly_score, is_anomaly = excluded.is_anomaly, events = excluded.events, stage = excluded.stage,
    model_version = excluded.model_version, reasons = excluded.reasons, scored_at = excluded.scored_at
