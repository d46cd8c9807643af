//! The scores of a run, for people: heads, aligned columns, and one unit for all shares.

use sightline_eval::scorer::Table;

/// Lines of a table. Shares of 1 are shown in percent, as the percents of official code are.
pub(super) fn lines(table: &Table) -> Vec<String> {
    let unit = table.columns.iter().position(|column| column == "unit");
    let mut rows = vec![table.columns.clone()];
    rows.extend(table.rows.iter().map(|row| match unit {
        Some(unit) => percent(row, unit),
        None => row.clone(),
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let is_number = |cell: &str| cell.parse::<f64>().is_ok();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| match is_number(cell) {
                true => format!("{cell:>width$}"),
                false => format!("{cell:<width$}"),
            })
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A row whose shares are percents. The cells between the name and the unit are values.
fn percent(row: &[String], unit: usize) -> Vec<String> {
    let mut row = row.to_vec();
    match row[unit].as_str() {
        "share of 1" => {
            for cell in &mut row[1..unit] {
                if let Ok(share) = cell.parse::<f64>() {
                    *cell = format!("{:.2}", 100.0 * share);
                }
            }
            row[unit] = "%".to_owned();
        }
        "percent" => row[unit] = "%".to_owned(),
        _ => {}
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unit_and_aligned_columns() {
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        let table = Table {
            columns: row(["number", "value", "unit", "answers"]),
            rows: vec![
                row(["score", "0.5417", "share of 1", "12"]),
                row(["accuracy", "54.17", "percent", ""]),
                row(["CIDEr-D", "0.2380", "0 to 10", "500"]),
            ],
        };
        assert_eq!(
            lines(&table),
            [
                "number    value   unit     answers",
                "score      54.17  %             12",
                "accuracy   54.17  %",
                "CIDEr-D   0.2380  0 to 10      500",
            ]
        );
    }
}
