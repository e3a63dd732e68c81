-- $1 table.
SELECT FROM botdet.source WHERE relation = $1
