SELECT backlink_id::text, rules_probability, similarity FROM botdet_backlink_scores()
