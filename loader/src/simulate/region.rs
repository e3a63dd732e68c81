//! Where accounts live: languages, countries, clocks and networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rand::Rng;

use super::random::{Random, chance};

/// A part of the world.
#[derive(Debug)]
pub(super) struct Region {
    pub name: &'static str,
    /// Share of the accounts, relative to the other regions.
    pub weight: f64,
    /// Languages, the most frequent first.
    pub languages: &'static [&'static str],
    /// Two-letter codes of countries.
    pub countries: &'static [&'static str],
    pub places: &'static [&'static str],
    /// Offsets of the local clocks from UTC, whole hours.
    pub utc_hours: &'static [i64],
    /// Second byte of the region's addresses.
    network: u8,
}

pub(super) const REGIONS: [Region; 7] = [
    Region {
        name: "north_america",
        weight: 0.30,
        languages: &["en", "en", "en", "en", "es"],
        countries: &["US", "US", "US", "CA"],
        places: &["Portland", "Chicago", "Toronto", "Austin", "Boston", "somewhere in Ohio"],
        utc_hours: &[-5, -6, -7, -8],
        network: 16,
    },
    Region {
        name: "south_america",
        weight: 0.14,
        languages: &["pt", "es"],
        countries: &["BR", "AR", "CL", "CO"],
        places: &["São Paulo", "Córdoba", "Santiago", "Bogotá", "Recife"],
        utc_hours: &[-3, -4, -5],
        network: 32,
    },
    Region {
        name: "europe",
        weight: 0.26,
        languages: &["en", "de", "fr", "es", "en"],
        countries: &["GB", "DE", "FR", "ES", "IE"],
        places: &["Leeds", "Hamburg", "Lyon", "Sevilla", "Cork", "Berlin", "London"],
        utc_hours: &[0, 1, 1, 2],
        network: 48,
    },
    Region {
        name: "middle_east",
        weight: 0.07,
        languages: &["ar", "en"],
        countries: &["EG", "AE", "JO"],
        places: &["Cairo", "Amman", "Dubai"],
        utc_hours: &[2, 3, 4],
        network: 64,
    },
    Region {
        name: "africa",
        weight: 0.07,
        languages: &["en", "fr"],
        countries: &["NG", "KE", "SN", "ZA"],
        places: &["Lagos", "Nairobi", "Dakar", "Durban"],
        utc_hours: &[0, 1, 2, 3],
        network: 80,
    },
    Region {
        name: "east_asia",
        weight: 0.10,
        languages: &["ja", "en"],
        countries: &["JP", "JP", "SG"],
        places: &["Osaka", "Nagoya", "Singapore", "Tokyo"],
        utc_hours: &[9, 9, 8],
        network: 96,
    },
    Region {
        name: "oceania",
        weight: 0.06,
        languages: &["en"],
        countries: &["AU", "NZ"],
        places: &["Perth", "Hobart", "Wellington"],
        utc_hours: &[8, 10, 12],
        network: 112,
    },
];

impl Region {
    /// An address in the region: a private IPv4 or a documentation IPv6 one, so that it belongs to nobody.
    pub fn address(&self, random: &mut Random) -> IpAddr {
        let network = self.network + random.random_range(0..16);
        if chance(random, 0.2) {
            let [a, b, c]: [u16; 3] = random.random();
            IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, u16::from(network), a, 0, 0, b, c))
        } else {
            IpAddr::V4(Ipv4Addr::new(10, network, random.random(), random.random_range(1..255)))
        }
    }
}
