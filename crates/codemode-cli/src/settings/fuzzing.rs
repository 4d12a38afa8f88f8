//! The entry point of `fuzz/`, which a test runs over its corpus. It takes any bytes and panics where an invariant fails.

use std::path::Path;

use super::layers::resolve;
use super::table::{self, SETTINGS};
use super::yaml::{self, Node};
use super::{Environment, Scope};

/// A value that no message may show. It has not the form of a key, which a message may.
const SECRET: &str = "s3cret~";

/// A file, environment variables and flags: text, then `NAME=value` and `key=value`, with NUL between.
pub(crate) fn configuration(data: &[u8]) {
    let Ok(data) = std::str::from_utf8(data) else { return };
    let mut parts = data.split('\0');
    let parsed = yaml::parse(parts.next().unwrap_or_default());
    let (mut environment, mut flags) = (Environment::default(), Vec::new());
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        match table::find(name) {
            Some(setting) => flags.push((setting.key, value.to_owned())),
            None => drop(environment.0.insert(name.to_owned(), value.to_owned())),
        }
    }
    let entries = match parsed {
        Ok(entries) => {
            let count: usize = entries.iter().map(|(_, node)| nodes(node)).sum();
            assert!(count <= 10_000, "{count} values");
            Some(entries)
        }
        Err(problem) => {
            unquoted(&problem);
            None
        }
    };
    for scope in [Scope::Service, Scope::Embedded] {
        let file = entries.clone().map(|entries| (Path::new("f.yaml"), entries));
        let resolved = resolve(file, &environment, flags.clone(), scope);
        assert_eq!(resolved.settings.len(), SETTINGS.len());
        for message in resolved.faults.iter().map(ToString::to_string).chain(resolved.warnings.iter().cloned()) {
            unquoted(&message);
        }
        for effective in &resolved.settings {
            let (setting, value) = (effective.setting, &effective.value);
            assert!(*value == setting.default.value() || setting.kind.accepts(value), "{effective:?}");
            assert!(!effective.invalid || !resolved.faults.is_empty(), "{effective:?} without a fault");
            if setting.secret {
                unquoted(&format!("{effective:?}"));
            }
        }
    }
}

fn nodes(node: &Node) -> usize {
    1 + match node {
        Node::Scalar(_) => 0,
        Node::List(items) => items.iter().map(nodes).sum(),
        Node::Map(entries) => entries.iter().map(|(_, node)| nodes(node)).sum(),
    }
}

fn unquoted(message: &str) {
    assert!(!message.contains(SECRET) && message.len() < 2_000, "{message}");
}

#[cfg(test)]
#[path = "../../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    #[test]
    fn corpus_of_configuration_holds() {
        super::replay::replay("configuration", super::configuration);
    }
}
