//! Medians, and the table of them.

/// One line of the table. All times are milliseconds.
pub(crate) struct Row {
    what: String,
    ours: f64,
    spread: (f64, f64),
    beside: Option<(String, f64)>,
    value: String,
    aim: String,
    met: bool,
}

impl Row {
    /// Our time as a share of another's.
    pub(crate) fn ratio(what: &str, ours: &[f64], beside: &str, theirs: &[f64], aim: f64) -> Self {
        let (ours_median, their_median) = (median(ours), median(theirs));
        let ratio = ours_median / their_median;
        Self {
            what: what.to_owned(),
            ours: ours_median,
            spread: spread(ours),
            beside: Some((beside.to_owned(), their_median)),
            value: format!("{ratio:.2} x"),
            aim: format!("<= {aim} x"),
            met: ratio <= aim,
        }
    }

    /// Our time against a limit.
    pub(crate) fn limit(what: &str, ours: &[f64], aim: f64) -> Self {
        let middle = median(ours);
        Self {
            what: what.to_owned(),
            ours: middle,
            spread: spread(ours),
            beside: None,
            value: format!("{middle:.0} ms"),
            aim: format!("<= {aim} ms"),
            met: middle <= aim,
        }
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.len(), sorted.len() / 2) {
        (0, _) => f64::NAN,
        (length, middle) if length % 2 == 1 => sorted[middle],
        (_, middle) => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

fn spread(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)))
}

/// Prints the table.
pub(crate) fn print(rows: &[Row]) {
    println!("{:<50} {:>10} {:>15} {:>9} {:>10}", "what", "median", "min..max", "figure", "aim");
    for row in rows {
        let (low, high) = row.spread;
        println!(
            "{:<50} {:>7.1} ms {:>15} {:>9} {:>10} {}",
            row.what,
            row.ours,
            format!("{low:.0}..{high:.0}"),
            row.value,
            row.aim,
            if row.met { "met" } else { "not met" }
        );
        if let Some((beside, theirs)) = &row.beside {
            println!("{:<50} {theirs:>7.1} ms", format!("  beside it: {beside}"));
        }
    }
}
