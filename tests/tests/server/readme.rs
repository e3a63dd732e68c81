//! What the README shows works.

use botdet_tests::{Refusal, TestDatabase};

#[test]
fn every_sql_block_of_the_readme_runs() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let text = std::fs::read_to_string(path).expect("there is a README.md");
    let blocks = sql_blocks(&text);
    assert!(!blocks.is_empty(), "README.md has no ```sql block");
    let database = TestDatabase::populated("readme");
    let mut client = database.connect();
    for (line, block) in blocks {
        assert!(
            !block.lines().any(|line| line.trim_start().starts_with('\\')),
            "README.md:{line}: psql's own commands are not SQL"
        );
        if let Err(error) = client.batch_execute(&block) {
            unreachable!("README.md:{line}: {:?}\n{block}", Refusal::of(&error));
        }
    }
}

/// The blocks marked as sql, each with the line it begins on.
fn sql_blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        if line.trim() == "```sql" {
            let block: Vec<&str> =
                lines.by_ref().map(|(line, _)| line).take_while(|line| line.trim() != "```").collect();
            blocks.push((number, block.join("\n")));
        }
    }
    blocks
}
