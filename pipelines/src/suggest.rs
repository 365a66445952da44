//! "Did you mean".

/// The candidate that is nearest to a misspelt word, if one is near.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 64 {
        return None;
    }
    let lower = word.to_lowercase().replace('-', "_");
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= 64)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase().replace('-', "_")), candidate))
        .filter(|(distance, candidate)| {
            *distance <= word.chars().count().min(candidate.chars().count()).div_ceil(3).min(4)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
        .filter(|candidate| candidate.len() > 1 || *candidate == word)
}

/// ``did you mean `x`?``, if one is near.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|near| format!("did you mean `{near}`?"))
}

/// `` `a`, `b` and `c` ``, with the last word given.
pub(crate) fn listed<'a>(words: impl IntoIterator<Item = &'a str>, last: &str) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((end, before)) => format!("{} {last} {end}", before.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let keys = ["commands", "image", "depends_on", "when"];
        assert_eq!(nearest("comands", keys), Some("commands"));
        assert_eq!(nearest("depends-on", keys), Some("depends_on"));
        assert_eq!(nearest("imgae", keys), Some("image"));
        assert_eq!(nearest("zzz", keys), None);
        assert_eq!(nearest("", keys), None);
        assert_eq!(nearest("a", ["b"]), None);
    }

    #[test]
    fn words_are_listed_as_people_do() {
        assert_eq!(listed(["a"], "or"), "`a`");
        assert_eq!(listed(["a", "b", "c"], "or"), "`a`, `b` or `c`");
    }
}
