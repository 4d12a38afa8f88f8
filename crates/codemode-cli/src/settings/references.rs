//! Replaces `${VAR}` and `${VAR:-default}` in the values of a file by environment variables, as
//! `python/codemode/config/references.py` does.

use super::Environment;

/// A reference that cannot be replaced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unresolved(pub(crate) String);

/// The text with its references replaced. What is put in is not searched again.
pub(crate) fn substitute(text: &str, environment: &Environment) -> Result<String, Unresolved> {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        result.push_str(&rest[..at]);
        let reference = parse(&rest[at + 2..]).ok_or_else(malformed)?;
        let value = environment.get(reference.name);
        match (value, reference.default) {
            (Some(value), None) => result.push_str(value),
            (Some(value), Some(_)) if !value.is_empty() => result.push_str(value),
            (_, Some(default)) => result.push_str(default.trim()),
            (None, None) => return Err(Unresolved(format!("environment variable {} is not set", reference.name))),
        }
        rest = reference.rest;
    }
    result.push_str(rest);
    Ok(result)
}

struct Reference<'a> {
    name: &'a str,
    default: Option<&'a str>,
    rest: &'a str,
}

fn parse(text: &str) -> Option<Reference<'_>> {
    let (inside, rest) = text.split_once('}')?;
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let name = name.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let first = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    let valid = first && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    valid.then_some(Reference { name, default, rest })
}

fn malformed() -> Unresolved {
    Unresolved("`${` must begin a reference such as ${VAR} or ${VAR:-default}".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_once() {
        let environment = Environment::from([("A", "x"), ("EMPTY", ""), ("NESTED", "${A}")]);
        for (text, result) in [
            ("plain $A {A}", "plain $A {A}"),
            ("${A}-${ A }", "x-x"),
            ("${EMPTY}|${EMPTY:-d}|${NONE:- d }|${NONE:-}", "|d|d|"),
            ("${NESTED}", "${A}"),
        ] {
            assert_eq!(substitute(text, &environment).as_deref(), Ok(result));
        }
    }

    #[test]
    fn what_cannot_be_replaced_is_named() {
        let environment = Environment::default();
        let unset = Unresolved("environment variable NONE is not set".to_owned());
        assert_eq!(substitute("${NONE}", &environment), Err(unset));
        for text in ["${", "${}", "${A-b}", "${1}", "${A"] {
            assert_eq!(substitute(text, &environment), Err(malformed()), "{text}");
        }
    }
}
