//! Our scorers against what the official code said, case by case: zero differences.

mod check;

#[test]
fn equal_to_the_official_code() {
    let mut failed = false;
    for (prefix, check) in check::CHECKS {
        let differences = check();
        if differences.count > 0 {
            failed = true;
            eprintln!(
                "{prefix}: {} differences\n  {}",
                differences.count,
                differences.first.join("\n  ")
            );
        }
    }
    assert!(!failed, "scorers differ from the official code");
}

#[test]
fn box_parser_equals_the_official_one_on_a_million_texts() {
    let differences = check::literal::million();
    assert_eq!(differences.count, 0, "{}", differences.first.join("\n"));
}
