SELECT EXISTS (SELECT FROM botdet.account WHERE source = $1)
