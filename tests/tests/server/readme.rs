//! What the README shows works.

use botdet_tests::TestDatabase;
use botdet_tests::programs::program;

#[test]
fn every_sql_block_of_the_readme_runs() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let text = std::fs::read_to_string(path).expect("there is a README.md");
    let blocks = sql_blocks(&text);
    assert!(!blocks.is_empty(), "README.md has no ```sql block");
    let database = TestDatabase::populated("readme");
    for (line, block) in blocks {
        assert!(
            !block.lines().any(|line| line.trim_start().starts_with('\\')),
            "README.md:{line}: psql's own commands are not SQL"
        );
        // A statement at a time, as people run them: procedures that commit take no block of several.
        let file = std::env::temp_dir().join(format!("{}.sql", database.name()));
        std::fs::write(&file, &block).expect("the block can be written to a file");
        let mut psql = program("psql", &database);
        psql.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file"]).arg(&file);
        let output = psql.output().expect("psql can be run");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "README.md:{line}: {error}\n{block}");
        let _ = std::fs::remove_file(&file);
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
