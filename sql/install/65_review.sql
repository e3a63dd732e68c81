-- Review by people: what waits for a look, who looks at it, and what came of it. Functions change these tables with the rights of the
-- extension's owner, so that nobody passes their checks by.

-- Settings -----------------------------------------------------------------------------------------------------------

CREATE TABLE botdet.feedback_setting (
    detector             text PRIMARY KEY REFERENCES botdet.detector,
    exploration_share    double precision
        CHECK (exploration_share BETWEEN double precision '0' AND double precision '1'),
    uncertain_share      double precision CHECK (uncertain_share BETWEEN double precision '0' AND double precision '1'),
    golden_share         double precision CHECK (golden_share BETWEEN double precision '0' AND double precision '1'),
    second_review_share  double precision
        CHECK (second_review_share BETWEEN double precision '0' AND double precision '1'),
    least_trust          double precision CHECK (least_trust BETWEEN double precision '0' AND double precision '1'),
    retrain_labels       integer CHECK (retrain_labels > 0),
    retrain_interval     interval CHECK (retrain_interval > interval '0'),
    least_retrain_labels integer CHECK (least_retrain_labels > 0)
);
COMMENT ON TABLE botdet.feedback_setting IS
    'what administrators have set for the review and the retraining of a detector; NULL, and no row, take what botdet.feedback_settings shows';
COMMENT ON COLUMN botdet.feedback_setting.detector IS 'of which detector';
COMMENT ON COLUMN botdet.feedback_setting.exploration_share IS 'share of the scored accounts that are drawn for review at random, 0 to 1';
COMMENT ON COLUMN botdet.feedback_setting.uncertain_share IS 'share of the places in the queue that go to the most uncertain accounts, 0 to 1';
COMMENT ON COLUMN botdet.feedback_setting.golden_share IS 'golden items that are mixed in, for each other account, 0 to 1';
COMMENT ON COLUMN botdet.feedback_setting.second_review_share IS 'share of the decisions that somebody else has to agree with before they count, 0 to 1';
COMMENT ON COLUMN botdet.feedback_setting.least_trust IS 'trust below which every decision of a reviewer takes somebody else to agree, 0 to 1';
COMMENT ON COLUMN botdet.feedback_setting.retrain_labels IS 'new labels after which retraining is due';
COMMENT ON COLUMN botdet.feedback_setting.retrain_interval IS 'time since the last training after which it is due, whatever their number';
COMMENT ON COLUMN botdet.feedback_setting.least_retrain_labels IS 'new labels without which time alone does not make it due';

CREATE VIEW botdet.feedback_settings WITH (security_invoker = true) AS
SELECT d.detector, coalesce(s.exploration_share, double precision '0.015') AS exploration_share,
       coalesce(s.uncertain_share, double precision '0.2') AS uncertain_share,
       coalesce(s.golden_share, double precision '0.02') AS golden_share,
       coalesce(s.second_review_share, double precision '0') AS second_review_share,
       coalesce(s.least_trust, double precision '0.6') AS least_trust,
       coalesce(s.retrain_labels, 1000) AS retrain_labels,
       coalesce(s.retrain_interval, interval '3600 seconds') AS retrain_interval,
       coalesce(s.least_retrain_labels, 1) AS least_retrain_labels
FROM botdet.detector d
LEFT JOIN botdet.feedback_setting s ON s.detector = d.detector;
COMMENT ON VIEW botdet.feedback_settings IS 'settings of review and retraining that hold for each detector, with the defaults of what nobody has set';
COMMENT ON COLUMN botdet.feedback_settings.detector IS 'of which detector';
COMMENT ON COLUMN botdet.feedback_settings.exploration_share IS 'share of the scored accounts that are drawn for review at random, 0 to 1';
COMMENT ON COLUMN botdet.feedback_settings.uncertain_share IS 'share of the places in the queue that go to the most uncertain accounts, 0 to 1';
COMMENT ON COLUMN botdet.feedback_settings.golden_share IS 'golden items that are mixed in, for each other account, 0 to 1';
COMMENT ON COLUMN botdet.feedback_settings.second_review_share IS 'share of the decisions that somebody else has to agree with before they count, 0 to 1';
COMMENT ON COLUMN botdet.feedback_settings.least_trust IS 'trust below which every decision of a reviewer takes somebody else to agree, 0 to 1';
COMMENT ON COLUMN botdet.feedback_settings.retrain_labels IS 'new labels after which retraining is due';
COMMENT ON COLUMN botdet.feedback_settings.retrain_interval IS 'time since the last training after which it is due, whatever their number';
COMMENT ON COLUMN botdet.feedback_settings.least_retrain_labels IS 'new labels without which time alone does not make it due';

CREATE TRIGGER check_settings BEFORE INSERT OR UPDATE ON botdet.feedback_setting
FOR EACH ROW EXECUTE FUNCTION botdet.check_settings(
    'exploration_share', '[0,1]', 'uncertain_share', '[0,1]', 'golden_share', '[0,1]', 'second_review_share', '[0,1]', 'least_trust', '[0,1]',
    'retrain_labels', '[1,)', 'retrain_interval', '(0,)', 'least_retrain_labels', '[1,)'
);
CREATE TRIGGER note_settings AFTER INSERT OR UPDATE OR DELETE ON botdet.feedback_setting
FOR EACH ROW EXECUTE FUNCTION botdet.note_settings();

-- What waits ---------------------------------------------------------------------------------------------------------

CREATE TABLE botdet.review (
    review_id       bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    account_id      bigint NOT NULL,
    detector        text NOT NULL REFERENCES botdet.detector,
    why             text NOT NULL CHECK (why IN ('action', 'uncertain', 'exploration', 'appeal', 'second', 'escalated')),
    priority        double precision NOT NULL,
    propensity      double precision CHECK (propensity > double precision '0' AND propensity <= double precision '1'),
    state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'decided')),
    follows         bigint REFERENCES botdet.review,
    not_by          text[] NOT NULL DEFAULT '{}',
    skips           integer NOT NULL DEFAULT 0,
    note            text,
    bot_probability double precision,
    scored_as_bot   boolean,
    model_version   text,
    queued_at       timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    claimed_by      text,
    claimed_at      timestamptz,
    lease_until     timestamptz,
    CHECK ((claimed_by IS NULL) = (lease_until IS NULL) AND (claimed_by IS NULL) = (claimed_at IS NULL))
) WITH (fillfactor = 80);
-- An account is looked at by one person at a time. Claims walk down the second index.
CREATE UNIQUE INDEX review_open ON botdet.review (account_id, detector) WHERE state = 'open';
CREATE INDEX review_waiting ON botdet.review (priority DESC, review_id) WHERE state = 'open';
CREATE INDEX review_follows ON botdet.review (follows);
COMMENT ON TABLE botdet.review IS
    'accounts for people to look at: those that wait, those that are claimed, and those that are decided; botdet_fill_review_queue() and botdet_appeal() add to it';
COMMENT ON COLUMN botdet.review.review_id IS 'number of the review';
COMMENT ON COLUMN botdet.review.account_id IS 'whom to look at';
COMMENT ON COLUMN botdet.review.detector IS 'for which detector';
COMMENT ON COLUMN botdet.review.why IS
    'action: its score asks for review; uncertain: near the threshold, where a label teaches most; exploration: drawn at random, whatever its score; appeal: somebody objects; second: to agree or not with a first decision; escalated: for administrators. Golden items pass for one of the first three';
COMMENT ON COLUMN botdet.review.priority IS
    'the highest is handed out first: 4 escalated, 3 appeals, 2.5 second reviews, 2 exploration, 1 to 2 actions by probability, 0 to 1 by uncertainty';
COMMENT ON COLUMN botdet.review.propensity IS
    'chance with which exploration drew the account, 0 to 1: those with one are a random sample of what is scored and not labelled, whatever else speaks for them; NULL when it was not drawn';
COMMENT ON COLUMN botdet.review.state IS 'open (claimed as long as its lease lasts) or decided';
COMMENT ON COLUMN botdet.review.follows IS 'review whose decision made this one necessary: by somebody else, or by an administrator';
COMMENT ON COLUMN botdet.review.not_by IS 'who does not get it: who has decided about the account before, or has skipped it';
COMMENT ON COLUMN botdet.review.skips IS 'how often it was skipped';
COMMENT ON COLUMN botdet.review.note IS 'what was said by whoever appealed, skipped or escalated it last';
COMMENT ON COLUMN botdet.review.bot_probability IS 'score of the account when it was queued';
COMMENT ON COLUMN botdet.review.scored_as_bot IS 'whether it was called a bot then';
COMMENT ON COLUMN botdet.review.model_version IS 'version that said so; NULL for rules, and without a score';
COMMENT ON COLUMN botdet.review.queued_at IS 'when it was queued';
COMMENT ON COLUMN botdet.review.claimed_by IS 'who looks at it, or did; NULL when nobody has yet';
COMMENT ON COLUMN botdet.review.claimed_at IS 'since when';
COMMENT ON COLUMN botdet.review.lease_until IS 'until when the claim holds; afterwards the review is anybody''s again';

-- What came of it ----------------------------------------------------------------------------------------------------

CREATE TABLE botdet.review_decision (
    decision_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    review_id   bigint NOT NULL UNIQUE REFERENCES botdet.review,
    account_id  bigint NOT NULL,
    detector    text NOT NULL,
    is_bot      boolean NOT NULL,
    reason      text NOT NULL,
    note        text,
    strategy    text,
    reviewer    text NOT NULL,
    trust       double precision NOT NULL CHECK (trust > double precision '0' AND trust < double precision '1'),
    outcome     text NOT NULL CHECK (outcome IN ('labelled', 'second review', 'escalated', 'measured')),
    was_labelled boolean,
    claimed_at  timestamptz NOT NULL,
    decided_at  timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE INDEX ON botdet.review_decision (account_id, detector);
CREATE INDEX ON botdet.review_decision (detector, decided_at);
COMMENT ON TABLE botdet.review_decision IS 'what reviewers have decided, one row a review; rows are only ever added, by botdet_decide_review()';
COMMENT ON COLUMN botdet.review_decision.decision_id IS 'number of the decision';
COMMENT ON COLUMN botdet.review_decision.review_id IS 'about which review';
COMMENT ON COLUMN botdet.review_decision.account_id IS 'about whom';
COMMENT ON COLUMN botdet.review_decision.detector IS 'for which detector';
COMMENT ON COLUMN botdet.review_decision.is_bot IS 'what was decided';
COMMENT ON COLUMN botdet.review_decision.reason IS 'what the decision rests on';
COMMENT ON COLUMN botdet.review_decision.note IS 'remark of the reviewer';
COMMENT ON COLUMN botdet.review_decision.strategy IS 'kind of bot, where the reviewer knew';
COMMENT ON COLUMN botdet.review_decision.reviewer IS 'who decided';
COMMENT ON COLUMN botdet.review_decision.trust IS 'trust in the reviewer at that time, see botdet.reviewer_trust';
COMMENT ON COLUMN botdet.review_decision.outcome IS
    'labelled: it counts; second review: somebody else is asked; escalated: an administrator is, since two disagree; measured: the answer was known';
COMMENT ON COLUMN botdet.review_decision.was_labelled IS 'label of the account before; NULL without one';
COMMENT ON COLUMN botdet.review_decision.claimed_at IS 'when the reviewer began to look';
COMMENT ON COLUMN botdet.review_decision.decided_at IS 'when it was decided';

CREATE TRIGGER refuse_forgetting BEFORE UPDATE OR DELETE OR TRUNCATE ON botdet.review_decision
FOR EACH STATEMENT EXECUTE FUNCTION botdet.refuse_forgetting();

-- Golden items, and what shows how far reviewers are right. Not for reviewers to see ------------------------------------

CREATE TABLE botdet.golden_item (
    account_id bigint NOT NULL,
    detector   text NOT NULL DEFAULT 'account' REFERENCES botdet.detector,
    is_bot     boolean NOT NULL,
    added_by   text NOT NULL DEFAULT botdet.actor(),
    added_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, detector)
);
COMMENT ON TABLE botdet.golden_item IS
    'accounts whose truth is known for sure: they are mixed into the queue, and measure reviewers; decisions about them make no labels';
COMMENT ON COLUMN botdet.golden_item.account_id IS 'which account';
COMMENT ON COLUMN botdet.golden_item.detector IS 'for which detector';
COMMENT ON COLUMN botdet.golden_item.is_bot IS 'the truth';
COMMENT ON COLUMN botdet.golden_item.added_by IS 'who said so';
COMMENT ON COLUMN botdet.golden_item.added_at IS 'when';

CREATE TRIGGER note_settings AFTER INSERT OR UPDATE OR DELETE ON botdet.golden_item
FOR EACH ROW EXECUTE FUNCTION botdet.note_settings();

-- The truth is copied: what is known later does not change what was asked.
CREATE TABLE botdet.golden_review (
    review_id bigint PRIMARY KEY REFERENCES botdet.review,
    is_bot    boolean NOT NULL
);
COMMENT ON TABLE botdet.golden_review IS 'which reviews are of golden items';
COMMENT ON COLUMN botdet.golden_review.review_id IS 'the review';
COMMENT ON COLUMN botdet.golden_review.is_bot IS 'the truth';

CREATE TABLE botdet.reviewer_evidence (
    decision_id bigint NOT NULL REFERENCES botdet.review_decision,
    kind        text NOT NULL CHECK (kind IN ('golden', 'second', 'final')),
    reviewer    text NOT NULL,
    detector    text NOT NULL,
    is_right    boolean NOT NULL,
    noted_at    timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (decision_id, kind)
);
CREATE INDEX ON botdet.reviewer_evidence (reviewer, detector);
COMMENT ON TABLE botdet.reviewer_evidence IS
    'what has shown that decisions were right or wrong; rows are only ever added, by botdet_decide_review()';
COMMENT ON COLUMN botdet.reviewer_evidence.decision_id IS 'whose decision';
COMMENT ON COLUMN botdet.reviewer_evidence.kind IS
    'golden: the truth was known; second: two reviewers agreed, neither knowing of the other; final: an administrator decided between two';
COMMENT ON COLUMN botdet.reviewer_evidence.reviewer IS 'who had decided';
COMMENT ON COLUMN botdet.reviewer_evidence.detector IS 'for which detector';
COMMENT ON COLUMN botdet.reviewer_evidence.is_right IS 'whether the decision was right';
COMMENT ON COLUMN botdet.reviewer_evidence.noted_at IS 'when that came out';

CREATE TRIGGER refuse_forgetting BEFORE UPDATE OR DELETE OR TRUNCATE ON botdet.reviewer_evidence
FOR EACH STATEMENT EXECUTE FUNCTION botdet.refuse_forgetting();

CREATE TABLE botdet.retraining_request (
    detector     text PRIMARY KEY REFERENCES botdet.detector,
    reason       text NOT NULL,
    requested_by text NOT NULL DEFAULT botdet.actor(),
    requested_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE botdet.retraining_request IS 'who asked last for a detector to be trained again, by botdet_request_retraining()';
COMMENT ON COLUMN botdet.retraining_request.detector IS 'which detector';
COMMENT ON COLUMN botdet.retraining_request.reason IS 'why';
COMMENT ON COLUMN botdet.retraining_request.requested_by IS 'who';
COMMENT ON COLUMN botdet.retraining_request.requested_at IS 'when; of no account once a version has been registered since';

CREATE TRIGGER note_settings AFTER INSERT OR UPDATE ON botdet.retraining_request
FOR EACH ROW EXECUTE FUNCTION botdet.note_settings();

-- pg_dump carries the rows of these tables.
SELECT pg_catalog.pg_extension_config_dump('botdet.feedback_setting', '');
SELECT pg_catalog.pg_extension_config_dump('botdet.review', '');
SELECT pg_catalog.pg_extension_config_dump('botdet.review_decision', '');
SELECT pg_catalog.pg_extension_config_dump('botdet.golden_item', '');
SELECT pg_catalog.pg_extension_config_dump('botdet.golden_review', '');
SELECT pg_catalog.pg_extension_config_dump('botdet.reviewer_evidence', '');
SELECT pg_catalog.pg_extension_config_dump('botdet.retraining_request', '');
SELECT pg_catalog.pg_extension_config_dump(pg_get_serial_sequence('botdet.review', 'review_id')::regclass, '');
SELECT pg_catalog.pg_extension_config_dump(pg_get_serial_sequence('botdet.review_decision', 'decision_id')::regclass, '');
