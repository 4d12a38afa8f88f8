//! The file of API keys: one key a line, with the limits of whoever has it (docs/guides/tenants.md).
//!
//! ```text
//! # a comment
//! 5f1c…                                          a key alone, as ever
//! 9a44… name=billing concurrency=8 rate=120/m memory=128MiB
//! c07b… name=billing                             a second key of the same tenant, while the first is replaced
//! ```
//!
//! A mistake is named by its line and field; neither a key nor a value that may be a misplaced one is ever shown.

use std::collections::HashMap;
use std::time::Duration;

use codemode_executor::{ApiKey, InvalidKey, Rate, Tenant};

use crate::settings::spelling;

/// Every field that a line may have.
const FIELDS: [&str; 16] = [
    "name",
    "weight",
    "concurrency",
    "queue",
    "rate",
    "burst",
    "wall_time",
    "cpu_time",
    "memory",
    "output",
    "tool_calls",
    "code",
    "value",
    "open_files",
    "tasks",
    "tool_call_time",
];

/// Characters of a name: it stands in logs.
const LONGEST_NAME: usize = 64;

/// Weights are small numbers: their sums are compared.
const MOST_WEIGHT: u64 = 1_000;

/// A file that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub(crate) struct KeyFileError {
    line: usize,
    fault: Fault,
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error("{0}")]
    Key(InvalidKey),
    #[error("the key is that of line {0} already")]
    RepeatedKey(usize),
    #[error("what follows the key must be `field=value`")]
    NoField,
    #[error("unknown field {0}{near}", near = near(.1.as_deref()))]
    Unknown(String, Option<String>),
    #[error("`{0}` is given twice")]
    RepeatedField(&'static str),
    #[error("`{0}` {1}")]
    Value(&'static str, String),
    #[error("`burst` needs a `rate`")]
    BurstAlone,
    #[error("the limits of that `name` are in line {0}: a further key of it has `name` alone")]
    SecondLimits(usize),
}

/// Keys have at least 16 characters: what is shorter is none.
fn shown(name: &str) -> String {
    if name.len() < 16 { spelling::quoted(name) } else { format!("of {} characters", name.len()) }
}

fn near(near: Option<&str>) -> String {
    near.map_or_else(|| format!(": expected one of {}", FIELDS.join(", ")), |near| format!("; did you mean `{near}`?"))
}

/// The tenants of a file, in its order.
pub(crate) fn parse(text: &str) -> Result<Vec<Tenant>, KeyFileError> {
    let mut tenants: Vec<(usize, Tenant)> = Vec::new();
    let mut keys: HashMap<&str, usize> = HashMap::new();
    for (line, text) in (1..).zip(text.lines()) {
        let at = |fault| KeyFileError { line, fault };
        let mut words = text.split_ascii_whitespace();
        let Some(key) = words.next().filter(|word| !word.starts_with('#')) else { continue };
        let checked = ApiKey::new(key).map_err(|error| at(Fault::Key(error)))?;
        if let Some(before) = keys.insert(key, line) {
            return Err(at(Fault::RepeatedKey(before)));
        }
        let (tenant, given) = tenant(line, checked, words).map_err(at)?;
        match tenants.iter_mut().find(|(_, other)| other.name == tenant.name) {
            None => tenants.push((line, tenant)),
            Some((_, known)) if given == ["name"] => known.keys.extend(tenant.keys),
            Some((before, _)) => return Err(at(Fault::SecondLimits(*before))),
        }
    }
    Ok(tenants.into_iter().map(|(_, tenant)| tenant).collect())
}

/// One line, and which fields it has.
fn tenant<'a>(
    line: usize,
    key: ApiKey,
    words: impl Iterator<Item = &'a str>,
) -> Result<(Tenant, Vec<&'static str>), Fault> {
    let mut tenant = Tenant::new(format!("line {line}"), vec![key]);
    let mut given = Vec::new();
    let mut burst = None;
    for word in words {
        let (name, value) = word.split_once('=').ok_or(Fault::NoField)?;
        let Some(field) = FIELDS.into_iter().find(|field| *field == name) else {
            return Err(Fault::Unknown(shown(name), spelling::near(name, FIELDS).map(str::to_owned)));
        };
        if given.contains(&field) {
            return Err(Fault::RepeatedField(field));
        }
        given.push(field);
        set(&mut tenant, &mut burst, field, value).map_err(|message| Fault::Value(field, message))?;
    }
    match (&mut tenant.rate, burst) {
        (Some(rate), Some(burst)) => rate.burst = burst,
        (None, Some(_)) => return Err(Fault::BurstAlone),
        (_, None) => {}
    }
    Ok((tenant, given))
}

fn set(tenant: &mut Tenant, burst: &mut Option<u32>, field: &str, value: &str) -> Result<(), String> {
    let ceilings = &mut tenant.ceilings;
    match field {
        "name" => tenant.name = name(value)?,
        "weight" => tenant.weight = count(value, MOST_WEIGHT)?,
        "concurrency" => tenant.concurrency = Some(count(value, 100_000)?),
        "queue" => tenant.queue = Some(if value == "0" { 0 } else { count(value, 1_000_000)? }),
        "rate" => tenant.rate = Some(rate(value)?),
        "burst" => *burst = Some(count(value, 1_000_000)?),
        "wall_time" => ceilings.wall_time = Some(time(value)?),
        "cpu_time" => ceilings.cpu_time = Some(time(value)?),
        "memory" => ceilings.memory = Some(size(value)?),
        "output" => ceilings.output = Some(size(value)?),
        "tool_calls" => ceilings.tool_calls = Some(count(value, 100_000)?),
        "code" => ceilings.code = Some(size(value)?),
        "value" => ceilings.value = Some(size(value)?),
        "open_files" => ceilings.open_files = Some(count(value, 100_000)?),
        "tasks" => ceilings.tasks = Some(count(value, 100_000)?),
        "tool_call_time" => ceilings.tool_call_time = Some(time(value)?),
        _ => unreachable!("every field of `FIELDS` is above"),
    }
    Ok(())
}

fn name(text: &str) -> Result<String, String> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "._:-".contains(letter);
    if (1..=LONGEST_NAME).contains(&text.len()) && text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(format!("must be 1 to {LONGEST_NAME} characters of A-Z, a-z, 0-9 and `._:-`"))
    }
}

fn count(text: &str, most: u64) -> Result<u32, String> {
    let number = digits(text).filter(|number| (1..=most).contains(number));
    number.and_then(|number| u32::try_from(number).ok()).ok_or_else(|| format!("must be a number from 1 to {most}"))
}

/// `120/m`: nginx writes its rates so.
fn rate(text: &str) -> Result<Rate, String> {
    let (number, unit) = text.split_once('/').unwrap_or((text, ""));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => 0,
    };
    match digits(number).filter(|count| seconds > 0 && (1..=1_000_000).contains(count)) {
        Some(count) => {
            let count = u32::try_from(count).expect("a million fits");
            Ok(Rate { count, period: Duration::from_secs(seconds), burst: count })
        }
        None => Err("must be executions for each second, minute or hour, such as 120/m".to_owned()),
    }
}

/// `30`, `30s`, `500ms`, `2m`.
fn time(text: &str) -> Result<Duration, String> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let milliseconds = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        _ => 0,
    };
    let time = digits(number).and_then(|number| number.checked_mul(milliseconds)).filter(|time| *time > 0);
    time.map(Duration::from_millis).ok_or_else(|| "must be a time such as 30s, 500ms or 2m".to_owned())
}

fn size(text: &str) -> Result<u64, String> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit.to_ascii_lowercase().trim_end_matches('b') {
        "" => 1,
        "k" => 1_000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        "ki" => 1 << 10,
        "mi" => 1 << 20,
        "gi" => 1 << 30,
        _ => 0,
    };
    let size = digits(number).and_then(|number| number.checked_mul(factor)).filter(|size| *size > 0);
    size.ok_or_else(|| "must be a size such as 256MiB".to_owned())
}

fn digits(text: &str) -> Option<u64> {
    let short = (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    short.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "0123456789abcdef";
    const TWO: &str = "fedcba9876543210";

    #[test]
    fn keys_alone_are_tenants_named_by_their_lines() {
        let tenants = parse(&format!("# keys\n{ONE}\n\n  {TWO}  \n")).unwrap();
        let names: Vec<_> = tenants.iter().map(|tenant| tenant.name.as_str()).collect();
        assert_eq!(names, ["line 2", "line 4"]);
        assert!(
            tenants.iter().all(|tenant| tenant.weight == 1 && tenant.rate.is_none() && tenant.concurrency.is_none())
        );
    }

    #[test]
    fn limits_follow_the_key() {
        let [tenant] = parse(&format!(
            "{ONE}\tname=billing weight=3 concurrency=8 queue=0 rate=120/m burst=20 memory=128MiB wall_time=500ms"
        ))
        .unwrap()
        .try_into()
        .unwrap();
        assert_eq!((tenant.name.as_str(), tenant.weight), ("billing", 3));
        assert_eq!((tenant.concurrency, tenant.queue), (Some(8), Some(0)));
        assert_eq!(tenant.rate, Some(Rate { count: 120, period: Duration::from_secs(60), burst: 20 }));
        assert_eq!(tenant.ceilings.memory, Some(128 << 20));
        assert_eq!(tenant.ceilings.wall_time, Some(Duration::from_millis(500)));
    }

    #[test]
    fn second_key_of_a_name_shares_its_limits() {
        let [tenant] = parse(&format!("{ONE} name=a concurrency=2\n{TWO} name=a")).unwrap().try_into().unwrap();
        assert_eq!((tenant.keys.len(), tenant.concurrency), (2, Some(2)));
    }

    #[test]
    fn mistake_is_named_by_line_and_field_and_shows_no_key() {
        for (line, message) in [
            ("short", "line 2: an API key must be 16 to 512 printable ASCII characters without spaces"),
            (ONE, "line 2: the key is that of line 1 already"),
            ("fedcba9876543210 0123456789abcdee", "line 2: what follows the key must be `field=value`"),
            ("fedcba9876543210 memroy=1", "line 2: unknown field `memroy`; did you mean `memory`?"),
            (
                "fedcba9876543210 0123456789abcdee=",
                "line 2: unknown field of 16 characters: expected one of name, weight, concurrency, queue, rate, \
                 burst, wall_time, cpu_time, memory, output, tool_calls, code, value, open_files, tasks, tool_call_time",
            ),
            ("fedcba9876543210 queue=1 queue=2", "line 2: `queue` is given twice"),
            (
                "fedcba9876543210 rate=5",
                "line 2: `rate` must be executions for each second, minute or hour, such as 120/m",
            ),
            ("fedcba9876543210 burst=5", "line 2: `burst` needs a `rate`"),
            ("fedcba9876543210 memory=lots", "line 2: `memory` must be a size such as 256MiB"),
            ("fedcba9876543210 wall_time=0", "line 2: `wall_time` must be a time such as 30s, 500ms or 2m"),
            ("fedcba9876543210 weight=1001", "line 2: `weight` must be a number from 1 to 1000"),
            ("fedcba9876543210 name=a/b", "line 2: `name` must be 1 to 64 characters of A-Z, a-z, 0-9 and `._:-`"),
            (
                "fedcba9876543210 name=a queue=3",
                "line 2: the limits of that `name` are in line 1: a further key of it has `name` alone",
            ),
        ] {
            let error = parse(&format!("{ONE} name=a\n{line}")).unwrap_err();
            assert_eq!(error.to_string(), message, "{line}");
        }
    }
}
