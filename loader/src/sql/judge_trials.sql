SELECT version, state, reason FROM botdet_judge_trials()
