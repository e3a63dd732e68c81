//! What somebody does at the pages, and what they see there.

use std::time::{Duration, Instant};

use crate::browser::Browser;
use crate::support::Served;

/// Somebody who has logged in.
pub struct Visit<'a> {
    pub browser: Browser,
    pub served: &'a Served,
}

impl<'a> Visit<'a> {
    pub fn new(served: &'a Served, holder: &str, role: &str) -> Self {
        let mut visit = Self { browser: Browser::start(), served };
        let token = served.token(holder, role);
        visit.open("/login");
        visit.browser.fill("#token", &token);
        visit.browser.enter();
        assert_eq!(visit.browser.place(), "/");
        visit
    }

    pub fn open(&mut self, target: &str) {
        self.browser.open(&format!("http://{}{target}", self.served.service.address));
    }

    /// Looks again and again at what the page does by itself, for half a minute.
    #[track_caller]
    pub fn wait_until(&mut self, condition: &str) {
        let begun = Instant::now();
        while !self.browser.holds(condition) {
            assert!(begun.elapsed() < Duration::from_secs(30), "{condition}\n{}", self.browser.text());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    #[track_caller]
    pub fn sees(&mut self, text: &str) {
        let seen = self.browser.text();
        assert!(seen.contains(text), "not seen: {text}\n{seen}");
    }
}
