//! Every setting of an executor: its key, what sets it, what it may be, and what replaced it where it is gone.
//!
//! `python/codemode/config/sidecar_config.py` has the same list for applications that write such files; a test compares
//! the two. The reference page is made of that one.

use super::value::Kind;

const MIB: i64 = 1024 * 1024;
const NO_CALLBACKS: &str = "tool calls come back on the connection that the client opens; remove it";
const KERNEL_DECIDES: &str = "the jail decides what a program may touch, and it starts no commands; remove it";
const OWN_TLS: &str = "there are no callbacks; for TLS of the executor itself set CODEMODE_TLS_*";

/// One setting.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Where it is in the file: names with dots between.
    pub(crate) key: &'static str,
    /// The environment variable that sets it.
    pub(crate) variable: &'static str,
    /// The flag that sets it.
    pub(crate) flag: Option<&'static str>,
    /// What it may be.
    pub(crate) kind: Kind,
    /// What holds where nothing sets it.
    pub(crate) default: Default,
    /// Whether it is never shown.
    pub(crate) secret: bool,
    /// What replaced it, where it has no effect any more.
    pub(crate) gone: Option<&'static str>,
    /// Whether an embedded executor takes it from the application's environment.
    pub(crate) embedded: bool,
}

/// A default.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Default {
    Nothing,
    No,
    Number(i64),
    Text(&'static str),
    Empty,
}

const fn setting(key: &'static str, variable: &'static str, kind: Kind, default: Default) -> Setting {
    Setting { key, variable, flag: None, kind, default, secret: false, gone: None, embedded: false }
}

impl Setting {
    const fn flag(self, flag: &'static str) -> Self {
        Self { flag: Some(flag), ..self }
    }

    const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    const fn gone(self, replacement: &'static str) -> Self {
        Self { gone: Some(replacement), ..self }
    }

    /// For what concerns the process rather than the service.
    const fn embedded(self) -> Self {
        Self { embedded: true, ..self }
    }
}

/// All settings, in the order in which they are shown.
pub(crate) static SETTINGS: &[Setting] = &[
    setting("port", "CODEMODE_SIDECAR_PORT", Kind::Integer(1, 65_535), Default::Number(8001)).flag("--port"),
    setting("host", "CODEMODE_SIDECAR_HOST", Kind::Host, Default::Text("0.0.0.0")).flag("--host"),
    setting("listen", "CODEMODE_LISTEN", Kind::Listen, Default::Nothing).flag("--listen"),
    setting("main_app_grpc_target", "CODEMODE_MAIN_APP_TARGET", Kind::Target, Default::Text("localhost:50051"))
        .gone(NO_CALLBACKS),
    setting("api_key", "CODEMODE_API_KEY", Kind::OptionalText, Default::Nothing).secret(),
    setting("api_key_file", "CODEMODE_API_KEY_FILE", Kind::OptionalText, Default::Nothing).flag("--api-key-file"),
    setting("python", "CODEMODE_PYTHON", Kind::OptionalText, Default::Nothing).flag("--python").embedded(),
    setting(
        "profile",
        "CODEMODE_JAIL_PROFILE",
        Kind::Choice(&["container", "standard", "max"]),
        Default::Text("standard"),
    )
    .flag("--profile")
    .embedded(),
    setting("idle_workers", "CODEMODE_IDLE_WORKERS", Kind::OptionalInteger(0, 10_000), Default::Nothing)
        .flag("--idle-workers")
        .embedded(),
    setting("capacity", "CODEMODE_CAPACITY", Kind::OptionalInteger(1, 100_000), Default::Nothing)
        .flag("--capacity")
        .embedded(),
    setting("queue", "CODEMODE_QUEUE", Kind::OptionalInteger(0, 1_000_000), Default::Nothing)
        .flag("--queue")
        .embedded(),
    setting("drain_delay", "CODEMODE_DRAIN_DELAY", Kind::Integer(0, 300), Default::Number(0)).flag("--drain-delay"),
    setting("grace", "CODEMODE_GRACE", Kind::Integer(0, 3_600), Default::Number(25)).flag("--grace").embedded(),
    setting("limits.code_timeout", "CODEMODE_CODE_TIMEOUT", Kind::Integer(1, 300), Default::Number(30))
        .flag("--code-timeout"),
    setting("limits.max_code_length", "CODEMODE_MAX_CODE_LENGTH", Kind::Integer(100, 100_000), Default::Number(50_000))
        .flag("--max-code-length"),
    setting("limits.memory", "CODEMODE_LIMIT_MEMORY", Kind::Size(16 * MIB, 2_048 * MIB), Default::Number(256 * MIB))
        .flag("--memory"),
    setting("limits.cpu_time", "CODEMODE_LIMIT_CPU_TIME", Kind::Integer(1, 300), Default::Number(10))
        .flag("--cpu-time"),
    setting("limits.output", "CODEMODE_LIMIT_OUTPUT", Kind::Size(1_024, 16 * MIB), Default::Number(MIB))
        .flag("--output"),
    setting("limits.tool_calls", "CODEMODE_LIMIT_TOOL_CALLS", Kind::Integer(1, 100_000), Default::Number(1_000))
        .flag("--tool-calls"),
    setting("security.allow_direct_execution", "CODEMODE_ALLOW_DIRECT_EXECUTION", Kind::Boolean, Default::No)
        .gone(KERNEL_DECIDES),
    setting("security.allowed_commands", "CODEMODE_ALLOWED_COMMANDS", Kind::Items, Default::Empty).gone(KERNEL_DECIDES),
    setting("tls.enabled", "CODEMODE_TLS_ENABLED", Kind::Boolean, Default::No).flag("--tls"),
    setting("tls.mode", "CODEMODE_TLS_MODE", Kind::Choice(&["system", "custom"]), Default::Text("system")),
    setting("tls.cert_file", "CODEMODE_TLS_CERT_FILE", Kind::OptionalText, Default::Nothing).flag("--tls-cert-file"),
    setting("tls.key_file", "CODEMODE_TLS_KEY_FILE", Kind::OptionalText, Default::Nothing).flag("--tls-key-file"),
    setting("tls.ca_file", "CODEMODE_TLS_CA_FILE", Kind::OptionalText, Default::Nothing).flag("--tls-client-ca-file"),
    setting("tls.require_client_auth", "CODEMODE_TLS_REQUIRE_CLIENT_AUTH", Kind::Boolean, Default::No)
        .flag("--tls-require-client-auth"),
    setting("callback_tls.enabled", "CODEMODE_CALLBACK_TLS_ENABLED", Kind::Boolean, Default::No).gone(NO_CALLBACKS),
    setting("callback_tls.ca_file", "CODEMODE_CALLBACK_TLS_CA_FILE", Kind::OptionalText, Default::Nothing)
        .gone(NO_CALLBACKS),
    setting("callback_tls.client_cert", "CODEMODE_CALLBACK_TLS_CLIENT_CERT", Kind::OptionalText, Default::Nothing)
        .gone(NO_CALLBACKS),
    setting("callback_tls.client_key", "CODEMODE_CALLBACK_TLS_CLIENT_KEY", Kind::OptionalText, Default::Nothing)
        .gone(NO_CALLBACKS),
    setting("log_level", "CODEMODE_LOG_LEVEL", Kind::LogLevel, Default::Text("INFO")).flag("--log-level"),
    setting("log_json", "CODEMODE_LOG_JSON", Kind::Boolean, Default::No).flag("--log-json").embedded(),
];

/// Variables that no setting has any more: their default, and what replaced them.
pub(crate) static GONE_VARIABLES: &[(&str, &str, &str)] = &[
    ("CODEMODE_METADATA_TTL", "60", "tools travel with each execution, so nothing is cached; remove it"),
    ("CODEMODE_MAIN_APP_GRPC_TARGET", "localhost:50051", NO_CALLBACKS),
    ("MAIN_APP_GRPC_TARGET", "localhost:50051", NO_CALLBACKS),
    ("EXECUTOR_NETWORK_MODE", "none", "programs have no network; remove it"),
    ("CODEMODE_GRPC_TLS_ENABLED", "false", OWN_TLS),
    ("CODEMODE_GRPC_TLS_MODE", "system", OWN_TLS),
    ("CODEMODE_GRPC_TLS_CA_FILE", "", OWN_TLS),
    ("CODEMODE_GRPC_TLS_CERT_FILE", "", OWN_TLS),
    ("CODEMODE_GRPC_TLS_KEY_FILE", "", OWN_TLS),
    ("CODEMODE_GRPC_TLS_CLIENT_CERT_FILE", "", OWN_TLS),
    ("CODEMODE_GRPC_TLS_CLIENT_KEY_FILE", "", OWN_TLS),
    ("CODEMODE_GRPC_TLS_REQUIRE_CLIENT_AUTH", "false", OWN_TLS),
];

/// The setting of a key.
pub(crate) fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_variables_and_flags_are_unique() {
        for (index, setting) in SETTINGS.iter().enumerate() {
            for other in &SETTINGS[index + 1..] {
                assert_ne!(setting.key, other.key);
                assert_ne!(setting.variable, other.variable);
                assert!(setting.flag.is_none() || setting.flag != other.flag, "{}", setting.key);
            }
        }
    }

    #[test]
    fn every_default_is_a_valid_value() {
        for setting in SETTINGS {
            let value = setting.default.value();
            assert!(setting.kind.accepts(&value), "{}: {value:?}", setting.key);
        }
    }
}
