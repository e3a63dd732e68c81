//! Names of domains, and what they look like.

/// Bytes of an address that are looked at; a name has at most 253.
const MOST_BYTES: usize = 2_000;

/// The domain of an address or a name, in small letters and without `www.`; `None` where there is none.
#[must_use]
pub fn domain_of(address: &str) -> Option<String> {
    let address = address.trim();
    if address.len() > MOST_BYTES {
        return None;
    }
    let after_scheme = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host).trim_end_matches('.').to_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    let is_name = host.contains('.') && !host.contains(char::is_whitespace) && !host.contains("..");
    (is_name && !host.starts_with('.')).then(|| host.to_owned())
}

/// Whether one domain is the other, or lies below it: a link between them is no backlink.
#[must_use]
pub fn is_same_site(one: &str, other: &str) -> bool {
    let is_below = |upper: &str, lower: &str| {
        lower.strip_suffix(upper).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    is_below(one, other) || is_below(other, one)
}

/// What a name looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NameShape {
    /// Characters before the last dot.
    pub length: f64,
    /// Hyphens among them.
    pub hyphens: f64,
    /// Digits among them.
    pub digits: f64,
    /// Entropy of the characters, bits.
    pub entropy: f64,
}

/// The shape of a domain's name, without what stands behind the last dot.
#[must_use]
pub fn name_shape(domain: &str) -> NameShape {
    let name = domain.rsplit_once('.').map_or(domain, |(name, _)| name);
    let characters: Vec<char> = name.chars().collect();
    let mut sorted = characters.clone();
    sorted.sort_unstable();
    let share = |run: &[char]| run.len() as f64 / characters.len() as f64;
    let entropy: f64 = sorted.chunk_by(|a, b| a == b).map(|run| -share(run) * share(run).log2()).sum();
    let count = |is_counted: fn(char) -> bool| characters.iter().filter(|c| is_counted(**c)).count() as f64;
    NameShape {
        length: characters.len() as f64,
        hyphens: count(|c| c == '-'),
        digits: count(|c| c.is_ascii_digit()),
        entropy: entropy.abs(),
    }
}
