//! What each SQLSTATE means to a client, in one place.

use axum::http::StatusCode;
use tokio_postgres::error::SqlState;

/// What an error of the database is to whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The request is at fault: a status, and a code for programs. The database's message says what is wrong.
    Refused(StatusCode, &'static str),
    /// The database cannot be reached, or is going down: ask again.
    Unreachable,
    /// What the extension brings is not there.
    ExtensionMissing,
    /// The time limit was reached.
    Timeout,
    /// None of this.
    Failure,
}

/// The meaning of a SQLSTATE.
pub fn meaning(state: &SqlState) -> Meaning {
    let refused = Meaning::Refused;
    match state.code() {
        "42501" => refused(StatusCode::FORBIDDEN, "forbidden"),
        // undefined_object is what the extension's functions say of detectors, versions and reviews.
        "42704" | "P0002" | "02000" => refused(StatusCode::NOT_FOUND, "not_found"),
        // Foreign keys: what is referred to is not there, or cannot go.
        "23503" | "23505" | "23P01" => refused(StatusCode::CONFLICT, "conflict"),
        "40001" | "40P01" | "55000" | "55006" | "55P03" => refused(StatusCode::CONFLICT, "conflict"),
        "25006" => refused(StatusCode::CONFLICT, "read_only"),
        "57014" => Meaning::Timeout,
        "42P01" | "42883" | "3F000" => Meaning::ExtensionMissing,
        "57P01" | "57P02" | "57P03" | "57P05" | "3D000" => Meaning::Unreachable,
        // Wrong names, columns that a version does not know, conditions of rules that say nothing or compare numbers with texts, what a
        // detector cannot do, messages without a code.
        "42703" | "42601" | "42804" | "42602" | "0A000" | "P0001" => {
            refused(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable")
        }
        // An artifact that is damaged, or of another release.
        "XX001" => refused(StatusCode::UNPROCESSABLE_ENTITY, "damaged"),
        code => match &code[..2] {
            "22" | "23" | "54" => refused(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable"),
            "08" | "28" | "53" => Meaning::Unreachable,
            _ => Meaning::Failure,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_can_mend_is_never_a_failure_of_the_service() {
        let status = |code: &str| match meaning(&SqlState::from_code(code)) {
            Meaning::Refused(status, _) => status.as_u16(),
            Meaning::Unreachable | Meaning::ExtensionMissing => 503,
            Meaning::Timeout => 504,
            Meaning::Failure => 500,
        };
        let expected = [
            ("42501", 403),
            ("P0002", 404),
            ("42704", 404),
            ("22023", 422),
            ("22P02", 422),
            ("22021", 422),
            ("23514", 422),
            ("54000", 422),
            ("55000", 409),
            ("40001", 409),
            ("55P03", 409),
            ("23505", 409),
            ("42703", 422),
            ("42601", 422),
            ("57014", 504),
            ("57P01", 503),
            ("08006", 503),
            ("53300", 503),
            ("42883", 503),
            ("XX000", 500),
        ];
        for (code, wanted) in expected {
            assert_eq!(status(code), wanted, "{code}");
        }
    }
}
