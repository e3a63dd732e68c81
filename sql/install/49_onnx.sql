-- Sequence stages that were trained elsewhere.

CREATE FUNCTION botdet_register_onnx(onnx bytea, base text DEFAULT NULL, comment text DEFAULT NULL)
RETURNS text
VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', 'botdet_register_onnx';
COMMENT ON FUNCTION botdet_register_onnx(bytea, text, text) IS
    'registers the version of detector account that comes of version base (the active one) by replacing its sequence stage, and returns its name. The file is self-contained, of allowed operators, with input sequences, float32 [batch, steps, 16], perhaps lengths, int32 [batch], and output logit, float32 [batch]: log-odds of being a bot. Weights of the stages and calibration stay those of base, so the log-odds have to be on the scale of the stage that is replaced; validate before activating';
