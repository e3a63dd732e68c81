-- How far apart two samples are, from what share of each lies in which bin. Statistics are those of botdet_models::metrics.

CREATE FUNCTION botdet.normal_tails(z double precision)
RETURNS double precision
STRICT IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    x constant double precision := abs(z) / sqrt(2.0::double precision);
    t constant double precision := 1 / (1 + x / 2);
    -- Coefficients from the highest power down.
    coefficients constant double precision[] := ARRAY[
        0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223
    ];
    power double precision := 0;
    coefficient double precision;
BEGIN
    FOREACH coefficient IN ARRAY coefficients LOOP
        power := power * t + coefficient;
    END LOOP;
    -- What is smaller is as good as that, and an error of exp().
    RETURN t * exp(greatest(power - x * x, -700));
END
$$;
COMMENT ON FUNCTION botdet.normal_tails(double precision) IS
    'chance of a standard normal value at least this far from 0, to 1.2e-7 of itself (Press et al., Numerical Recipes, 6.2); not below 1e-304';

CREATE FUNCTION botdet.kolmogorov_tail(x double precision)
RETURNS double precision
STRICT IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    total double precision := 0;
BEGIN
    IF x < 1 THEN
        -- The other series, which converges where this one does not.
        IF x <= 0.05 THEN
            RETURN 1;
        END IF;
        FOR k IN 1..4 LOOP
            total := total + exp(greatest(-(2 * k - 1) * (2 * k - 1) * pi() * pi() / (8 * x * x), -700));
        END LOOP;
        RETURN 1 - sqrt(2 * pi()) / x * total;
    END IF;
    FOR k IN 1..8 LOOP
        total := total + CASE k % 2 WHEN 1 THEN 2 ELSE -2 END * exp(greatest(-2 * k * k * x * x, -700));
    END LOOP;
    RETURN least(greatest(total, 0), 1);
END
$$;
COMMENT ON FUNCTION botdet.kolmogorov_tail(double precision) IS 'survival function of Kolmogorov''s distribution, as scipy''s kstwobign.sf';

CREATE FUNCTION botdet.compare_shares(
    first double precision[], second double precision[], first_rows double precision, second_rows double precision,
    OUT psi double precision, OUT ks double precision, OUT p_value double precision
)
STRICT IMMUTABLE PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
LANGUAGE plpgsql AS $$
DECLARE
    bins constant integer := cardinality(first) - 1;
    missing constant double precision[] := ARRAY[first[bins + 1], second[bins + 1]];
    known constant double precision[] := ARRAY[1 - missing[1], 1 - missing[2]];
    a double precision;
    b double precision;
    distance double precision := 0;
    pooled double precision;
    by_missing double precision;
BEGIN
    IF cardinality(first) <> cardinality(second) THEN
        RAISE EXCEPTION 'shares of % and of % bins cannot be compared', bins, cardinality(second) - 1
            USING ERRCODE = 'array_subscript_error';
    END IF;
    psi := 0;
    FOR i IN 1..bins + 1 LOOP
        -- Bins without anybody count as this share, so that the index stays finite.
        a := greatest(first[i], 0.0001);
        b := greatest(second[i], 0.0001);
        psi := psi + (b - a) * ln(b / a);
    END LOOP;
    IF least(known[1], known[2]) > 0 THEN
        ks := 0;
        FOR i IN 1..bins LOOP
            distance := distance + first[i] / known[1] - second[i] / known[2];
            ks := greatest(ks, abs(distance));
        END LOOP;
        a := first_rows * known[1];
        b := second_rows * known[2];
        p_value := botdet.kolmogorov_tail(ks * sqrt(a * b / (a + b)));
    END IF;
    pooled := (missing[1] * first_rows + missing[2] * second_rows) / (first_rows + second_rows);
    IF pooled > 0 AND pooled < 1 THEN
        by_missing := botdet.normal_tails(
            (missing[1] - missing[2]) / sqrt(pooled * (1 - pooled) * (1 / first_rows + 1 / second_rows))
        );
        -- Two questions are asked: whichever answer is the clearer counts half (Bonferroni).
        p_value := CASE WHEN p_value IS NULL THEN by_missing ELSE least(2 * least(p_value, by_missing), 1) END;
    END IF;
END
$$;
COMMENT ON FUNCTION botdet.compare_shares(double precision[], double precision[], double precision, double precision) IS
    'compares two samples of so many rows by the shares of them in each bin, the last of which is that of missing values. psi: population stability index, shares below 0.0001 counting as that; above 0.1 a shift, above 0.25 a large one (Siddiqi, Credit risk scorecards, 2006). ks: Kolmogorov and Smirnov''s distance of the known values at the bins'' edges, which is at most that of the values; NULL without any. p_value: chance of such a distance by Kolmogorov''s limit, which for bins is at least the true one, or, doubled, of so different shares of missing values, where there are any, whichever is less';
