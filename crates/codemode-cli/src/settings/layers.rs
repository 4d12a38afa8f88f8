//! Puts the layers together, checks each value, and keeps where it came from.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::Environment;
use super::references;
use super::scalar::Scalar;
use super::spelling;
use super::table::{self, GONE_VARIABLES, SETTINGS, Setting};
use super::value::Value;
use super::yaml::Node;

/// Where a value came from. Later ones beat earlier ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    Default,
    File(String),
    Environment(&'static str),
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File(path) => write!(formatter, "file {path}"),
            Self::Environment(name) => write!(formatter, "environment {name}"),
            Self::Flag(name) => write!(formatter, "flag {name}"),
        }
    }
}

impl Origin {
    fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File(_) => 1,
            Self::Environment(_) => 2,
            Self::Flag(_) => 3,
        }
    }

    /// A setting of this origin, as a message begins.
    fn place(&self, key: &str) -> String {
        match self {
            Self::Environment(name) | Self::Flag(name) => (*name).to_owned(),
            Self::File(path) if key.is_empty() => format!("`{path}`"),
            Self::File(path) => format!("`{path}`: {key}"),
            Self::Default => key.to_owned(),
        }
    }
}

/// Something that is wrong. It never quotes a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    key: String,
    origin: Origin,
    message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.origin.place(&self.key);
        if place.is_empty() {
            formatter.write_str(&self.message)
        } else {
            write!(formatter, "{place}: {}", self.message)
        }
    }
}

/// A setting with its value in force.
#[derive(Clone)]
pub(crate) struct Effective {
    pub(crate) setting: &'static Setting,
    pub(crate) value: Value,
    pub(crate) origin: Origin,
    /// What was given is refused, and the value is the default.
    pub(crate) invalid: bool,
}

impl fmt::Debug for Effective {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, value, origin, .. } = self;
        write!(formatter, "{} = ", setting.key)?;
        if setting.secret {
            formatter.write_str("…")?;
        } else {
            write!(formatter, "{value:?}")?;
        }
        write!(formatter, " ({origin})")
    }
}

/// All settings.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// In the order of the table; a wrong value is replaced by the default.
    pub(crate) settings: Vec<Effective>,
    /// What is wrong. Where there is anything, nothing must be started.
    pub(crate) faults: Vec<Fault>,
    /// Settings that are given and have no effect.
    pub(crate) warnings: Vec<String>,
}

impl Resolved {
    /// The setting of a key of the table.
    pub(crate) fn get(&self, key: &str) -> &Effective {
        self.settings.iter().find(|effective| effective.setting.key == key).expect("the key is in the table")
    }

    /// Whether something sets it.
    pub(crate) fn is_given(&self, key: &str) -> bool {
        self.get(key).origin != Origin::Default
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        if let Value::Text(text) = &self.get(key).value { Some(text) } else { None }
    }

    pub(crate) fn integer(&self, key: &str) -> Option<u64> {
        if let Value::Integer(number) = self.get(key).value { u64::try_from(number).ok() } else { None }
    }

    pub(crate) fn is_true(&self, key: &str) -> bool {
        self.get(key).value == Value::Bool(true)
    }
}

/// Which variables are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// A service: all.
    Service,
    /// An executor in an application, whose variables are the application's: those of the process alone.
    Embedded,
}

type Layer = BTreeMap<&'static str, (Node, Origin)>;

/// The values in force.
pub(crate) fn resolve(
    file: Option<(&Path, Vec<(String, Node)>)>,
    environment: &Environment,
    flags: Vec<(&'static str, String)>,
    scope: Scope,
) -> Resolved {
    let mut faults = Vec::new();
    let mut given = Layer::new();
    let in_file = file.as_ref().map_or(Origin::Default, |(path, _)| Origin::File(path.display().to_string()));
    if let Some((_, entries)) = file {
        read_file(entries, &in_file, environment, &mut given, &mut faults);
    }
    for setting in SETTINGS.iter().filter(|setting| scope == Scope::Service || setting.embedded) {
        if let Some(text) = environment.given(setting.variable) {
            let node = Node::Scalar(Scalar::Text(text.to_owned()));
            given.insert(setting.key, (node, Origin::Environment(setting.variable)));
            // A section that is wrong in the file stays wrong; a value is replaced.
            faults.retain(|fault: &Fault| fault.key != setting.key);
        }
    }
    for (key, text) in flags {
        if let Some(setting) = table::find(key) {
            let flag = setting.flag.unwrap_or(setting.key);
            given.insert(setting.key, (Node::Scalar(Scalar::Text(text)), Origin::Flag(flag)));
            faults.retain(|fault| fault.key != key);
        }
    }
    choose_address(&mut given, &mut faults);

    let mut settings: Vec<Effective> = SETTINGS.iter().map(|setting| check(setting, &mut given, &mut faults)).collect();
    infer_tls(&mut settings, &mut faults);
    let is_given = |key: &str| settings.iter().any(|one| one.setting.key == key && one.origin != Origin::Default);
    let listen = settings.iter().any(|one| one.setting.key == "listen" && one.value != Value::Nothing);
    if faults.is_empty() && listen && (is_given("host") || is_given("port")) {
        let message = "give either listen, or host and port".to_owned();
        faults.push(Fault { key: String::new(), origin: in_file, message });
    }
    let mut warnings = Vec::new();
    for Effective { setting, value, origin, .. } in &settings {
        if let Some(replacement) = setting.gone
            && *value != setting.default.value()
        {
            warnings.push(format!("{} has no effect: {replacement}", origin.place(setting.key)));
        }
    }
    if scope == Scope::Service {
        for (name, default, replacement) in GONE_VARIABLES {
            if environment.given(name).is_some_and(|value| value.to_lowercase() != *default) {
                warnings.push(format!("{name} has no effect: {replacement}"));
            }
        }
    }
    Resolved { settings, faults, warnings }
}

fn check(setting: &'static Setting, given: &mut Layer, faults: &mut Vec<Fault>) -> Effective {
    let default = Effective { setting, value: setting.default.value(), origin: Origin::Default, invalid: false };
    let Some((node, origin)) = given.remove(setting.key) else {
        // Where its reference could not be replaced, it is given all the same.
        let Some(fault) = faults.iter().find(|fault| fault.key == setting.key) else { return default };
        return Effective { origin: fault.origin.clone(), invalid: true, ..default };
    };
    match setting.kind.check(&node) {
        Ok(value) => Effective { setting, value, origin, invalid: false },
        Err(message) => {
            faults.push(Fault { key: setting.key.to_owned(), origin: origin.clone(), message });
            Effective { origin, invalid: true, ..default }
        }
    }
}

fn read_file(
    entries: Vec<(String, Node)>,
    in_file: &Origin,
    environment: &Environment,
    given: &mut Layer,
    faults: &mut Vec<Fault>,
) {
    let fault = |key: String, message: String| Fault { key, origin: in_file.clone(), message };
    let mut take = |key: String, node: Node, faults: &mut Vec<Fault>| match table::find(&key) {
        None => faults.push(unknown(&key, in_file)),
        Some(setting) => match replaced(node, environment) {
            Ok(node) => drop(given.insert(setting.key, (node, in_file.clone()))),
            Err(message) => faults.push(fault(key, message)),
        },
    };
    for (name, node) in entries {
        let section = SETTINGS.iter().any(|setting| setting.key.split_once('.').is_some_and(|(head, _)| head == name));
        match node {
            Node::Map(inner) if section => {
                for (inner_name, node) in inner {
                    take(format!("{name}.{inner_name}"), node, faults);
                }
            }
            node if section => {
                let message = replaced(node, environment).err();
                faults.push(fault(name, message.unwrap_or_else(|| "must be a mapping of settings".to_owned())));
            }
            node => take(name, node, faults),
        }
    }
}

fn replaced(node: Node, environment: &Environment) -> Result<Node, String> {
    match node {
        Node::Scalar(Scalar::Text(text)) => references::substitute(&text, environment)
            .map(|text| Node::Scalar(Scalar::Text(text)))
            .map_err(|unresolved| unresolved.0),
        Node::List(items) => {
            items.into_iter().map(|item| replaced(item, environment)).collect::<Result<_, _>>().map(Node::List)
        }
        other => Ok(other),
    }
}

fn unknown(key: &str, in_file: &Origin) -> Fault {
    let (section, name) = match key.split_once('.') {
        Some((section, name)) if SETTINGS.iter().any(|setting| setting.key.starts_with(&format!("{section}."))) => {
            (Some(section), name)
        }
        _ => (None, key),
    };
    let living = || SETTINGS.iter().filter(|setting| setting.gone.is_none());
    let names = living().filter_map(|setting| match (section, setting.key.split_once('.')) {
        (None, parts) => Some(parts.map_or(setting.key, |(head, _)| head)),
        (Some(section), Some((head, tail))) if head == section => Some(tail),
        (Some(_), _) => None,
    });
    let meant = spelling::near(name, names).map(str::to_owned).or_else(|| {
        // The right name in the wrong place.
        let elsewhere = living().find(|setting| setting.key.rsplit('.').next() == Some(name) && section.is_none());
        elsewhere.map(|setting| setting.key.to_owned())
    });
    let message = meant.map_or("unknown key".to_owned(), |meant| format!("unknown key (did you mean `{meant}`?)"));
    let shown = spelling::shown(name);
    let key = section.map_or(shown.clone(), |section| format!("{section}.{shown}"));
    Fault { key, origin: in_file.clone(), message }
}

/// `listen`, and `host` with `port`, are two ways to say one thing: the one of the stronger layer holds.
fn choose_address(given: &mut Layer, faults: &mut Vec<Fault>) {
    let rank = |key: &str| {
        // A reference that could not be replaced is given all the same.
        let broken = faults.iter().find(|fault| fault.key == key).map(|fault| &fault.origin);
        given.get(key).map(|(_, origin)| origin).or(broken).map_or(0, Origin::rank)
    };
    let (listen, apart) = (rank("listen"), rank("host").max(rank("port")));
    let dropped: &[&str] = match listen.cmp(&apart) {
        Ordering::Less if listen != 0 => &["listen"],
        Ordering::Greater if apart != 0 => &["host", "port"],
        _ => &[],
    };
    given.retain(|key, _| !dropped.contains(key));
    faults.retain(|fault| !dropped.contains(&fault.key.as_str()));
}

/// Whoever names a certificate must not get plain text, and one without its key is of no use.
fn infer_tls(settings: &mut [Effective], faults: &mut Vec<Fault>) {
    if faults.iter().any(|fault| fault.key == "tls" || fault.key.starts_with("tls.")) {
        return;
    }
    let find =
        |key: &str| settings.iter().find(|effective| effective.setting.key == key).expect("the key is in the table");
    let named = |key: &str| find(key).value != Value::Nothing;
    let require = find("tls.require_client_auth");
    let (cert, key, ca) = (named("tls.cert_file"), named("tls.key_file"), named("tls.ca_file"));
    // The client of the same host reads the same variable: alone it says nothing of this executor.
    let own_ca = ca && !matches!(find("tls.ca_file").origin, Origin::Environment(_));
    let enabled = match find("tls.enabled") {
        Effective { origin: Origin::Default, .. } => cert || key || own_ca || require.value == Value::Bool(true),
        Effective { value, .. } => *value == Value::Bool(true),
    };
    let message = if enabled && !(cert && key) {
        Some("enabled needs cert_file and key_file")
    } else if enabled && require.value == Value::Bool(true) && !ca {
        Some("require_client_auth needs ca_file")
    } else {
        None
    };
    if let Some(message) = message {
        let tls = settings.iter().filter(|effective| effective.setting.key.starts_with("tls."));
        let strongest = tls.map(|effective| effective.origin.clone()).max_by_key(Origin::rank);
        let origin = strongest.filter(|origin| matches!(origin, Origin::File(_))).unwrap_or(Origin::Default);
        faults.push(Fault { key: "tls".to_owned(), origin, message: message.to_owned() });
    }
    for effective in settings.iter_mut().filter(|effective| effective.setting.key == "tls.enabled") {
        effective.value = Value::Bool(enabled);
    }
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use super::*;

    fn resolved(text: &str, environment: &Environment, flags: Vec<(&'static str, String)>) -> Resolved {
        let entries = yaml::parse(text).unwrap();
        resolve(Some((Path::new("f.yaml"), entries)), environment, flags, Scope::Service)
    }

    fn faults(text: &str, environment: &Environment) -> Vec<String> {
        resolved(text, environment, Vec::new()).faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn flag_beats_variable_beats_file_beats_default() {
        let environment = Environment::from([("CODEMODE_GRACE", "2"), ("CODEMODE_QUEUE", "2")]);
        let settings = resolved("{grace: 1, queue: 1, capacity: 1}", &environment, vec![("queue", "3".to_owned())]);
        let origins = ["queue", "grace", "capacity", "port"].map(|key| {
            let effective = settings.get(key);
            (effective.value.clone(), effective.origin.to_string())
        });
        let expected = [(3, "flag --queue"), (2, "environment CODEMODE_GRACE"), (1, "file f.yaml"), (8001, "default")];
        assert_eq!(origins, expected.map(|(number, origin)| (Value::Integer(number), origin.to_owned())));
        assert!(settings.faults.is_empty());
    }

    #[test]
    fn every_fault_is_reported_at_its_origin() {
        let environment = Environment::from([("CODEMODE_SIDECAR_PORT", "0"), ("CODEMODE_LOG_JSON", "maybe")]);
        let text = "prot: 1\nlimits: {memory: much, code_tmeout: 3}\nsecurity: x\napi_key: ${NONE}\ncode_timeout: 3\n";
        assert_eq!(
            faults(text, &environment),
            [
                "`f.yaml`: prot: unknown key (did you mean `port`?)",
                "`f.yaml`: limits.code_tmeout: unknown key (did you mean `code_timeout`?)",
                "`f.yaml`: security: must be a mapping of settings",
                "`f.yaml`: api_key: environment variable NONE is not set",
                "`f.yaml`: code_timeout: unknown key (did you mean `limits.code_timeout`?)",
                "CODEMODE_SIDECAR_PORT: must be at least 1",
                "`f.yaml`: limits.memory: must be a size such as 256MiB",
                "CODEMODE_LOG_JSON: must be true or false (or 1/0, yes/no, on/off)",
            ]
        );
    }

    #[test]
    fn gone_settings_warn_where_they_differ_from_the_default() {
        let environment = Environment::from([
            ("CODEMODE_MAIN_APP_TARGET", "app:1"),
            ("CODEMODE_METADATA_TTL", "60"),
            ("MAIN_APP_GRPC_TARGET", "app:1"),
        ]);
        let text = "security: {allow_direct_execution: false, allowed_commands: [ls]}\n";
        assert_eq!(
            resolved(text, &environment, Vec::new()).warnings,
            [
                format!(
                    "CODEMODE_MAIN_APP_TARGET has no effect: {}",
                    table::find("main_app_grpc_target").unwrap().gone.unwrap()
                ),
                "`f.yaml`: security.allowed_commands has no effect: the jail decides what a program may touch, and it \
                 starts no commands; remove it"
                    .to_owned(),
                "MAIN_APP_GRPC_TARGET has no effect: tool calls come back on the connection that the client opens; \
                 remove it"
                    .to_owned(),
            ]
        );
    }

    #[test]
    fn address_of_the_stronger_layer_holds() {
        let port = Environment::from([("CODEMODE_SIDECAR_PORT", "9")]);
        let settings = resolved("listen: 127.0.0.1:1", &port, Vec::new());
        assert_eq!((settings.text("listen"), settings.integer("port")), (None, Some(9)));
        let listen = Environment::from([("CODEMODE_LISTEN", "127.0.0.1:1")]);
        let settings = resolved("port: 9", &listen, Vec::new());
        assert_eq!((settings.text("listen"), settings.is_given("port")), (Some("127.0.0.1:1"), false));
        let both = faults("{listen: '127.0.0.1:1', port: 9}", &Environment::default());
        assert_eq!(both, ["`f.yaml`: give either listen, or host and port"]);
    }

    #[test]
    fn secrets_are_not_shown() {
        let environment = Environment::from([("CODEMODE_API_KEY", "very-secret")]);
        let settings = resolved("{api_key: other-secret, port: 9}", &environment, Vec::new());
        assert_eq!(settings.text("api_key"), Some("very-secret"));
        let shown = format!("{settings:?} {environment:?}");
        assert!(shown.contains("port = Integer(9) (file f.yaml)"), "{shown}");
        assert!(!shown.contains("secret\"") && !shown.contains("very-secret"), "{shown}");
    }

    #[test]
    fn certificate_turns_tls_on() {
        let enabled = |text: &str| resolved(text, &Environment::default(), Vec::new()).is_true("tls.enabled");
        assert!(enabled("tls: {cert_file: a, key_file: b}"));
        assert!(!enabled("tls: {enabled: false, cert_file: a, key_file: b}"));
        assert_eq!(
            faults("tls: {cert_file: a}", &Environment::default()),
            ["`f.yaml`: tls: enabled needs cert_file and key_file"]
        );
        assert_eq!(
            faults("tls: {cert_file: a, key_file: b, require_client_auth: yes}", &Environment::default()),
            ["`f.yaml`: tls: require_client_auth needs ca_file"]
        );
    }

    #[test]
    fn an_embedded_executor_takes_no_settings_of_the_service() {
        let environment = Environment::from([("CODEMODE_CODE_TIMEOUT", "1"), ("CODEMODE_CAPACITY", "3")]);
        let settings = resolve(None, &environment, Vec::new(), Scope::Embedded);
        assert_eq!((settings.is_given("limits.code_timeout"), settings.integer("capacity")), (false, Some(3)));
    }
}
