//! Python's codec of values, asked from Rust: what one reads the other reads, as the same value, and both write it in the
//! same words. A fuzz target has this file as a module, too.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use codemode::values::Value;

/// The codec, as the package and the worker have it.
const CODEC: &str = include_str!("../../../../python/codemode/_values.py");

/// The first line is the codec. Each other one is a document as a JSON string, and is answered with `[its text as Python
/// writes it, its plain JSON]`, or null where it is refused.
const SCRIPT: &str = r#"
import json, sys, types
values = sys.modules["values"] = types.ModuleType("values")
exec(json.loads(sys.stdin.readline()), values.__dict__)
for line in sys.stdin:
    text = json.loads(line)
    try:
        written = values.encode(values.decode(text))
        answer = [written, values.to_json(written)]
    except ValueError:
        answer = None
    print(json.dumps(answer), flush=True)
"#;

/// A process of Python that answers.
pub(crate) struct Python {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Python {
    pub(crate) fn start() -> Self {
        let mut child = Command::new("python3")
            .args(["-I", "-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is installed");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut python = Self { child, input, output };
        python.write(CODEC);
        python
    }

    fn write(&mut self, text: &str) {
        let line = serde_json::to_string(text).expect("text has a JSON form");
        writeln!(self.input, "{line}").expect("Python reads");
    }

    /// The document as Python writes it, and its plain JSON; `None` where Python refuses it.
    fn answer(&mut self, text: &str) -> Option<(String, String)> {
        self.write(text);
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("Python answers");
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("`{answer}` to `{text}`: {error}"))
    }

    /// How the two disagree on a document, if they do.
    pub(crate) fn compare(&mut self, text: &str) -> Result<(), String> {
        let ours = match Value::decode(text.as_bytes()) {
            Ok(value) => value,
            // Text in Rust has no lone surrogates; the contract lets a receiver refuse them.
            Err(error) if error.to_string().contains("a lone surrogate") => return Ok(()),
            Err(error) => {
                return match self.answer(text) {
                    None => Ok(()),
                    Some((theirs, _)) => Err(format!("Rust refuses `{text}` ({error}), Python reads {theirs}")),
                };
            }
        };
        let encoded = ours.encode().map_err(|error| format!("Rust reads `{text}` and cannot write it: {error}"))?;
        let written = std::str::from_utf8(&encoded).expect("JSON is text");
        let theirs = self.answer(text).ok_or_else(|| format!("Python refuses `{text}`, Rust reads {written}"))?;
        // Python keeps one of `1`, `1.0` and `true` as members or keys: there it must do so by way of Rust, too.
        let same = self.answer(written).ok_or_else(|| format!("Python refuses {written}, which Rust writes"))?;
        if same != theirs {
            return Err(format!("`{text}` is {theirs:?} to Python, and {same:?} by way of Rust"));
        }
        let again =
            Value::decode(theirs.0.as_bytes()).map_err(|error| format!("Rust refuses {}: {error}", theirs.0))?;
        if again.to_json() != theirs.1 {
            return Err(format!(
                "the plain form of {} is {} to Python, {} to Rust",
                theirs.0,
                theirs.1,
                again.to_json()
            ));
        }
        let may_have_equals = ["set", "dict"].iter().any(|tag| written.contains(tag));
        if written != theirs.0 && !may_have_equals {
            return Err(format!("`{text}` is written {} by Python, {written} by Rust", theirs.0));
        }
        Ok(())
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
