//! Where an executor is: the URLs that a user may write, checked once.

use std::fmt;
use std::str::FromStr;

/// The port of a url without one.
const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

/// The address of an executor, from `http://host:port`, `https://host:port` or `unix:/path`. `grpc://` is another word for
/// `http://`, and `grpcs://` for `https://`. `dns+http://host:port` and `dns+https://host:port` name several executors: all
/// addresses of the name. `dns:///host:port` is another word for the former.
///
/// `Display` gives it back as it was written, without any user information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    written: String,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Tcp {
        /// Without the brackets of an IPv6 address.
        host: String,
        /// `host`, or `host:port`, as it was written.
        authority: String,
        has_port: bool,
        tls: bool,
        /// Each address of the name is an executor of its own.
        several: bool,
    },
    Unix {
        path: String,
    },
}

/// Why a text is not the address of an executor. Nothing was attempted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Not one of the schemes below, or none at all.
    #[error(
        "unknown scheme in the executor url `{url}`: use `http://host:port`, `https://host:port`, `dns+http://host:port`, `dns+https://host:port` or `unix:/path`"
    )]
    Scheme {
        /// As it was written.
        url: String,
    },
    /// No host, a bad port, or no path for a Unix socket.
    #[error("malformed executor url `{url}`: {reason}")]
    Malformed {
        /// As it was written, without what stood before an `@`.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Address {
    /// What the transport dials: `http://host:port` or `unix:/path`. TLS is the connector's, not the url's.
    pub(super) fn endpoint(&self, tls: bool) -> String {
        match &self.place {
            Place::Tcp { authority, has_port: true, .. } => format!("http://{authority}"),
            Place::Tcp { authority, has_port: false, .. } => {
                format!("http://{authority}:{}", if tls { HTTPS_PORT } else { HTTP_PORT })
            }
            Place::Unix { path } => format!("unix:{path}"),
        }
    }

    /// What a request over TLS says of where it goes.
    pub(super) fn origin(&self) -> String {
        format!("https://{}", self.peer().unwrap_or_default())
    }

    /// `host:port`, as it was written; `None` for a Unix socket.
    pub(super) fn peer(&self) -> Option<&str> {
        match &self.place {
            Place::Tcp { authority, .. } => Some(authority),
            Place::Unix { .. } => None,
        }
    }

    /// The name or address that a certificate must have.
    pub(super) fn host(&self) -> &str {
        match &self.place {
            Place::Tcp { host, .. } => host,
            Place::Unix { .. } => "",
        }
    }

    /// `host:port` where each address of that name is an executor.
    pub(crate) fn lookup(&self) -> Option<String> {
        match &self.place {
            Place::Tcp { several: true, authority, has_port: true, .. } => Some(authority.clone()),
            Place::Tcp { several: true, authority, has_port: false, tls, .. } => {
                Some(format!("{authority}:{}", if *tls { HTTPS_PORT } else { HTTP_PORT }))
            }
            Place::Tcp { several: false, .. } | Place::Unix { .. } => None,
        }
    }

    /// Whether the scheme asks for TLS.
    pub(super) fn wants_tls(&self) -> bool {
        matches!(self.place, Place::Tcp { tls: true, .. })
    }
}

/// The addresses of a comma-separated list: executors that are as good as each other.
pub fn addresses(urls: &str) -> Result<Vec<Address>, AddressError> {
    urls.split(',').map(|url| url.trim().parse()).collect()
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(url: &str) -> Result<Self, AddressError> {
        let malformed = |reason| AddressError::Malformed { url: without_user_information(url), reason };
        if let Some(path) = url.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if !path.starts_with('/') {
                return Err(malformed("the path of a unix socket is absolute: `unix:/path`"));
            }
            return Ok(Self { written: url.to_owned(), place: Place::Unix { path: path.to_owned() } });
        }
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(AddressError::Scheme { url: without_user_information(url) });
        };
        let scheme = scheme.to_ascii_lowercase();
        // As gRPC writes it: the authority before the third slash would be a server to ask, which is the system's to say.
        let rest = if scheme == "dns" { rest.strip_prefix('/').unwrap_or(rest) } else { rest };
        let (tls, several) = match scheme.as_str() {
            "http" | "grpc" => (false, false),
            "https" | "grpcs" => (true, false),
            "dns" | "dns+http" => (false, true),
            "dns+https" => (true, true),
            _ => return Err(AddressError::Scheme { url: without_user_information(url) }),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains('@') {
            return Err(malformed("user information has no meaning here; pass the key on its own"));
        }
        if authority.contains(['/', '?', '#', ' ']) {
            return Err(malformed("it has no path, query or fragment: `http://host:port`"));
        }
        let (host, port) = match authority.rsplit_once(':') {
            // The colons of an IPv6 address without a port are within its brackets.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        if host.is_empty() {
            return Err(malformed("the host is missing"));
        }
        if port.is_some_and(|port| !port.parse::<u16>().is_ok_and(|port| port != 0)) {
            return Err(malformed("the port is a number from 1 to 65535"));
        }
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).to_owned();
        let place = Place::Tcp { host, authority: authority.to_owned(), has_port: port.is_some(), tls, several };
        Ok(Self { written: url.to_owned(), place })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.written)
    }
}

/// A password in a URL must not reach a message.
fn without_user_information(url: &str) -> String {
    let Some(at) = url.rfind('@') else { return url.to_owned() };
    match url[..at].find("://") {
        Some(scheme) => format!("{}://…{}", &url[..scheme], &url[at..]),
        None => format!("…{}", &url[at..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> String {
        url.parse::<Address>().map_or_else(|error| error.to_string(), |address| address.endpoint(address.wants_tls()))
    }

    #[test]
    fn plain_and_unix_urls_are_accepted() {
        assert_eq!(endpoint("http://executor:8001"), "http://executor:8001");
        assert_eq!(endpoint("grpc://executor:8001/"), "http://executor:8001");
        assert_eq!(endpoint("http://[::1]:8001"), "http://[::1]:8001");
        assert_eq!(endpoint("unix:/run/codemode.sock"), "unix:/run/codemode.sock");
        assert_eq!(endpoint("unix:///run/codemode.sock"), "unix:/run/codemode.sock");
    }

    #[test]
    fn schemes_say_whether_tls_is_wanted() {
        let wants_tls = |url: &str| url.parse::<Address>().unwrap().wants_tls();
        assert!(wants_tls("https://executor:8001") && wants_tls("GRPCS://executor"));
        assert!(!wants_tls("http://executor:8001") && !wants_tls("grpc://executor") && !wants_tls("unix:/s"));
        assert_eq!(endpoint("https://executor"), "http://executor:443");
        assert_eq!(endpoint("grpcs://[::1]"), "http://[::1]:443");
        assert_eq!(endpoint("http://executor"), "http://executor:80");
        let address: Address = "https://[::1]:8001/".parse().unwrap();
        assert_eq!((address.host(), address.peer()), ("::1", Some("[::1]:8001")));
    }

    #[test]
    fn names_of_several_executors_are_looked_up() {
        let lookup = |url: &str| url.parse::<Address>().unwrap().lookup();
        assert_eq!(lookup("dns:///executor:8001").as_deref(), Some("executor:8001"));
        assert_eq!(lookup("dns+http://executor").as_deref(), Some("executor:80"));
        assert_eq!(lookup("dns+https://executor").as_deref(), Some("executor:443"));
        assert_eq!(lookup("http://executor:8001"), None);
        assert!("dns+https://executor:1".parse::<Address>().unwrap().wants_tls());
    }

    #[test]
    fn refusals_say_what_to_write_instead() {
        let all = [
            "executor:8001",
            "ftp://x",
            "https://:1",
            "http://:1",
            "http://x:0",
            "http://x/y",
            "unix:x",
            "http://a:b@x",
            "ftp://a:b/c@x",
            "a:b/c@x",
            "a@b://x",
            "unix:a@x",
        ];
        insta::assert_snapshot!(all.map(endpoint).join("\n"), @r"
        unknown scheme in the executor url `executor:8001`: use `http://host:port`, `https://host:port`, `dns+http://host:port`, `dns+https://host:port` or `unix:/path`
        unknown scheme in the executor url `ftp://x`: use `http://host:port`, `https://host:port`, `dns+http://host:port`, `dns+https://host:port` or `unix:/path`
        malformed executor url `https://:1`: the host is missing
        malformed executor url `http://:1`: the host is missing
        malformed executor url `http://x:0`: the port is a number from 1 to 65535
        malformed executor url `http://x/y`: it has no path, query or fragment: `http://host:port`
        malformed executor url `unix:x`: the path of a unix socket is absolute: `unix:/path`
        malformed executor url `http://…@x`: user information has no meaning here; pass the key on its own
        unknown scheme in the executor url `ftp://…@x`: use `http://host:port`, `https://host:port`, `dns+http://host:port`, `dns+https://host:port` or `unix:/path`
        unknown scheme in the executor url `…@x`: use `http://host:port`, `https://host:port`, `dns+http://host:port`, `dns+https://host:port` or `unix:/path`
        unknown scheme in the executor url `…@b://x`: use `http://host:port`, `https://host:port`, `dns+http://host:port`, `dns+https://host:port` or `unix:/path`
        malformed executor url `…@x`: the path of a unix socket is absolute: `unix:/path`
        ");
    }
}
