//! Finds the name that somebody meant. Python does the same, in equal words (`python/codemode/config/spelling.py`).

const LONGEST: usize = 64;

/// The candidate that differs least, by at most two letters or a third of the name.
pub(crate) fn near<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    if length > LONGEST {
        return None;
    }
    let allowed = (length / 3).max(2);
    let name = name.to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let distance = distance(&name, candidate);
        let close = distance <= allowed && distance < candidate.chars().count();
        if close && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// A key as an error may show it. What does not look like a name may be a secret in the wrong place.
pub(crate) fn shown(name: &str) -> String {
    let simple = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-');
    if !name.is_empty() && name.len() <= LONGEST && name.chars().all(simple) {
        name.to_owned()
    } else {
        format!("(a key of {} characters)", name.chars().count())
    }
}

/// As [`shown`], with backticks where it is a name.
pub(crate) fn quoted(name: &str) -> String {
    let shown = shown(name);
    if shown == name { format!("`{shown}`") } else { shown }
}

fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    for (row, letter) in left.chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let change = previous[column] + usize::from(letter != *other);
            current.push(change.min(previous[column + 1] + 1).min(current[column] + 1));
        }
        previous = current;
    }
    previous[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_name_is_found() {
        let names = ["port", "host", "limits", "log_level"];
        assert_eq!(near("prot", names), Some("port"));
        assert_eq!(near("LogLevel", names), Some("log_level"));
        assert_eq!(near("callback", names), None);
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        assert_eq!(shown("log_level"), "log_level");
        assert_eq!(shown("api_key:secret"), "(a key of 14 characters)");
    }
}
