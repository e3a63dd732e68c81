SELECT bot_probability, is_bot, stage, reasons FROM botdet.score WHERE account_id = $1 AND detector = 'account'
