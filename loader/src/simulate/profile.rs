//! What an account shows about itself, and how many accounts it knows.

use rand::Rng;

use super::config::DAY;
use super::lean::Lean;
use super::persona::Persona;
use super::random::{Random, chance, geometric, log_normal, pick};
use super::text::lean_on;
use super::vocabulary::TOPICS;

/// Fields of an account as its platform gives them; `None` is not known, an empty text is known to be empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// When the account was opened, microseconds since 1970.
    pub created_at: Option<i64>,
    /// The name in its address.
    pub username: Option<String>,
    /// The name it shows.
    pub display_name: Option<String>,
    /// A line or two about itself.
    pub description: Option<String>,
    /// A place, in its own words.
    pub location: Option<String>,
    /// A link.
    pub website: Option<String>,
    /// Whether it has a picture.
    pub has_avatar: Option<bool>,
    /// Whether the platform vouches for it.
    pub is_verified: Option<bool>,
    /// Accounts that follow it.
    pub followers: Option<i64>,
    /// Accounts it follows.
    pub following: Option<i64>,
}

const SYLLABLES: &[&str] = &[
    "an", "bel", "ca", "da", "el", "fi", "go", "ha", "in", "jo", "ka", "li", "ma", "no", "or", "pe", "ri",
    "sa", "to", "vi",
];

pub(super) fn draw(random: &mut Random, persona: &Persona, lean: &Lean) -> Profile {
    let age_days = log_normal(random, 800.0 * lean.age, 1.1).clamp(3.0, 6_000.0);
    // An account may be opened within the window, but not after it comes into use.
    let created_at =
        (persona.active.start + 2 * DAY - (age_days * DAY as f64) as i64).min(persona.active.start).max(0);
    let (followers, following) = connections(random, age_days, lean);
    let topic = &TOPICS[persona.style.topics[0]];
    let name = name(random);
    let mut filled = |typical: f64| chance(random, lean_on(typical, lean.completeness));
    let (has_name, has_description, has_location, has_website, has_avatar) =
        (filled(0.88), filled(0.68), filled(0.5), filled(0.28), filled(0.86));
    let description =
        format!("{}, {}. {}", topic.tag, pick(random, topic.things), pick(random, topic.doings));
    let website = format!("https://{}.example.org", name.to_lowercase());
    let verified = chance(random, lean_on(0.07, lean.verified));
    let mut known = |share: f64| chance(random, share);
    Profile {
        created_at: known(0.97).then_some(created_at),
        username: known(0.99).then(|| format!("{}{}", name.to_lowercase(), created_at.rem_euclid(997))),
        display_name: known(0.98).then(|| filled_or_empty(has_name, &name)),
        description: known(0.93).then(|| filled_or_empty(has_description, &description)),
        location: known(0.9).then(|| filled_or_empty(has_location, persona.place)),
        website: known(0.9).then(|| filled_or_empty(has_website, &website)),
        has_avatar: known(0.95).then_some(has_avatar),
        is_verified: known(0.92).then_some(verified),
        followers: known(0.97).then_some(followers),
        following: known(0.97).then_some(following),
    }
}

/// Followers and followed accounts. Under preferential attachment an account's followers grow as a pure birth process
/// (Yule 1925), so that at a given age their number is geometric; age and a personal attractiveness set its mean.
fn connections(random: &mut Random, age_days: f64, lean: &Lean) -> (i64, i64) {
    let attractiveness = log_normal(random, 1.0, 1.0);
    let mean = 9.0 * age_days.sqrt() * attractiveness * lean.followers;
    let followers = geometric(random, mean);
    // Most people follow some of those who follow them, and others on top; few follow thousands.
    let own = log_normal(random, 140.0 * lean.following, 0.8);
    let returned = (followers as f64).powf(0.7) * random.random_range(0.3..1.2) * lean.following;
    (followers as i64, (own + returned).min(7_500.0) as i64)
}

fn name(random: &mut Random) -> String {
    let parts = random.random_range(2..5);
    let mut name: String = (0..parts).map(|_| pick(random, SYLLABLES)).collect();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}

fn filled_or_empty(filled: bool, text: &str) -> String {
    if filled { text.to_owned() } else { String::new() }
}
