//! Reads a configuration file: YAML text into [`Node`]s.
//!
//! The parser gives events, and what is built of them is decided here: the file is bounded in size, depth and in what its
//! aliases expand to, its keys are unique, and it has no tags. No message quotes what the file holds, for that may be a
//! secret. Python reads the same files by the same rules (`python/codemode/config/yaml_file.py`).

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};

use super::scalar::Scalar;
use super::spelling;

/// A file of every setting has about 2 KiB.
const MAX_BYTES: u64 = 1024 * 1024;
const MAX_DEPTH: usize = 32;
/// A file of every setting has about 60.
const MAX_NODES: usize = 10_000;

/// Such as a thirteenth month.
const NO_VALUE: &str = "a value that has the form of a date or number, and is none";

/// A value of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// Text, a number, true, false or nothing.
    Scalar(Scalar),
    /// Values in order.
    List(Vec<Node>),
    /// Values by key, in the file's order.
    Map(Vec<(String, Node)>),
}

/// A file that is no configuration. Nothing was read from it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum YamlError {
    /// There is no such file.
    #[error("no configuration file `{}`", path.display())]
    NotFound {
        /// The file that was asked for.
        path: PathBuf,
    },
    /// It cannot be used.
    #[error("`{}`: {problem}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why, without a word of what it holds.
        problem: String,
    },
}

/// The mapping in a file.
pub(crate) fn read(path: &Path) -> Result<Vec<(String, Node)>, YamlError> {
    let unusable = |problem: String| YamlError::Unusable { path: path.to_owned(), problem };
    let mut data = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut data));
    if let Err(error) = read {
        return Err(match error.kind() {
            std::io::ErrorKind::NotFound => YamlError::NotFound { path: path.to_owned() },
            kind => unusable(format!("cannot be read: {kind}")),
        });
    }
    if data.len() as u64 > MAX_BYTES {
        return Err(unusable("is larger than 1 MiB".to_owned()));
    }
    let text = String::from_utf8(data).map_err(|_| unusable("is not text in UTF-8".to_owned()))?;
    parse(text.strip_prefix('\u{feff}').unwrap_or(&text)).map_err(unusable)
}

/// The mapping in a text; otherwise, why there is none.
pub(crate) fn parse(text: &str) -> Result<Vec<(String, Node)>, String> {
    if let Some(line) = text.lines().position(|line| !line.chars().all(is_printable)) {
        return Err(format!("not YAML: line {}: special characters are not allowed", line + 1));
    }
    match Composer::new(text).document()? {
        None | Some(Node::Scalar(Scalar::Null)) => Err("is empty".to_owned()),
        Some(Node::Map(entries)) => Ok(entries),
        Some(Node::Scalar(_) | Node::List(_)) => Err("must be a mapping of settings".to_owned()),
    }
}

fn is_printable(character: char) -> bool {
    matches!(character, '\t' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Builds nodes of events.
struct Composer<'text> {
    parser: Parser<'text, StrInput<'text>>,
    anchors: HashMap<usize, (Node, usize)>,
    depth: usize,
    nodes: usize,
}

impl<'text> Composer<'text> {
    fn new(text: &'text str) -> Self {
        Self { parser: Parser::new_from_str(text), anchors: HashMap::new(), depth: 0, nodes: 0 }
    }

    /// The next event with its line, counted from 1.
    fn next(&mut self) -> Result<(Event<'text>, usize), String> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, span.start.line())),
            Some(Err(error)) => {
                let marker = error.marker();
                Err(format!("not YAML: line {}, column {}: {}", marker.line(), marker.col() + 1, error.info()))
            }
            None => Ok((Event::StreamEnd, 0)),
        }
    }

    fn document(&mut self) -> Result<Option<Node>, String> {
        let mut root = None;
        loop {
            let (event, line) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root),
                Event::DocumentStart(_) if root.is_some() => {
                    return Err(format!("not YAML: line {line}: expected a single document"));
                }
                Event::DocumentStart(_) => {
                    let (event, line) = self.next()?;
                    root = Some(self.value(event, line)?);
                }
                _ => {}
            }
        }
    }

    /// A node that is no key: `<<` means nothing there.
    fn value(&mut self, event: Event<'text>, line: usize) -> Result<Node, String> {
        let (node, is_merge) = self.node(event, line)?;
        if is_merge { Err(format!("not YAML: line {line}: {NO_VALUE}")) } else { Ok(node) }
    }

    /// A node, and whether it is a plain `<<`. Recursion is bounded by `MAX_DEPTH`.
    fn node(&mut self, event: Event<'text>, line: usize) -> Result<(Node, bool), String> {
        let before = self.nodes;
        self.nodes += 1;
        let (node, anchor, tag) = match event {
            Event::Alias(id) => {
                let Some((node, size)) = self.anchors.get(&id) else {
                    return Err(format!("not YAML: line {line}: an alias without its anchor before it"));
                };
                self.nodes = before + size;
                self.check_nodes(line)?;
                return Ok((node.clone(), false));
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                if tag.is_none() && anchor == 0 && plain && text == "<<" {
                    return Ok((Node::Scalar(Scalar::Text(text.into_owned())), true));
                }
                let scalar = if plain { Scalar::resolve(&text) } else { Some(Scalar::Text(text.into_owned())) };
                let scalar = scalar.ok_or_else(|| format!("not YAML: line {line}: {NO_VALUE}"))?;
                (Node::Scalar(scalar), anchor, tag)
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), line)?;
                (self.sequence(line)?, anchor, None)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), line)?;
                (self.mapping(line)?, anchor, None)
            }
            _ => return Err(format!("not YAML: line {line}: expected a value")),
        };
        self.refuse_tag(tag.is_some(), line)?;
        self.check_nodes(line)?;
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), self.nodes - before));
        }
        Ok((node, false))
    }

    #[expect(clippy::unused_self, reason = "reads as a step of the composer")]
    fn refuse_tag(&self, tagged: bool, line: usize) -> Result<(), String> {
        if tagged {
            return Err(format!("line {line}: tags (`!…`) are not supported: put text in quotes instead"));
        }
        Ok(())
    }

    fn check_nodes(&self, line: usize) -> Result<(), String> {
        if self.nodes > MAX_NODES {
            return Err(format!("line {line}: has more than 10,000 values, its aliases expanded"));
        }
        Ok(())
    }

    fn enter(&mut self, line: usize) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("line {line}: is nested deeper than {MAX_DEPTH} levels"));
        }
        Ok(())
    }

    fn sequence(&mut self, line: usize) -> Result<Node, String> {
        self.enter(line)?;
        let mut items = Vec::new();
        loop {
            let (event, line) = self.next()?;
            if event == Event::SequenceEnd {
                self.depth -= 1;
                return Ok(Node::List(items));
            }
            items.push(self.value(event, line)?);
        }
    }

    fn mapping(&mut self, line: usize) -> Result<Node, String> {
        self.enter(line)?;
        let mut entries: Vec<(String, Node)> = Vec::new();
        let mut brought_in: Vec<(String, Node)> = Vec::new();
        let mut merges = 0;
        loop {
            let (event, line) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let raw = match &event {
                Event::Scalar(text, ..) => Some(text.to_string()),
                _ => None,
            };
            let (key, is_merge) = self.node(event, line)?;
            let name = match (raw, key) {
                (Some(raw), _) => raw,
                (None, Node::Scalar(Scalar::Text(text))) => text, // an alias of text
                (None, _) => return Err(format!("line {line}: a key must be text")),
            };
            if entries.iter().any(|(known, _)| *known == name) || (is_merge && merges > 0) {
                return Err(format!("line {line}: the key {} is given twice", spelling::quoted(&name)));
            }
            let (event, line) = self.next()?;
            let value = self.value(event, line)?;
            if is_merge {
                merges += 1;
                merge(&mut brought_in, value, line)?;
            } else {
                entries.push((name, value));
            }
        }
        self.depth -= 1;
        for (name, value) in brought_in {
            if !entries.iter().any(|(known, _)| *known == name) {
                entries.push((name, value));
            }
        }
        Ok(Node::Map(entries))
    }
}

/// What `<<` brings in: of several mappings, the first that has a key.
fn merge(merged: &mut Vec<(String, Node)>, value: Node, line: usize) -> Result<(), String> {
    let maps = match value {
        Node::List(items) => items,
        other => vec![other],
    };
    for map in maps {
        let Node::Map(entries) = map else {
            return Err(format!("not YAML: line {line}: `<<` needs a mapping"));
        };
        for (name, value) in entries {
            if !merged.iter().any(|(known, _)| *known == name) {
                merged.push((name, value));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Node {
        Node::Scalar(Scalar::Text(value.to_owned()))
    }

    #[test]
    fn values_keep_their_order_and_kind() {
        let nodes = parse("b: 1\na: [x, 'yes', yes]\n").unwrap();
        let list = Node::List(vec![text("x"), text("yes"), Node::Scalar(Scalar::Bool(true))]);
        assert_eq!(nodes, [("b".to_owned(), Node::Scalar(Scalar::Integer(1))), ("a".to_owned(), list)]);
    }

    #[test]
    fn aliases_and_merges_expand() {
        let nodes = parse("one: &one {a: x, b: y}\ntwo:\n  <<: *one\n  b: z\n").unwrap();
        let two = Node::Map(vec![("b".to_owned(), text("z")), ("a".to_owned(), text("x"))]);
        assert_eq!(nodes[1], ("two".to_owned(), two));
    }

    #[test]
    fn what_is_no_configuration_is_refused_without_a_quotation() {
        let deep = format!("a: {}{}", "[".repeat(40), "]".repeat(40));
        let bomb = (1..9).fold("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, level| {
            let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
            format!("{text}a{level}: &a{level} [{aliases}]\n")
        });
        let cases = [
            ("", "is empty"),
            ("# nothing\n", "is empty"),
            ("- a\n", "must be a mapping of settings"),
            ("api_key=secret", "must be a mapping of settings"),
            ("a: 1\na: 2\n", "line 2: the key `a` is given twice"),
            ("sec ret: 1\nsec ret: 2\n", "line 2: the key (a key of 7 characters) is given twice"),
            ("a: !!str secret\n", "line 1: tags (`!…`) are not supported: put text in quotes instead"),
            ("a: 1\n---\nb: 2\n", "not YAML: line 2: expected a single document"),
            ("a: x\u{7}secret\n", "not YAML: line 1: special characters are not allowed"),
            ("a: &a [*a]\n", "not YAML: line 1: an alias without its anchor before it"),
            (&deep, "line 1: is nested deeper than 32 levels"),
            (&bomb, "line 5: has more than 10,000 values, its aliases expanded"),
        ];
        for (text, message) in cases {
            assert_eq!(parse(text).unwrap_err(), message, "{text}");
        }
        assert!(parse("api_key: \"secret").unwrap_err().starts_with("not YAML: line "));
        assert!(!parse("api_key: \"secret").unwrap_err().contains("secret"));
        assert!(!parse("api_key: *secret").unwrap_err().contains("secret"));
    }
}
